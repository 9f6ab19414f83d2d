"""A source, its index and the jobs that make the one equal to the other."""

from dataclasses import dataclass, field, replace

from flash_core.schemas.indexing import JobCounts, SourceType
from flash_core.testing.fakes import FakeEmbeddingProvider
from flash_core.testing.vector_store import FakeVectorStore
from indexing_service.interfaces import DocumentPipelineInterface, Job, JobKind, Outcome, Source, SourceDocument
from indexing_service.interfaces.syncing import SyncState
from indexing_service.services.connections import Providers
from indexing_service.services.job_work import JobWork
from tests.unit.indexing_service.fake_rebuilds import pipeline_of
from tests.unit.indexing_service.fake_source import FakeProvider
from tests.unit.indexing_service.fakes import FakeDatabase, FakeDocumentRegistry, FakeVault
from tests.unit.indexing_service.world import claimed, job, page, source, stored


@dataclass
class World:
    database: FakeDatabase = field(default_factory=FakeDatabase)
    registry: FakeDocumentRegistry = field(default_factory=FakeDocumentRegistry)
    vectors: FakeVectorStore = field(default_factory=FakeVectorStore)
    provider: FakeProvider = field(default_factory=FakeProvider)
    handbook: Source = field(default_factory=source)
    pipeline: DocumentPipelineInterface | None = None
    undone: str | None = None

    def work(self) -> JobWork:
        real = pipeline_of(self.registry, FakeEmbeddingProvider(), self.vectors, retry_seconds=())
        providers: Providers = {SourceType.FOLDER: self.provider, SourceType.UPLOAD: FakeProvider()}
        return JobWork(
            self.database.unit_of_work, self.registry, self.vectors, self.pipeline or real, providers, FakeVault()
        )

    def write(self, **texts: str) -> None:
        self.provider.documents = self.written(**texts)

    def written(self, **texts: str) -> dict[str, SourceDocument | Outcome]:
        return {f"{name}.md": page(f"{name}.md", text) for name, text in texts.items()}

    @property
    def state(self) -> SyncState:
        return self.database.state.sources[self.handbook.id].sync

    def forget_sources(self) -> None:
        self.database.state.sources.clear()

    async def claimed(
        self,
        kind: JobKind = JobKind.SYNC,
        *,
        full: bool = False,
        has_list: bool = False,
        allow_deletions: bool = False,
    ) -> Job:
        queued = replace(job(self.handbook, kind, listed=has_list), full=full, allow_deletions=allow_deletions)
        await stored(self.database.unit_of_work, self.handbook, queued)
        held = await claimed(self.database.unit_of_work)
        assert held is not None
        return held

    async def synced(self, *, full: bool = False, allow_deletions: bool = False) -> JobCounts:
        held = await self.claimed(full=full, allow_deletions=allow_deletions)
        self.undone = await self.work().perform(held)
        counts = await self.counts(held)
        async with self.database.unit_of_work() as work:
            await work.jobs.finish(held.id, held.state, counts, None)
            await work.commit()
        del self.database.state.jobs[held.id]
        return counts

    async def counts(self, of: Job) -> JobCounts:
        async with self.database.unit_of_work() as work:
            return await work.items.counts(of.id)
