"""Rebuilds of the index in memory, and a pipeline that writes where they say."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self
from uuid import UUID

from flash_core.errors import ConflictError, FencedError
from flash_core.interfaces.documents import DocumentRegistryInterface
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.schemas.indexing import JobState
from flash_core.testing.fakes import FakeEmbeddingModels, FakeEmbeddingProvider
from indexing_service.interfaces.rebuilds import Rebuild, RebuildRepositoryInterface, RebuildTransactionInterface
from indexing_service.services.pipeline import DocumentPipeline
from tests.unit.indexing_service.fake_converter import FakeConverter
from tests.unit.indexing_service.fakes import FakeDatabase


@dataclass
class FakeRebuilds:
    """What was committed; `leases` end when `now` (seconds) has passed them."""

    database: FakeDatabase = field(default_factory=FakeDatabase)
    rows: dict[UUID, Rebuild] = field(default_factory=dict)
    leases: dict[UUID, float] = field(default_factory=dict)
    now: float = 0.0

    def transaction(self) -> "FakeRebuildTransaction":
        return FakeRebuildTransaction(self)


class FakeRebuildTransaction(RebuildTransactionInterface):
    def __init__(self, store: FakeRebuilds) -> None:
        self._store = store

    async def __aenter__(self) -> Self:
        self._work = self._store.database.unit_of_work()
        await self._work.__aenter__()
        self.sources = self._work.sources
        self.rows, self.leases = dict(self._store.rows), dict(self._store.leases)
        self.rebuilds = FakeRebuildRepository(self, self._store.now)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._work.__aexit__(kind, error, trace)

    async def commit(self) -> None:
        self._store.rows, self._store.leases = dict(self.rows), dict(self.leases)


class FakeRebuildRepository(RebuildRepositoryInterface):
    def __init__(self, work: FakeRebuildTransaction, now: float) -> None:
        self._work = work
        self._now = now

    async def add(self, rebuild: Rebuild) -> None:
        if await self.active():
            raise ConflictError("A rebuild is under way.")
        self._work.rows[rebuild.id] = rebuild

    async def active(self) -> Rebuild | None:
        return next((one for one in self._work.rows.values() if not one.state.is_terminal), None)

    async def newest(self, state: JobState | None = None) -> Rebuild | None:
        found = [one for one in self._work.rows.values() if state in {None, one.state}]
        return max(found, key=lambda one: one.id, default=None)

    async def claim(self, lease_seconds: float) -> Rebuild | None:
        found = await self.active()
        if found is None or self._work.leases.get(found.id, self._now) > self._now:
            return None
        claimed = replace(found, state=JobState.RUNNING, attempt=found.attempt + 1, problem=None)
        self._work.rows[found.id] = claimed
        self._work.leases[found.id] = self._now + lease_seconds
        return claimed

    async def save(self, rebuild: Rebuild, lease_seconds: float) -> None:
        self._put(rebuild, state=JobState.RUNNING, problem=None)
        self._work.leases[rebuild.id] = self._now + lease_seconds

    async def release(self, rebuild: Rebuild, *, after_seconds: float = 0, problem: str | None = None) -> None:
        self._put(self._work.rows[rebuild.id], rebuild.attempt, state=JobState.QUEUED, problem=problem)
        self._work.leases[rebuild.id] = self._now + after_seconds

    async def finish(self, rebuild: Rebuild, state: JobState, problem: str | None) -> None:
        self._put(self._work.rows[rebuild.id], rebuild.attempt, state=state, problem=problem)

    async def cancel(self) -> Rebuild | None:
        found = await self.active()
        if found is None or found.swapped:
            return None
        self._work.rows[found.id] = replace(found, state=JobState.CANCELLED)
        return self._work.rows[found.id]

    def _put(self, rebuild: Rebuild, attempt: int | None = None, *, state: JobState, problem: str | None) -> None:
        held = self._work.rows[rebuild.id]
        if held.state is not JobState.RUNNING or held.attempt != (rebuild.attempt if attempt is None else attempt):
            raise FencedError("Another worker builds the index.")
        self._work.rows[rebuild.id] = replace(rebuild, state=state, problem=problem)


def pipeline_of(
    registry: DocumentRegistryInterface,
    embeddings: FakeEmbeddingProvider,
    vectors: VectorStoreInterface,
    *,
    retry_seconds: Sequence[float],
    rebuilds: FakeRebuilds | None = None,
    patience_seconds: float = 30.0,
) -> DocumentPipeline:
    """With one model, and no rebuild unless one is given."""
    transaction = (rebuilds or FakeRebuilds()).transaction
    models = FakeEmbeddingModels([embeddings])
    return DocumentPipeline(
        registry,
        models,
        vectors,
        FakeConverter(),
        transaction,
        retry_seconds=retry_seconds,
        patience_seconds=patience_seconds,
    )
