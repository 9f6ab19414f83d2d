"""A small model server for tests, in OpenAI's protocol and in Anthropic's: streams, refuses, hangs, cuts off, obeys.

In a test: `async with running_model_server() as server: server.behave(status=429, times=2)`. As a process:
`python -m flash_core.testing.model_server --port N`, told what to do by `PUT /behaviour` with the same fields.
It writes what it was told to, else a sentence of the first passage with its marker, else an echo of the question.
Told to `obey`, it writes what its input tells it to after "SAY:", up to the end of that paragraph or passage: the model
that any hidden instruction wins over.
"""

import argparse
import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

from aiohttp import web

from flash_core.testing.model_wires import WIRES, Body, Wire

_PASSAGE = re.compile(r'<passage number="(\d+)"[^>]*>\n(.*?)\n</passage>', re.DOTALL)
_QUESTION = re.compile(r"Question: (.*)\Z", re.DOTALL)
_SENTENCE = re.compile(r"[^.!?]+[.!?]")
_ORDER = re.compile(r"SAY:[ \t]*(.+?)(?=\n\s*\n|\n?</passage>|\Z)", re.DOTALL)
_OK = 200


@dataclass(frozen=True)
class Behaviour:
    """What the server does to the next `times` requests (None: to all until told otherwise).

    `status` other than 200 refuses with that code; `first_seconds` and `token_seconds` are pauses; `hang_after`,
    `cut_after`, `garbage_after`, `error_after` and `stop_after` count tokens, after which the stream stays open and
    silent, breaks off, becomes nonsense, says that it has failed, or ends without a sign that it is complete.
    `reason` is why the model stops, in its protocol's words; `raw` is sent in place of a stream, as Latin-1.
    `refuses` names a parameter that earns a 400, `key` the only key that is let in; without `usage` no tokens are
    counted.
    """

    text: str | None = None
    status: int = _OK
    retry_after: str | None = None
    first_seconds: float = 0.0
    token_seconds: float = 0.0
    hang_after: int | None = None
    cut_after: int | None = None
    garbage_after: int | None = None
    error_after: int | None = None
    stop_after: int | None = None
    reason: str | None = None
    raw: str | None = None
    refuses: str | None = None
    key: str | None = None
    usage: bool = True
    obey: bool = False
    times: int | None = None


class ModelServer:
    """`requests` are the bodies received, oldest first; `disconnects` counts readers who left before the end,
    `connections` those that brought requests.

    `base_url` is what OPENAI_BASE_URL wants (it ends with `/v1`), `root_url` what ANTHROPIC_BASE_URL wants.
    """

    def __init__(self) -> None:
        self.base_url = ""
        self.requests: list[dict[str, Any]] = []
        self.disconnects = 0
        self._peers: set[object] = set()
        self._behaviours: list[Behaviour] = []

    @property
    def root_url(self) -> str:
        return self.base_url.removesuffix("/v1")

    @property
    def connections(self) -> int:
        return len(self._peers)

    def behave(self, **wanted: Any) -> None:
        """Behave like this from the next request on, before anything that was asked for earlier."""
        self._behaviours.insert(0, Behaviour(**wanted))

    def application(self) -> web.Application:
        app = web.Application(client_max_size=1 << 24)
        for wire in WIRES:
            app.router.add_post(wire.path, partial(self._complete, wire))
        app.router.add_get("/v1/models", self._models)
        app.router.add_put("/behaviour", self._set_behaviour)
        return app

    async def _set_behaviour(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        known = {field.name for field in fields(Behaviour)}
        if not isinstance(wanted, dict) or not set(wanted) <= known:
            return web.json_response({"error": f"known: {sorted(known)}"}, status=400)
        self.behave(**wanted)
        return web.json_response({})

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "test-model", "object": "model"}]})

    async def _complete(self, wire: Wire, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        self._peers.add(request.transport and request.transport.get_extra_info("peername"))
        now = self._next()
        refusal = _refusal(wire, now, body, request)
        if refusal is not None:
            return refusal
        text = now.text if now.text is not None else _reply_to(wire.texts(body), obey=now.obey)
        if not body.get("stream"):
            await asyncio.sleep(now.first_seconds)
            return web.json_response(wire.whole(body, text))
        return await self._stream(wire, request, body, now, text)

    def _next(self) -> Behaviour:
        if not self._behaviours:
            return Behaviour()
        now = self._behaviours[0]
        if now.times is not None:
            self._behaviours[0] = replace(now, times=now.times - 1)
            if now.times <= 1:
                self._behaviours.pop(0)
        return now

    async def _stream(
        self, wire: Wire, request: web.Request, body: Body, now: Behaviour, text: str
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            await asyncio.sleep(now.first_seconds)
            if now.raw is not None:
                await response.write(now.raw.encode("latin-1"))
                return response
            await response.write(wire.opening(body, usage=now.usage))
            for event in _events(wire, request, body, now, text):
                await response.write(event)
                await asyncio.sleep(now.token_seconds)
                if event is _SILENCE:
                    await asyncio.Event().wait()
        except (ConnectionError, asyncio.CancelledError):
            self.disconnects += 1
            raise
        return response


_SILENCE = b""


def _events(wire: Wire, request: web.Request, body: Body, now: Behaviour, text: str) -> Iterator[bytes]:
    tokens = re.findall(r"\s*\S+|\s+\Z", text)
    for count, token in enumerate(tokens):
        if count == now.hang_after:
            yield _SILENCE
        if count == now.cut_after and request.transport is not None:
            request.transport.abort()
        if count == now.garbage_after:
            yield b"data: {nonsense\n\n"
        if count == now.error_after:
            yield wire.failure()
            return
        if count == now.stop_after:
            return
        yield wire.token(body, token)
    yield wire.closing(body, len(tokens), usage=now.usage, reason=now.reason)


def _refusal(wire: Wire, now: Behaviour, body: Body, request: web.Request) -> web.Response | None:
    if now.key is not None and wire.key_of(request.headers) != now.key:
        return web.json_response(wire.error(401, "Incorrect API key"), status=401)
    if now.refuses is not None and now.refuses in body:
        return web.json_response(wire.error(400, "Unsupported", now.refuses), status=400)
    complaint = wire.complaint(request.headers, body)
    if complaint is not None:
        return web.json_response(wire.error(400, complaint), status=400)
    if now.status != _OK:
        headers = {"Retry-After": now.retry_after} if now.retry_after is not None else {}
        return web.json_response(wire.error(now.status, "As told"), status=now.status, headers=headers)
    return None


def _reply_to(texts: list[str], *, obey: bool) -> str:
    orders = [order for text in texts for order in _ORDER.findall(text)] if obey else []
    if orders:
        return "\n\n".join(orders)
    asked = texts[-1]
    passage = _PASSAGE.search(asked)
    if passage is not None:
        sentence = _SENTENCE.search(passage[2].replace("\n", " "))
        return f"{(sentence[0] if sentence else passage[2]).strip()} [{passage[1]}]"
    question = _QUESTION.search(asked)
    return f"You asked: {question[1] if question else asked}"


@asynccontextmanager
async def running_model_server(port: int = 0) -> AsyncIterator[ModelServer]:
    """Listening on loopback."""
    server = ModelServer()
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        server.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield server
    finally:
        await runner.cleanup()


async def _serve(port: int) -> None:
    async with running_model_server(port) as server:
        print(server.base_url, flush=True)  # noqa: T201  # the process' one line: where it listens
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="port on loopback (default: a free one)")
    asyncio.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
