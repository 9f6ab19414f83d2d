"""`AIProviderInterface` on a chat model behind HTTP: what the vendors' protocols have in common.

The streams are read and parsed here and not by the vendors' SDKs, which take several times the CPU for a token
(`docs/decisions/0008-model-streams.md`); a protocol is a small adapter (`openai_chat`, `anthropic_chat`).
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlsplit

import aiohttp
import msgspec
import stamina
import structlog

from flash_core.clients.retry_after import retry_after_seconds
from flash_core.errors import FlashError, UpstreamRejectedError, UpstreamUnavailableError
from flash_core.interfaces.ai_provider import AIProviderInterface, Finished, ModelCall, TextPiece, WritingRequest

log = structlog.get_logger(__name__)
_CONNECT_SECONDS = 5.0
_DRAIN_SECONDS = 0.05
_FIRST_PAUSE, _LONGEST_PAUSE, _JITTER = 0.25, 8.0, 0.25
_LONGEST_LINE = 1 << 20
_LONGEST_ERROR = 1 << 16
_CHARACTERS_A_TOKEN = 4
_OK, _BAD_REQUEST = 200, 400
_PASSING = frozenset({408, 409, 425, 429})
_FIRST_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class ChatModel:
    """Which model, where, and how long it is waited for. `tries` counts connections before the first text."""

    base_url: str
    api_key: str
    model: str
    first_token_seconds: float = 30.0
    idle_seconds: float = 15.0
    total_seconds: float = 180.0
    tries: int = 3


@dataclass(frozen=True, slots=True)
class SettingNames:
    """What the operator must look at when a server refuses."""

    key: str
    model: str
    url: str


class Reply(ABC):
    """A reply while it is read: the call's counts are kept up to date, `reason` is why the model stopped.

    `is_done` is the protocol's own sign of the end; `is_counted` once the server has said any number of tokens.
    """

    def __init__(self, call: ModelCall) -> None:
        self.call = call
        self.reason = ""
        self.is_done = False
        self.is_counted = False

    @abstractmethod
    def text_of(self, data: bytes) -> str:
        """The text in one event's data, maybe none. Raise `PassingError` when the server says that it failed and
        `msgspec.DecodeError` for what is not this protocol.
        """


class ChatProtocol(ABC):
    """A vendor's way to ask for a stream and to read it.

    `optional` names the parameters that some models refuse, and what they want instead.
    """

    name: ClassVar[str]
    settings: ClassVar[SettingNames]
    optional: ClassVar[Mapping[str, str | None]]

    @abstractmethod
    def url(self, base_url: str) -> str: ...

    @abstractmethod
    def headers(self, api_key: str) -> dict[str, str]: ...

    @abstractmethod
    def body(self, model: str, request: WritingRequest) -> dict[str, Any]: ...

    @abstractmethod
    def reply(self, call: ModelCall) -> Reply: ...

    @abstractmethod
    def refused_parameter(self, error: bytes) -> str | None:
        """The parameter that the body of a 400 complains of."""


class PassingError(UpstreamUnavailableError):
    """Worth another try, not before `retry_after` seconds where the server says so."""

    def __init__(self, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class ModelUnusableError(UpstreamRejectedError):
    """The key, the model's name or the address is wrong: no request succeeds until the operator changes that."""


@asynccontextmanager
async def open_chat_model(protocol: ChatProtocol, model: ChatModel) -> AsyncIterator["ChatModelProvider"]:
    """A provider with its own connections. The environment's proxy is used except for servers on this machine."""
    is_local = (urlsplit(model.base_url).hostname or "") in {"localhost", "127.0.0.1", "::1"}
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector, trust_env=not is_local) as session:
        yield ChatModelProvider(session, protocol, model)


class ChatModelProvider(AIProviderInterface):
    """Tries again with growing pauses, or after the server's `Retry-After`, as long as nothing was written and the
    time to the first text is not over. Messages name settings, never their values.
    """

    def __init__(self, session: aiohttp.ClientSession, protocol: ChatProtocol, model: ChatModel) -> None:
        self.name = protocol.name
        self._session = session
        self._protocol = protocol
        self._model = model
        self._refused: set[str] = set()

    async def stream(self, request: WritingRequest) -> AsyncIterator[TextPiece | Finished]:
        last_by = time.monotonic() + self._model.total_seconds
        reading = await self._begun(request)
        try:
            while reading.text:
                yield TextPiece(reading.text)
                await reading.advance(min(time.monotonic() + self._model.idle_seconds, last_by))
            yield await reading.finished()
        finally:
            reading.close()

    async def _begun(self, request: WritingRequest) -> "_Reading":
        """The first reply that gets as far as its first text, or to an end without any."""
        first_by = time.monotonic() + min(self._model.first_token_seconds, self._model.total_seconds)
        attempts = stamina.retry_context(
            on=partial(_pause, first_by),
            attempts=self._model.tries,
            timeout=None,
            wait_initial=_FIRST_PAUSE,
            wait_max=_LONGEST_PAUSE,
            wait_jitter=_JITTER,
        )
        async for attempt in attempts.with_name(f"model:{self.name}", (), {}):
            with attempt:
                reading = await self._tried(request, first_by)
        return reading

    async def _tried(self, request: WritingRequest, first_by: float) -> "_Reading":
        reading = _Reading(await self._opened(request, first_by), self._reply(request), request)
        try:
            await reading.advance(first_by)
        except BaseException:
            reading.close()
            raise
        return reading

    def _reply(self, request: WritingRequest) -> Reply:
        prompt = sum(len(turn.content) for turn in request.turns)
        return self._protocol.reply(ModelCall(self._model.model, self._model.model, prompt // _CHARACTERS_A_TOKEN))

    async def _opened(self, request: WritingRequest, first_by: float) -> aiohttp.ClientResponse:
        """The response to a request that the server accepts, asked without the parameters that it refuses."""
        while True:
            response = await self._posted(request, first_by)
            if response.status == _OK:
                return response
            async with response:
                refused = await self._refused_parameter(response)
                if refused is None:
                    raise _error_of(response, self._protocol.settings)
                log.info("model.parameter_refused", parameter=refused)
                self._refused.add(refused)

    async def _posted(self, request: WritingRequest, first_by: float) -> aiohttp.ClientResponse:
        protocol, model = self._protocol, self._model
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream", **protocol.headers(model.api_key)}
        body = msgspec.json.encode(_without(protocol.body(model.model, request), self._refused, protocol.optional))
        try:
            async with asyncio.timeout(max(0.0, first_by - time.monotonic())):
                return await self._session.post(protocol.url(model.base_url), data=body, headers=headers)
        except TimeoutError as error:
            raise PassingError("The model server did not begin to answer in time.") from error
        except aiohttp.InvalidURL as error:
            raise ModelUnusableError(f"{protocol.settings.url} is not the address of a server.") from error
        except aiohttp.ClientError as error:
            raise PassingError(f"The model server can't be reached ({type(error).__name__}).") from error

    async def _refused_parameter(self, response: aiohttp.ClientResponse) -> str | None:
        """An optional parameter that a 400 complains of, and that was still sent."""
        if response.status != _BAD_REQUEST:
            return None
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                parameter = self._protocol.refused_parameter(await response.content.read(_LONGEST_ERROR))
        except (msgspec.DecodeError, aiohttp.ClientError, TimeoutError):
            return None
        return parameter if parameter in set(self._protocol.optional) - self._refused else None


class _Reading:
    """One response, read as far as `text`: the newest piece, "" when the reply is over."""

    def __init__(self, response: aiohttp.ClientResponse, reply: Reply, request: WritingRequest) -> None:
        self._response = response
        self._reply = reply
        self._request = request
        self._rest = b""
        self._at_end = False
        self._is_billed = False
        self._written = 0
        self.text = ""

    def close(self) -> None:
        self._response.close()

    async def advance(self, until: float) -> None:
        """Read on until there is text again, or the end; `until` bounds the wait.

        Some servers leave the end marker out; one that also gave no reason to stop was cut off.
        """
        self.text = ""
        try:
            while not (self.text or self._reply.is_done or self._at_end):
                data = await self._read(until)
                self._at_end = not data
                self.text = "".join([self._text_of(line) for line in self._lines(data)])
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
        """The text of a server-sent event's line; events name their kind in their data, too."""
        if self._reply.is_done or not line.startswith(b"data:"):
            return ""
        try:
            return self._reply.text_of(line[5:].strip())
        except msgspec.DecodeError as error:
            raise PassingError("The model server sent something that is not the chat protocol.") from error

    def _count(self) -> None:
        """Put the call on the bill once it has written or was counted, and guess what the server has not said."""
        call = self._reply.call
        self._written += len(self.text)
        if call.estimated:
            call.completion_tokens = max(call.completion_tokens, self._written // _CHARACTERS_A_TOKEN)
        if not self._is_billed and (self.text or self._reply.is_counted):
            self._request.calls.append(call)
            self._is_billed = True


def _pause(first_by: float, error: Exception) -> bool | float:
    """Whether to try again: True after the usual pause, a number after so many seconds."""
    if not isinstance(error, PassingError):
        return False
    if error.retry_after is None:
        return time.monotonic() + _FIRST_PAUSE < first_by
    return error.retry_after if time.monotonic() + error.retry_after < first_by else False


def _without(body: dict[str, Any], refused: Collection[str], optional: Mapping[str, str | None]) -> dict[str, Any]:
    for name in refused:
        value, instead = body.pop(name), optional[name]
        if instead is not None:
            body[instead] = value
    return body


def _error_of(response: aiohttp.ClientResponse, settings: SettingNames) -> FlashError:
    status = response.status
    if status in _PASSING or status >= _FIRST_SERVER_ERROR:
        pause = retry_after_seconds(response.headers.get("Retry-After", ""), datetime.now(UTC))
        return PassingError(f"The model server is not ready ({status}).", pause)
    unusable = {
        401: f"The model server refuses the key (401). Check {settings.key}.",
        402: f"The model server asks for payment (402). Check the account of {settings.key}.",
        403: f"The model server does not let this key use the model (403). Check {settings.key} and {settings.model}.",
        404: f"The model server does not know the model or the path (404). Check {settings.model} and {settings.url}.",
    }
    if status in unusable:
        return ModelUnusableError(unusable[status])
    return UpstreamRejectedError(
        f"The model server does not accept the request ({status}). Check {settings.model} and the server's limits."
    )
