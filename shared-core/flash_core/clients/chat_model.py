"""`AIProviderInterface` on a chat model behind HTTP: what the vendors' protocols have in common.

The streams are read and parsed here and not by the vendors' SDKs, which take several times the CPU for a token
(`docs/decisions/0008-model-streams.md`); a protocol is a small adapter (`openai_chat`, `anthropic_chat`).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
import stamina
import structlog

from flash_core.clients.chat_protocol import (
    UNREADABLE,
    ChatProtocol,
    ModelUnusableError,
    PassingError,
    Reply,
    SettingNames,
)
from flash_core.clients.chat_reading import Reading
from flash_core.clients.retry_after import retry_after_seconds
from flash_core.errors import FlashError, UpstreamRejectedError
from flash_core.interfaces.ai_provider import AIProviderInterface, Finished, ModelCall, TextPiece, WritingRequest
from flash_core.utils.token_count import token_weight

log = structlog.get_logger(__name__)
_CONNECT_SECONDS = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE, _JITTER = 0.25, 8.0, 0.25
_LONGEST_ERROR = 1 << 16
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

    async def _begun(self, request: WritingRequest) -> Reading:
        """The first reply that gets as far as its first text."""
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

    async def _tried(self, request: WritingRequest, first_by: float) -> Reading:
        reading = Reading(await self._opened(request, first_by), self._reply(request), request)
        try:
            await reading.begin(first_by)
        except BaseException:
            reading.close()
            raise
        return reading

    def _reply(self, request: WritingRequest) -> Reply:
        prompt = int(sum(token_weight(turn.content) for turn in request.turns))
        return self._protocol.reply(ModelCall(self._model.model, self._model.model, prompt))

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
        except (*UNREADABLE, aiohttp.ClientError, TimeoutError):
            return None
        return parameter if parameter in set(self._protocol.optional) - self._refused else None


def _pause(first_by: float, error: Exception) -> bool | float:
    """Whether to try again: True after the usual pause, a number after so many seconds."""
    if not isinstance(error, PassingError):
        return False
    if error.retry_after is None:
        return time.monotonic() + _FIRST_PAUSE < first_by
    return error.retry_after if time.monotonic() + error.retry_after < first_by else False


def _without(body: dict[str, Any], refused: Collection[str], optional: Mapping[str, str | None]) -> dict[str, Any]:
    for name in body.keys() & set(refused):
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
