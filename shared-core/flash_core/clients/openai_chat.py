"""`AIProviderInterface` on any server that speaks OpenAI's chat protocol (OpenAI, Azure, vLLM, Ollama, llama.cpp).

The stream is read and parsed here: a token costs about a tenth of the CPU that the vendor's SDK takes for it.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import msgspec
import structlog

from flash_core.errors import FlashError, UpstreamRejectedError, UpstreamUnavailableError
from flash_core.interfaces.ai_provider import AIProviderInterface, Finished, TextPiece, WritingRequest

log = structlog.get_logger(__name__)
_CONNECT_SECONDS = 5.0
_FIRST_PAUSE = 0.25
_LONGEST_LINE = 1 << 20
_LONGEST_ERROR = 1 << 16
_OK, _BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _UNPROCESSABLE = 200, 400, 401, 403, 404, 422
_REJECTED = {
    _BAD_REQUEST: "The model server does not accept the request (400). Check AI_MAIN_MODEL and the server's limits.",
    _UNAUTHORIZED: "The model server does not accept the key (401). Check OPENAI_API_KEY.",
    _FORBIDDEN: "The model server does not allow this key to use the model (403). Check OPENAI_API_KEY.",
    _NOT_FOUND: "The model server does not know the model or the path (404). Check AI_MAIN_MODEL and OPENAI_BASE_URL.",
    _UNPROCESSABLE: "The model server does not accept the request (422). Check AI_MAIN_MODEL and the server's limits.",
}
_PASSING = frozenset({408, 409, 425, 429})
_FIRST_SERVER_ERROR = 500
_OPTIONAL = {"temperature": None, "stream_options": None, "max_tokens": "max_completion_tokens"}
"""Parameters that some models refuse, and what they want instead."""


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


class _Delta(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    delta: _Delta = msgspec.field(default_factory=_Delta)
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Chunk(msgspec.Struct):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    model: str = ""
    error: msgspec.Raw | None = None


class _Refused(msgspec.Struct):
    param: str | None = None


class _ErrorBody(msgspec.Struct):
    error: _Refused = msgspec.field(default_factory=_Refused)


_decode_chunk = msgspec.json.Decoder(_Chunk).decode
_decode_error = msgspec.json.Decoder(_ErrorBody).decode


class _PassingError(UpstreamUnavailableError):
    """Worth another try, not before `retry_after` seconds."""

    def __init__(self, detail: str, retry_after: float = 0.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


@asynccontextmanager
async def open_chat_model(model: ChatModel) -> AsyncIterator["OpenAIChatProvider"]:
    """A provider with its own connections. The environment's proxy is used except for servers on this machine."""
    is_local = (urlsplit(model.base_url).hostname or "") in {"localhost", "127.0.0.1", "::1"}
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector, trust_env=not is_local) as session:
        yield OpenAIChatProvider(session, model)


class OpenAIChatProvider(AIProviderInterface):
    """Tries again with growing pauses, or after the server's `Retry-After`, as long as nothing was written and the
    time to the first text is not over. Messages name settings, never their values.
    """

    name = "openai"

    def __init__(self, session: aiohttp.ClientSession, model: ChatModel) -> None:
        self._session = session
        self._model = model
        self._url = f"{model.base_url.rstrip('/')}/chat/completions"
        self._refused: set[str] = set()

    async def stream(self, request: WritingRequest) -> AsyncIterator[TextPiece | Finished]:
        started = time.monotonic()
        first_by = started + min(self._model.first_token_seconds, self._model.total_seconds)
        for turn in range(1, self._model.tries + 1):
            written = False
            try:
                async with aclosing(self._once(request, started, first_by)) as items:
                    async for item in items:
                        written = True
                        yield item
            except _PassingError as error:
                pause = max(error.retry_after, _FIRST_PAUSE * 2 ** (turn - 1))
                if written or turn == self._model.tries or time.monotonic() + pause >= first_by:
                    raise
                log.warning("model.retried", turn=turn, pause=pause, reason=str(error))
            else:
                return
            await asyncio.sleep(pause)

    async def _once(
        self, request: WritingRequest, started: float, first_by: float
    ) -> AsyncGenerator[TextPiece | Finished]:
        last_by = started + self._model.total_seconds
        response = await self._opened(request, first_by)
        reply, lines, wait_until = _Reply(self._model.model), _Lines(), first_by
        try:
            while not reply.is_done:
                data = await _read(response, wait_until)
                text = "".join([reply.text_of(line) for line in lines.feed(data)])
                if text:
                    yield TextPiece(text)
                    wait_until = min(time.monotonic() + self._model.idle_seconds, last_by)
                if not data:
                    break
            yield reply.finished()
        finally:
            response.close()

    async def _opened(self, request: WritingRequest, first_by: float) -> aiohttp.ClientResponse:
        """The response to a request that the server accepts, asked without the parameters that it refuses."""
        for _ in range(len(_OPTIONAL) + 1):
            response = await self._posted(request, first_by)
            if response.status == _OK:
                return response
            async with response:
                refused = await _refused_parameter(response)
                if refused is None or refused in self._refused:
                    raise _error_of(response)
                log.info("model.parameter_refused", parameter=refused)
                self._refused.add(refused)
        raise UpstreamRejectedError(_REJECTED[_BAD_REQUEST])

    async def _posted(self, request: WritingRequest, first_by: float) -> aiohttp.ClientResponse:
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if self._model.api_key:
            headers["Authorization"] = f"Bearer {self._model.api_key}"
        try:
            async with asyncio.timeout(max(0.0, first_by - time.monotonic())):
                return await self._session.post(self._url, data=self._body(request), headers=headers)
        except TimeoutError as error:
            raise _PassingError("The model server did not begin to answer in time.") from error
        except aiohttp.InvalidURL as error:
            raise UpstreamRejectedError("OPENAI_BASE_URL is not the address of a server.") from error
        except aiohttp.ClientError as error:
            raise _PassingError(f"The model server can't be reached ({type(error).__name__}).") from error

    def _body(self, request: WritingRequest) -> bytes:
        body: dict[str, object] = {
            "model": self._model.model,
            "messages": [{"role": turn.role, "content": turn.content} for turn in request.turns],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
        }
        for name in self._refused:
            value, instead = body.pop(name), _OPTIONAL[name]
            if instead is not None:
                body[instead] = value
        return msgspec.json.encode(body)


class _Lines:
    """Server-sent events' lines out of pieces of any size."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are complete now; at the end of the data (`b""`) what is left counts as one."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop() if data else b""
        if len(self._rest) > _LONGEST_LINE:
            raise UpstreamUnavailableError("The model server sent a line without an end.")
        return lines


class _Reply:
    """What is known of a reply while it is read."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._usage = _Usage()
        self._reason = ""
        self.is_done = False

    def text_of(self, line: bytes) -> str:
        """The text that a line carries; everything else in it is kept for the end."""
        if self.is_done or not line.startswith(b"data:"):
            return ""
        data = line[5:].strip()
        if data == b"[DONE]":
            self.is_done = True
            return ""
        try:
            chunk = _decode_chunk(data)
        except msgspec.DecodeError as error:
            raise _PassingError("The model server sent something that is not the chat protocol.") from error
        if chunk.error is not None:
            raise _PassingError("The model server failed while it wrote.")
        self._model, self._usage = chunk.model or self._model, chunk.usage or self._usage
        if not chunk.choices:
            return ""
        choice = chunk.choices[0]
        self._reason = choice.finish_reason or self._reason
        return choice.delta.content or ""

    def finished(self) -> Finished:
        """Some servers leave the end marker out; one that also gave no reason to stop was cut off."""
        if not self.is_done and not self._reason:
            raise _PassingError("The model server stopped in the middle of the text.")
        usage = self._usage
        return Finished(self._model, usage.prompt_tokens, usage.completion_tokens, {"finish_reason": self._reason})


async def _read(response: aiohttp.ClientResponse, until: float) -> bytes:
    """The next bytes, `b""` at the end."""
    try:
        async with asyncio.timeout(max(0.0, until - time.monotonic())):
            return await response.content.readany()
    except TimeoutError as error:
        raise _PassingError("The model server paused for too long.") from error
    except aiohttp.ClientError as error:
        raise _PassingError(f"The connection to the model server broke ({type(error).__name__}).") from error


async def _refused_parameter(response: aiohttp.ClientResponse) -> str | None:
    """The optional parameter that a 400 complains of."""
    if response.status != _BAD_REQUEST:
        return None
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            body = await response.content.read(_LONGEST_ERROR)
        parameter = _decode_error(body).error.param
    except (msgspec.DecodeError, aiohttp.ClientError, TimeoutError):
        return None
    return parameter if parameter in _OPTIONAL else None


def _error_of(response: aiohttp.ClientResponse) -> FlashError:
    status = response.status
    if status in _PASSING or status >= _FIRST_SERVER_ERROR:
        return _PassingError(f"The model server is not ready ({status}).", _retry_after(response))
    return UpstreamRejectedError(_REJECTED.get(status, f"The model server refuses the request ({status})."))


def _retry_after(response: aiohttp.ClientResponse) -> float:
    """Seconds; the header's other form, a date, is treated as unknown."""
    value = response.headers.get("Retry-After", "").strip()
    return float(value) if value.isascii() and value.isdigit() else 0.0
