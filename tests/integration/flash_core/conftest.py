"""Real servers, and a way to put one of them out of reach."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

import pytest
from redis.asyncio import Redis

from flash_core.clients.redis import open_redis
from flash_core.testing.redis_keys import endless_keys


@pytest.fixture
async def bus(redis_url: str) -> AsyncIterator[Redis]:
    """The services' own client of an empty Redis."""
    async with open_redis(redis_url) as client:
        await client.flushall()
        yield client
        assert await endless_keys(client) == []


@dataclass
class Proxy:
    """A TCP proxy: `cut` ends its connections, `hold` keeps them open and lets nothing through."""

    target: tuple[str, int]
    port: int = 0
    _open: asyncio.Event = field(default_factory=asyncio.Event)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            inner_reader, inner_writer = await asyncio.open_connection(*self.target)
            self._writers |= {writer, inner_writer}
            await asyncio.gather(self._pipe(reader, inner_writer), self._pipe(inner_reader, writer))

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
        self._writers.discard(writer)

    def cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    def hold(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()


@pytest.fixture
async def redis_proxy(redis_url: str) -> AsyncIterator[Proxy]:
    """Stands between a client and Redis."""
    async for proxy in _proxied(redis_url):
        yield proxy


@pytest.fixture
async def postgres_proxy(postgres_url: str) -> AsyncIterator[Proxy]:
    """Stands between a client and PostgreSQL."""
    async for proxy in _proxied(postgres_url):
        yield proxy


async def _proxied(url: str) -> AsyncIterator[Proxy]:
    parts = urlsplit(url)
    proxy = Proxy((str(parts.hostname), int(parts.port or 0)))
    proxy.release()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.release()
        proxy.cut()


def through(proxy: Proxy, url: str) -> str:
    """`url`, by way of the proxy."""
    parts = urlsplit(url)
    credentials, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{credentials}{at}127.0.0.1:{proxy.port}"))
