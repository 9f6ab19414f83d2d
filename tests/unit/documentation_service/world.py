"""Sources, documents and people of the tests, and ways to bring them in."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4, uuid5

from documentation_service.config import SearchSettings
from documentation_service.interfaces import QueryExpanderInterface, Source, TransactionFactory
from documentation_service.services.expansion import AliasExpander
from documentation_service.services.live_index import LiveIndex
from documentation_service.services.search import DocumentSearch
from flash_core.interfaces.embedding import EmbeddingModel, EmbeddingModelsInterface, EmbeddingProviderInterface
from flash_core.interfaces.reranker import RerankerInterface
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.models.document import EVERYONE, Document
from flash_core.models.user import Principal, UserRole
from flash_core.models.vector import CHUNKS, ChunkPoint
from flash_core.testing.cross_encoders import FakeReranker
from flash_core.utils.ids import new_id

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass
class OnlyModel(EmbeddingModelsInterface):
    """One provider, under whatever name it is asked for."""

    provider: EmbeddingProviderInterface

    async def models(self) -> list[EmbeddingModel]:
        return [await self.provider.model()]

    def named(self, name: str) -> EmbeddingProviderInterface:  # there is one only
        return self.provider


def index_of(vectors: VectorStoreInterface, embeddings: EmbeddingProviderInterface) -> LiveIndex:
    return LiveIndex(vectors, OnlyModel(embeddings))


def search_of(
    transaction: TransactionFactory,
    embeddings: EmbeddingProviderInterface,
    vectors: VectorStoreInterface,
    *,
    expander: QueryExpanderInterface | None = None,
    reranker: RerankerInterface | None = None,
    settings: SearchSettings | None = None,
) -> DocumentSearch:
    """Without a reranker, and with the aliases of the database, unless others are given."""
    return DocumentSearch(
        transaction,
        index_of(vectors, embeddings),
        vectors,
        expander or AliasExpander(transaction),
        reranker or FakeReranker(model=None),
        settings or SearchSettings(),
    )


def person(*groups: str, roles: Sequence[UserRole] = (UserRole.USER,)) -> Principal:
    return Principal(uuid4(), frozenset(roles), frozenset(groups))


def source(*groups: str, name: str = "Handbook") -> Source:
    return Source(new_id(), name, "folder", frozenset(groups))


def document(  # a document has many sides
    place: UUID,
    of: Source,
    text: str,
    *groups: str,
    external_id: str = "page.md",
    title: str = "Page",
    updated_at: datetime = NOON,
) -> Document:
    content_hash = hashlib.sha256(f"{title}\n{text}".encode()).hexdigest()
    return Document(
        place, of.id, external_id, title, ("guides",), None, text, frozenset(groups), content_hash, updated_at
    )


async def published(  # a document has many sides
    transaction: TransactionFactory,
    of: Source,
    text: str,
    *groups: str,
    external_id: str = "page.md",
    title: str = "Page",
    updated_at: datetime = NOON,
) -> Document:
    """The source and the document as rows, without vectors."""
    async with transaction() as work:
        await work.sources.put(of)
        [place] = await work.documents.resolve(of.id, [external_id])
        live = document(
            place.document_id, of, text, *groups, external_id=external_id, title=title, updated_at=updated_at
        )
        assert await work.documents.publish(live)
        await work.commit()
    return live


async def embedded(
    vectors: VectorStoreInterface, embeddings: EmbeddingProviderInterface, live: Document, of: Source, *passages: str
) -> None:
    """The document's passages in the vector store, as indexing puts them there; the whole text if none are given."""
    model = await embeddings.model()
    await vectors.ensure(CHUNKS, dimension=model.dimension, model=model.name)
    texts = passages or (live.text,)
    rows = await embeddings.embed([f"{live.title}\n{text}" for text in texts])
    await vectors.upsert(
        CHUNKS, [_point(live, of, at, text, row) for at, (text, row) in enumerate(zip(texts, rows, strict=True))]
    )


def _point(live: Document, of: Source, ordinal: int, text: str, vector: object) -> ChunkPoint:
    start = live.text.index(text)
    payload = {
        "document_id": str(live.id),
        "source_id": str(of.id),
        "source_groups": sorted(of.groups) or [EVERYONE],
        "document_groups": sorted(live.groups) or [EVERYONE],
        "content_hash": live.content_hash,
        "updated_at": live.updated_at.timestamp(),
        "text": text,
        "heading": "",
        "start": start,
        "end": start + len(text),
    }
    return ChunkPoint(uuid5(live.id, f"{live.content_hash}:{ordinal}"), vector, f"{live.title}\n{text}", payload)  # type: ignore[arg-type]  # a row of floats
