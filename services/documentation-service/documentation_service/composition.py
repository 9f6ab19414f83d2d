"""Which implementation stands behind each interface. Nothing else may decide that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from documentation_service.config import Settings
from documentation_service.database.unit_of_work import SqlDocumentationTransaction
from documentation_service.services.aliases import Aliases
from documentation_service.services.calibrating import SourceCalibration
from documentation_service.services.chores import VectorChores
from documentation_service.services.discovery import AliasDiscovery
from documentation_service.services.expansion import AliasExpander
from documentation_service.services.library import Library
from documentation_service.services.live_index import IndexModelHealth, LiveIndex
from documentation_service.services.registry import DocumentRegistry
from documentation_service.services.search import DocumentSearch
from documentation_service.services.search_cache import CachedSearch
from documentation_service.services.stored import StoredDocuments
from flash_core.clients.embedding import EmbeddingModelsClient, RerankerClient
from flash_core.clients.vector import VectorStoreClient
from flash_core.composition import ServiceContainer, open_platform
from flash_core.database.context import open_database
from flash_core.interfaces.documents import StoredDocumentsInterface
from flash_core.interfaces.search import SearchInterface
from flash_core.utils.clock import SystemClock

_SHARE_OF_DEADLINE = 0.9
"""A call must end before the search stops waiting for it: only so it is known that the model is too slow."""
_SLOW_RERANKER_RESTS_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Container(ServiceContainer):
    """The object graph of one running documentation service."""

    search: SearchInterface
    library: Library
    registry: DocumentRegistry
    aliases: Aliases
    discovery: AliasDiscovery
    chores: VectorChores
    calibration: SourceCalibration
    stored: StoredDocumentsInterface


@asynccontextmanager
async def compose(settings: Settings | None = None) -> AsyncIterator[Container]:
    settings = settings or Settings()
    async with (
        open_platform(settings, "documentation") as platform,
        open_database(settings.database_url, pool_size=10) as database,
    ):
        transaction = partial(SqlDocumentationTransaction, database.sessions)
        reading = partial(SqlDocumentationTransaction, database.reading_sessions)
        vectors = VectorStoreClient(platform.http.sibling(settings.vector_url))
        embedding = platform.http.sibling(settings.embedding_url)
        models = EmbeddingModelsClient(embedding, seconds=settings.search_embed_seconds)
        index = LiveIndex(vectors, models)
        reranker = RerankerClient(
            platform.http.sibling(settings.embedding_url, open_seconds=_SLOW_RERANKER_RESTS_SECONDS),
            names=embedding,
            seconds=settings.search_rerank_seconds * _SHARE_OF_DEADLINE,
        )
        expander = AliasExpander(reading)
        search = DocumentSearch(reading, index, vectors, expander, reranker, settings.search)
        chores = VectorChores(transaction, vectors)
        yield Container(
            authenticator=platform.authenticator,
            idempotency=platform.idempotency,
            health=(*platform.health, database),
            optional_health=(IndexModelHealth(index, models),),
            search=CachedSearch(
                search, platform.single_flight, reading, index, reranker, settings=repr(settings.search)
            ),
            library=Library(transaction, chores),
            registry=DocumentRegistry(transaction, chores),
            aliases=Aliases(transaction, SystemClock()),
            discovery=AliasDiscovery(transaction),
            chores=chores,
            calibration=SourceCalibration(transaction, index, vectors, SystemClock()),
            stored=StoredDocuments(transaction),
        )
