"""Reading from other people's REST servers: at their pace, again where it may help, with words where it does not."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx2
import orjson

from flash_core.errors import UpstreamUnavailableError
from indexing_service.interfaces.providers import SourceAwayError
from indexing_service.providers.rest_errors import refusal
from indexing_service.providers.rest_pace import Pace, Timing

_TRIES: Final = 5
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 16.0
_NOT_REACHED: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError)


@dataclass(frozen=True, slots=True)
class RestResponse:
    """`headers` are found whatever their case; `content` and `text` are unpacked. Status: below 300, or 304."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    text: str

    def json(self) -> Any:
        """`UpstreamUnavailableError` if it is none: an answer that was cut off, or a server that is broken."""
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError as error:
            raise UpstreamUnavailableError("The server's answer is not the JSON that was asked for.") from error


class RestClient:
    """One server. Every request, also a POST, must be one that may be repeated without harm.

    At most `per_second` requests are begun; `Retry-After`, on whatever answer, holds back all that follow, and a quota
    that runs out (`X-RateLimit-…`) slows them down. Throttling, servers' failures and broken connections are tried
    again, at most five times within `seconds`. Then it is `UpstreamUnavailableError`, `SourceAwayError` if the server
    is not reached, throttles, or wants to be left alone for longer; `NotFoundError` for 404 and 410;
    `UpstreamRejectedError`, saying what to do, for any other refusal and for a sign-in page in an answer's place;
    `TooLargeError` as `open_outgoing` says.
    """

    def __init__(
        self,
        http: httpx2.AsyncClient,
        *,
        per_second: float | None = None,
        seconds: float = 60,
        timing: Timing | None = None,
    ) -> None:
        self._http = http
        self._seconds = seconds
        self._timing = timing or Timing()
        self._pace = Pace(self._timing, per_second)

    async def get(
        self, path: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> RestResponse:
        return await self._repeated("GET", path, {"params": params, "headers": headers})

    async def post(self, path: str, *, json: Any) -> RestResponse:
        return await self._repeated("POST", path, {"json": json})

    async def _repeated(self, method: str, path: str, options: Mapping[str, Any]) -> RestResponse:
        deadline = self._timing.monotonic() + self._seconds
        tries = 0
        while True:
            await self._pace.turn(deadline)
            try:
                return await self._once(method, path, options, deadline)
            except UpstreamUnavailableError:
                tries += 1
                pause = self._timing.jitter(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**tries))
                if tries == _TRIES or self._timing.monotonic() + pause > deadline:
                    raise
            await self._timing.sleep(pause)

    async def _once(self, method: str, path: str, options: Mapping[str, Any], deadline: float) -> RestResponse:
        host = self._http.base_url.host
        try:
            async with asyncio.timeout(deadline - self._timing.monotonic()):
                answer = await self._http.request(method, path, **options)
        except TimeoutError as error:
            raise UpstreamUnavailableError(f"{host} did not answer in time.") from error
        except httpx2.HTTPError as error:
            away = SourceAwayError if isinstance(error, _NOT_REACHED) else UpstreamUnavailableError
            raise away(f"{host} can't be reached ({type(error).__name__}).") from error
        except UpstreamUnavailableError as error:  # of what comes before the question: its name, a token
            raise SourceAwayError(str(error)) from error
        self._pace.heard(answer.headers)
        if refused := refusal(answer):
            raise refused
        return RestResponse(answer.status_code, answer.headers, answer.content, answer.text)
