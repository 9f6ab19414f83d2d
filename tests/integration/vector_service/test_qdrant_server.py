"""A Qdrant server's failures, in this service's terms; what it does when it works is in the engines' contract."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from qdrant_client import AsyncQdrantClient, models

from flash_core.errors import (
    ConflictError,
    FlashError,
    InvalidInputError,
    NotFoundError,
    UpstreamUnavailableError,
)
from vector_service.composition import open_engine
from vector_service.config import Settings
from vector_service.providers.qdrant import QdrantVectorEngine, open_qdrant_engine


@asynccontextmanager
async def answering(status: int) -> AsyncIterator[str]:
    """The address of a server that answers every request in the same way."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} No\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InvalidInputError),
        (404, NotFoundError),
        (409, ConflictError),
        (403, UpstreamUnavailableError),
        (500, UpstreamUnavailableError),
    ],
)
async def test_refusals_are_told_apart(status: int, error: type[FlashError]) -> None:
    async with answering(status) as url, open_qdrant_engine(url, api_key="") as engine:
        with pytest.raises(error, match=str(status)):
            await engine.delete("chunks", ())


async def test_a_server_that_is_away_is_unavailable(tmp_path: Path) -> None:
    settings = Settings(internal_key="k" * 32, qdrant_url="http://127.0.0.1:1", vector_path=tmp_path / "unused")
    async with open_engine(settings) as engine:
        with pytest.raises(UpstreamUnavailableError, match="Qdrant does not answer"):
            await engine.check()
    assert not (tmp_path / "unused").exists()


async def test_a_strangers_collection_is_not_taken_for_ours() -> None:
    client = AsyncQdrantClient(":memory:")
    await client.create_collection("chunks", models.VectorParams(size=4, distance=models.Distance.COSINE))
    with pytest.raises(UpstreamUnavailableError, match="not made by this service"):
        await QdrantVectorEngine(client).describe("chunks")
