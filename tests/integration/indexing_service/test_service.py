"""The indexing service on PostgreSQL and Valkey: accepted work is carried out, whatever dies in between."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from asgi_lifespan import LifespanManager
from redis.asyncio import Redis

from flash_core.database import migrate
from flash_core.database.context import ServiceDatabaseContext, open_database
from flash_core.messaging.consumer import StreamConsumer, Subscription
from flash_core.messaging.events import JobQueued
from flash_core.messaging.outbox_relay import OutboxRelay
from flash_core.messaging.redis_queue import RedisMessageQueue
from flash_core.schemas.documentation import PutSourceRequest
from flash_core.schemas.indexing import BatchRequest, IncomingDocument, JobCounts, JobResponse, JobState, SourceType
from flash_core.testing.fakes import FakeAuthenticator, FakeEmbeddingProvider
from flash_core.testing.vector_store import FakeVectorStore
from flash_core.testing.waiting import eventually
from flash_core.utils.clock import SystemClock
from flash_core.web.app import create_app
from indexing_service.composition import GROUP, Container, compose
from indexing_service.database.tables import OutboxRow
from indexing_service.database.unit_of_work import SqlIndexingUnitOfWork
from indexing_service.interfaces import JobQuery
from indexing_service.main import SPEC
from indexing_service.providers.folder import FolderProvider
from indexing_service.providers.upload import UploadProvider
from indexing_service.services.connections import Providers
from indexing_service.services.intake import DocumentIntake
from indexing_service.services.job_work import JobWork
from indexing_service.services.jobs import JobManager
from indexing_service.services.scheduled_syncs import ScheduledSyncs
from indexing_service.services.scheduler import JobScheduler
from indexing_service.services.sources import NewSource, SourceChanges, SourceManager
from tests.unit.indexing_service.fake_rebuilds import pipeline_of
from tests.unit.indexing_service.fakes import FakeDocumentRegistry, FakeVault, FakeVisibleDocuments
from tests.unit.indexing_service.world import ADMIN, EDITOR

NOBODY = "http://127.0.0.1:9"
PROVIDERS: Providers = {SourceType.FOLDER: FolderProvider(), SourceType.UPLOAD: UploadProvider()}


@dataclass
class World:
    """The service's own database, and siblings in memory."""

    database: ServiceDatabaseContext
    registry: FakeDocumentRegistry = field(default_factory=FakeDocumentRegistry)
    vectors: FakeVectorStore = field(default_factory=FakeVectorStore)
    embeddings: FakeEmbeddingProvider = field(default_factory=FakeEmbeddingProvider)
    providers: Providers = field(default_factory=lambda: PROVIDERS)

    @property
    def unit_of_work(self) -> partial[SqlIndexingUnitOfWork]:
        return partial(SqlIndexingUnitOfWork, self.database.sessions)

    @property
    def intake(self) -> DocumentIntake:
        return DocumentIntake(self.unit_of_work, self.registry, FakeVisibleDocuments(self.registry), SystemClock())

    @property
    def sources(self) -> SourceManager:
        return SourceManager(self.unit_of_work, self.registry, self.providers, FakeVault(), SystemClock())

    @property
    def jobs(self) -> JobManager:
        return JobManager(self.unit_of_work, self.registry, SystemClock())

    def scheduler(
        self,
        embeddings: FakeEmbeddingProvider | None = None,
        *,
        lease_seconds: float = 10,
        poll_seconds: float = 0.01,
    ) -> JobScheduler:
        pipeline = pipeline_of(self.registry, embeddings or self.embeddings, self.vectors, retry_seconds=())
        work = JobWork(self.unit_of_work, self.registry, self.vectors, pipeline, self.providers, FakeVault())
        return JobScheduler(self.unit_of_work, work, lease_seconds=lease_seconds, poll_seconds=poll_seconds)

    async def ended(self, job_id: UUID, *, seconds: float = 20) -> JobResponse:
        async def over() -> bool:
            return (await self.jobs.get(job_id)).state.is_terminal

        await eventually(over, seconds=seconds)
        return await self.jobs.get(job_id)

    async def attempts(self, job_id: UUID) -> int:
        """How many workers, or times, it took."""
        async with self.unit_of_work() as work:
            job = await work.jobs.get(job_id)
        return job.attempt if job else 0

    def check_consistent(self) -> None:
        """Nothing is lost and nothing is doubled: each live document has the passages of its version, once."""
        live = {str(key): one.content_hash for key, one in self.registry.live.items()}
        assert {point.payload["document_id"]: point.payload["content_hash"] for point in self.vectors.points()} == live
        assert len(self.vectors.points()) == len(live)


@dataclass
class Leaving(FakeDocumentRegistry):
    """Documents leave when they may."""

    began: asyncio.Event = field(default_factory=asyncio.Event)
    may_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def delete_documents(self, document_ids: Sequence[UUID], *, fence: int | None = None) -> None:
        self.began.set()
        await self.may_go.wait()
        await super().delete_documents(document_ids, fence=fence)


@dataclass
class Announcing(FakeDocumentRegistry):
    """What a job announces arrives when it may."""

    began: asyncio.Event = field(default_factory=asyncio.Event)
    may_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def put_source(self, source_id: UUID, source: PutSourceRequest) -> None:
        if source.fence is not None:
            self.began.set()
            await self.may_go.wait()
        await super().put_source(source_id, source)


def batch(count: int) -> BatchRequest:
    return BatchRequest(
        documents=[
            IncomingDocument(external_id=f"{at:03}", title=f"Page {at}", text=f"Word{at}.") for at in range(count)
        ]
    )


@pytest.fixture
async def world(postgres_url: str) -> AsyncIterator[World]:
    await asyncio.to_thread(migrate.upgrade, "indexing_service", postgres_url)
    async with open_database(postgres_url) as database:
        yield World(database)


@asynccontextmanager
async def running(*workers: object) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(worker.run()) for worker in workers]  # type: ignore[attr-defined]  # workers
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_migrations_lead_to_the_tables(postgres_url: str) -> None:
    await asyncio.to_thread(migrate.upgrade, "indexing_service", postgres_url)
    await asyncio.to_thread(migrate.check, "indexing_service", postgres_url)


async def test_an_accepted_batch_travels_through_the_queue_into_the_index(
    world: World, redis_url: str, redis: Redis
) -> None:
    async with Redis.from_url(redis_url, protocol=2) as raw:
        scheduler = world.scheduler(poll_seconds=60)
        relay = OutboxRelay(world.database, OutboxRow, RedisMessageQueue(raw), poll_seconds=0.05)
        consumer = StreamConsumer(raw, Subscription(JobQueued, scheduler.job_queued), group=GROUP, member="one")
        async with running(scheduler, relay, consumer):
            accepted = await world.intake.accept_batch(batch(400), EDITOR)
            job = await world.ended(accepted.job_id)
    assert (job.state, job.counts) == (JobState.SUCCEEDED, JobCounts(found=400, indexed=400))
    assert await world.attempts(accepted.job_id) == 1
    assert len(world.registry.live) == 400
    assert await redis.xlen("q:{indexing.0}") == 0
    world.check_consistent()


class Stalling(FakeEmbeddingProvider):
    """Embeds a while, then hangs, as a process that was stopped does."""

    stalls_after = 2

    async def embed(self, texts: object, **options: object) -> object:  # type: ignore[override]  # as there
        if len(self.calls) >= self.stalls_after:
            await asyncio.Event().wait()
        return await super().embed(texts, **options)  # type: ignore[arg-type]  # as there


async def test_a_job_outlives_its_worker(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first worker vanishes without a word: no goodbye, no more heartbeats."""
    first = world.scheduler(Stalling(), lease_seconds=0.5)
    monkeypatch.setattr(first, "_give_back", lambda _: asyncio.sleep(0))
    accepted = await world.intake.accept_batch(batch(150), EDITOR)
    async with running(first):
        await eventually(lambda: len(world.registry.live) >= 64)
    before = await world.jobs.get(accepted.job_id)
    assert (before.state, before.counts.indexed >= 32) == (JobState.RUNNING, True)
    async with running(world.scheduler()):
        job = await world.ended(accepted.job_id)
    assert job.state is JobState.SUCCEEDED
    assert (job.counts.found, job.counts.indexed + job.counts.unchanged) == (150, 150)
    assert len(world.registry.live) == 150
    world.check_consistent()


async def test_a_worker_that_leaves_hands_over_at_once(world: World) -> None:
    accepted = await world.intake.accept_batch(batch(150), EDITOR)
    async with running(world.scheduler(Stalling())):
        await eventually(lambda: len(world.registry.live) >= 32)
    assert (await world.jobs.get(accepted.job_id)).state is JobState.QUEUED
    async with running(world.scheduler()):
        assert (await world.ended(accepted.job_id)).state is JobState.SUCCEEDED
    world.check_consistent()


async def test_two_workers_share_the_sources_and_double_nothing(world: World, tmp_path: Path) -> None:
    job_ids = []
    for name in ("a", "b", "c"):
        folder = tmp_path / name
        folder.mkdir()
        for at in range(20):
            (folder / f"{at}.md").write_text(f"# {name} {at}\n\nText.\n")
        made = await world.sources.create(NewSource("folder", name, {"path": str(folder)}, frozenset()), ADMIN)
        job_ids.append(await world.sources.sync(made.id, full=False))
    async with running(world.scheduler(), world.scheduler()):
        for job_id in job_ids:
            assert (await world.ended(job_id)).counts == JobCounts(found=20, indexed=20)
    assert len(world.registry.live) == 60
    world.check_consistent()


async def test_a_source_that_is_due_is_taken_by_one_of_several_replicas(world: World, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A")
    made = await world.sources.create(NewSource("folder", "x", {"path": str(tmp_path)}, frozenset()), ADMIN)
    async with world.unit_of_work() as work:
        await work.sources.update(replace(made, next_sync_at=made.created_at))
        await work.commit()
    replicas = [ScheduledSyncs(world.unit_of_work) for _ in range(4)]
    assert sum(await asyncio.gather(*(one.run_once() for one in replicas))) == 1
    [queued] = await world.jobs.page(JobQuery(10))
    async with running(world.scheduler()):
        assert (await world.ended(queued.id)).counts == JobCounts(found=1, indexed=1)


async def test_uploads_at_the_same_moment_share_one_default_source(world: World) -> None:
    accepted = await asyncio.gather(*(world.intake.accept_batch(batch(1), EDITOR) for _ in range(5)))
    assert len({one.job_id for one in accepted}) == 5
    assert len(world.registry.sources) == 1
    async with running(world.scheduler()):
        ended = [await world.ended(one.job_id) for one in accepted]
    assert sorted(job.counts.indexed for job in ended) == [0, 0, 0, 0, 1]


async def test_a_text_that_comes_while_its_emptied_version_leaves_is_not_lost(world: World) -> None:
    world.registry = leaving = Leaving()
    full, empty = batch(1), batch(1)
    empty.documents[0].text = " "
    await world.intake.accept_batch(full, EDITOR)
    async with running(world.scheduler()):
        await world.intake.accept_batch(empty, EDITOR)
        await leaving.began.wait()
        again = asyncio.create_task(world.intake.accept_batch(full, EDITOR))
        await asyncio.sleep(0.2)
        assert not again.done()
        leaving.may_go.set()
        assert (await world.ended((await again).job_id)).counts == JobCounts(found=1, indexed=1)
    assert [one.text for one in world.registry.live.values()] == [full.documents[0].text]


async def test_a_source_that_is_closed_while_a_job_begins_stays_closed(world: World) -> None:
    world.registry = announcing = Announcing()
    made = await world.sources.create(NewSource("upload", "x", {}, frozenset()), ADMIN)
    body = batch(1).model_copy(update={"source_id": made.id})
    job_id = (await world.intake.accept_batch(body, EDITOR)).job_id
    async with running(world.scheduler()):
        await announcing.began.wait()
        closing = asyncio.create_task(world.sources.update(made.id, SourceChanges(groups=frozenset({"hr"})), ADMIN))
        await asyncio.sleep(0.2)
        announcing.may_go.set()
        await closing
        await world.ended(job_id)
    assert world.registry.sources[made.id].groups == ["hr"]


async def test_a_source_deleted_in_the_middle_of_its_sync_leaves_nothing(world: World, tmp_path: Path) -> None:
    for at in range(150):
        (tmp_path / f"{at:03}.md").write_text(f"# Page {at}\n\nText.\n")
    made = await world.sources.create(NewSource("folder", "x", {"path": str(tmp_path)}, frozenset()), ADMIN)
    await world.sources.sync(made.id, full=False)
    async with running(world.scheduler(Stalling())):
        await eventually(lambda: len(world.registry.live) >= 32)
        await world.sources.delete(made.id)
    assert world.registry.live == {}


async def test_nothing_is_accepted_that_can_not_be_kept(
    postgres_url: str, redis_url: str, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service as it is composed, while its siblings are away."""
    settings = {"DATABASE_URL_INDEXING": postgres_url, "REDIS_URL": redis_url, "INTERNAL_KEY": "k" * 32}
    urls = dict.fromkeys(("DOCUMENTATION_URL", "VECTOR_URL", "EMBEDDING_URL"), NOBODY)
    for name, value in (settings | urls).items():
        monkeypatch.setenv(name, value)
    await asyncio.to_thread(migrate.upgrade, "indexing_service", postgres_url)

    @asynccontextmanager
    async def composed() -> AsyncIterator[Container]:
        async with compose() as container:
            yield replace(container, authenticator=FakeAuthenticator({"editor": EDITOR}))

    async with (
        LifespanManager(create_app(replace(SPEC, compose=composed))) as manager,
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=manager.app),
            base_url="http://indexing",
            headers={"Authorization": "Bearer editor"},
        ) as client,
    ):
        await eventually(lambda: redis.exists("q:{indexing.0}"))
        assert (await client.get("/health/ready")).status_code == 204
        refused = await client.post("/api/v1/documents", json={"title": "T", "text": "x"})
        assert refused.status_code == 503
        assert "Retry-After" in refused.headers
        assert (await client.get("/api/v1/indexing/jobs")).json()["items"] == []
