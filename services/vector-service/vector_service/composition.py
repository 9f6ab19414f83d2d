"""Which implementation stands behind each interface of the vector service."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from flash_core.composition import ServiceContainer, open_platform
from flash_core.interfaces.vector_store import VectorStoreInterface
from vector_service.config import Settings
from vector_service.interfaces import VectorEngineInterface
from vector_service.providers.edge.engine import open_edge_engine
from vector_service.services.engine_health import EngineHealth
from vector_service.services.hybrid_store import HybridVectorStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Container(ServiceContainer):
    """The object graph of one running vector service."""

    vectors: VectorStoreInterface


@asynccontextmanager
async def compose(settings: Settings | None = None) -> AsyncIterator[Container]:
    settings = settings or Settings()
    async with open_engine(settings) as engine, open_platform(settings, "vector") as platform:
        yield Container(
            vectors=HybridVectorStore(engine),
            authenticator=platform.authenticator,
            idempotency=platform.idempotency,
            health=(EngineHealth(engine),),
        )


def open_engine(settings: Settings) -> AbstractAsyncContextManager[VectorEngineInterface]:
    """A Qdrant server where one is named, else the engine in this process."""
    if settings.qdrant_url:
        from vector_service.providers.qdrant import open_qdrant_engine  # noqa: PLC0415  # 46 MB, only where needed

        return open_qdrant_engine(settings.qdrant_url, api_key=settings.qdrant_api_key.get_secret_value())
    return open_edge_engine(settings.vector_path, index_from=settings.vector_index_from)
