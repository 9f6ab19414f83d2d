"""An index of two models, with what is rebuilt, and ways to break off."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from flash_core.interfaces.documents import StoredDocumentsInterface
from flash_core.models.vector import CHUNKS, ChunkPoint
from flash_core.schemas.documentation import CurrentVersion, PutSourceRequest, StoredDocument
from flash_core.testing.fakes import FakeEmbeddingModels, FakeEmbeddingProvider, FrozenClock
from flash_core.testing.vector_store import FakeVectorStore
from indexing_service.interfaces import Source, SourceDocument
from indexing_service.services.collections import IndexCollections
from indexing_service.services.pipeline import DocumentPipeline
from indexing_service.services.rebuilder import IndexRebuilder
from tests.unit.indexing_service.fake_converter import FakeConverter
from tests.unit.indexing_service.fake_rebuilds import FakeRebuilds
from tests.unit.indexing_service.fakes import FakeDocumentRegistry
from tests.unit.indexing_service.world import NOON, source

Hook = Callable[[], Awaitable[None]]


class KilledError(BaseException):
    """The process is gone: nothing that would clean up runs."""


@dataclass
class FakeStoredDocuments(StoredDocumentsInterface):
    """What the registry made searchable, in pages of two."""

    registry: FakeDocumentRegistry
    changes: int = 0

    async def page(self, after: UUID | None) -> list[StoredDocument]:
        found = [
            StoredDocument(document_id=one, **live.model_dump())
            for one, live in sorted(self.registry.live.items())
            if after is None or one > after
        ]
        return found[:2]

    async def current(self, document_ids: Sequence[UUID]) -> dict[UUID, CurrentVersion]:
        found = {one: self.registry.live[one] for one in document_ids if one in self.registry.live}
        return {one: CurrentVersion(content_hash=live.content_hash, groups=live.groups) for one, live in found.items()}

    async def index_changed(self) -> None:
        self.changes += 1


class BreakableVectors(FakeVectorStore):
    """Runs `hooks` in front of the calls that change something, each once, by the number of the call."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.hooks: dict[int, Hook] = {}
        self.counting = False

    async def upsert(self, name: str, points: Sequence[ChunkPoint]) -> None:
        await self._step()
        await super().upsert(name, points)

    async def create_version(self, alias: str, version: str, *, dimension: int, model: str, chunker: str = "") -> None:
        await self._step()
        await super().create_version(alias, version, dimension=dimension, model=model, chunker=chunker)

    async def point_alias(self, alias: str, version: str) -> None:
        await self._step()
        await super().point_alias(alias, version)
        await self._step()

    async def drop_version(self, version: str) -> None:
        await self._step()
        await super().drop_version(version)

    async def _step(self) -> None:
        if self.counting:
            self.calls += 1
            if hook := self.hooks.pop(self.calls, None):
                self.counting = False
                await hook()
                self.counting = True


@dataclass
class World:
    old: FakeEmbeddingProvider = field(default_factory=FakeEmbeddingProvider)
    new: FakeEmbeddingProvider = field(default_factory=lambda: FakeEmbeddingProvider(32, "new"))
    registry: FakeDocumentRegistry = field(default_factory=FakeDocumentRegistry)
    vectors: BreakableVectors = field(default_factory=BreakableVectors)
    store: FakeRebuilds = field(default_factory=FakeRebuilds)
    handbook: Source = field(default_factory=source)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.models = FakeEmbeddingModels([self.old, self.new])
        self.documents = FakeStoredDocuments(self.registry)
        clock = FrozenClock(NOON)
        self.collections = IndexCollections(self.store.transaction, self.models, self.vectors, clock)
        self.pipeline = DocumentPipeline(
            self.registry, self.models, self.vectors, FakeConverter(), self.store.transaction, retry_seconds=()
        )
        self.rebuilder = self.worker()

    def worker(self) -> IndexRebuilder:
        return IndexRebuilder(
            self.store.transaction,
            self.documents,
            self.models,
            self.vectors,
            FrozenClock(NOON),
            settle_seconds=0,
            poll_seconds=0.01,
            monotonic=lambda: self.now,
        )

    async def write(self, **texts: str) -> None:
        """Bring documents in, as a sync does."""
        self.store.database.state.sources[self.handbook.id] = self.handbook
        known = PutSourceRequest(name=self.handbook.name, provider="folder", groups=[])
        await self.registry.put_source(self.handbook.id, known)
        documents = [
            SourceDocument(external_id=f"{name}.md", content=text, format="markdown", modified_at=NOON)
            for name, text in texts.items()
        ]
        _ = [one async for one in self.pipeline.index(self.handbook, documents, full=False, fence=1)]

    async def delete(self, name: str) -> None:
        """As documentation does: the row, then the vectors."""
        gone = next(one for one, live in self.registry.live.items() if live.external_id == f"{name}.md")
        await self.registry.delete_documents([gone])
        await self.vectors.delete(CHUNKS, document_ids=[gone])

    async def run(self) -> None:
        """Until nothing is to be done; a worker's pause ends at once."""
        while await self.rebuilder.run_once():
            self.store.now += 1_000

    def held(self, name: str = CHUNKS) -> dict[str, str]:
        """The content hash of each document's passages, by the name of the document."""
        return {str(one.payload["external_id"]): str(one.payload["content_hash"]) for one in self.vectors.points(name)}

    def live(self) -> dict[str, str]:
        return {one.external_id: one.content_hash for one in self.registry.live.values()}
