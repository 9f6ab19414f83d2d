"""Every engine that the contracts are tried on."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from qdrant_client import AsyncQdrantClient

from tests.unit.vector_service.fakes import FakeVectorEngine
from vector_service.interfaces import VectorEngineInterface
from vector_service.providers.edge.engine import open_edge_engine
from vector_service.providers.qdrant import QdrantVectorEngine

SERVER = os.environ.get("QDRANT_TEST_URL", "")
ENGINES = ["fake", "edge", "qdrant-local", *(["qdrant-server"] if SERVER else [])]


@asynccontextmanager
async def opened(kind: str, folder: Path) -> AsyncIterator[VectorEngineInterface]:
    """An empty engine. The client's own local mode stands in for a server where none is given."""
    match kind:
        case "fake":
            yield FakeVectorEngine()
        case "edge":
            async with open_edge_engine(folder, index_from=1_000_000) as engine:
                yield engine
        case _:
            client = AsyncQdrantClient(url=SERVER) if kind == "qdrant-server" else AsyncQdrantClient(":memory:")
            for one in (await client.get_collections()).collections:
                await client.delete_collection(one.name)
            yield QdrantVectorEngine(client)
            await client.close()
