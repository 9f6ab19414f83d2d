"""The stream of one reply: server-sent events out of an HTTP response, within time limits, with what they cost."""

import asyncio
import time
from contextlib import suppress

import aiohttp

from flash_core.clients.chat_protocol import UNREADABLE, PassingError, Reply
from flash_core.clients.thoughts import Thoughts
from flash_core.errors import UpstreamUnavailableError
from flash_core.interfaces.ai_provider import Finished, WritingRequest
from flash_core.utils.token_count import token_weight

_DRAIN_SECONDS = 0.05
_LONGEST_LINE = 1 << 20


class Reading:
    """One response, read as far as `text`: the newest piece, "" when the reply is over. Thoughts are no text."""

    def __init__(self, response: aiohttp.ClientResponse, reply: Reply, request: WritingRequest) -> None:
        self._response = response
        self._reply = reply
        self._request = request
        self._rest = b""
        self._at_end = False
        self._is_billed = False
        self._written = 0.0
        self._thoughts = Thoughts()
        self.text = ""

    def close(self) -> None:
        self._response.close()

    async def begin(self, until: float) -> None:
        """Read the first piece of text. A reply without any is no answer, and another try would bring the same."""
        await self.advance(until)
        if not self.text:
            raise UpstreamUnavailableError(f"The model wrote no text ({self._reply.reason or 'no reason given'}).")

    async def advance(self, until: float) -> None:
        """Read on until there is text again, or the end; `until` bounds the wait.

        Some servers leave the end marker out; one that also gave no reason to stop was cut off.
        """
        self.text = ""
        try:
            while not (self.text or self._is_over):
                data = await self._read(until)
                self._at_end = not data
                self.text = "".join([self._text_of(line) for line in self._lines(data)])
                if self._is_over:
                    self.text += self._thoughts.close()
        finally:
            self._count()
        if not (self.text or self._reply.is_done or self._reply.reason):
            raise PassingError("The model server stopped in the middle of the text.")

    async def finished(self) -> Finished:
        """What the server still sends is read if it comes at once: only then can the connection be used again."""
        with suppress(TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                await self._response.read()
        call = self._reply.call
        return Finished(call.model, call.prompt_tokens, call.completion_tokens, {"finish_reason": self._reply.reason})

    @property
    def _is_over(self) -> bool:
        return self._reply.is_done or self._at_end

    async def _read(self, until: float) -> bytes:
        try:
            async with asyncio.timeout(max(0.0, until - time.monotonic())):
                return await self._response.content.readany()
        except TimeoutError as error:
            raise PassingError("The model server paused for too long.") from error
        except aiohttp.ClientError as error:
            raise PassingError(f"The connection to the model server broke ({type(error).__name__}).") from error

    def _lines(self, data: bytes) -> list[bytes]:
        """The lines that are complete now; at the end of the data (`b""`) what is left counts as one."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop() if data else b""
        if len(self._rest) > _LONGEST_LINE:
            raise UpstreamUnavailableError("The model server sent a line without an end.")
        return lines

    def _text_of(self, line: bytes) -> str:
        """The text of a server-sent event's line; events name their kind in their data, too.

        Once the model has given its reason to stop, nothing that can't be read takes away what it has written.
        """
        data = line[5:].strip() if line.startswith(b"data:") else b""
        if self._reply.is_done or not data:
            return ""
        try:
            text = self._reply.text_of(data)
        except UNREADABLE as error:
            if self._reply.reason:
                return ""
            raise PassingError("The model server sent something that is not the chat protocol.") from error
        self._written += token_weight(text)
        return self._thoughts.feed(text)

    def _count(self) -> None:
        """Put the call on the bill once it has written or was counted, and guess what the server has not said."""
        call = self._reply.call
        if call.estimated:
            call.completion_tokens = max(call.completion_tokens, int(self._written))
        if not self._is_billed and (self._written or self._reply.is_counted):
            self._request.calls.append(call)
            self._is_billed = True
