"""The indexing database and the document registry, in memory."""

import copy
import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

from flash_core.errors import ConflictError, FencedError, NotFoundError, UpstreamRejectedError
from flash_core.interfaces.documents import DocumentRegistryInterface, VisibleDocumentsInterface
from flash_core.messaging.events import Event
from flash_core.models.user import Principal
from flash_core.schemas.documentation import PutDocumentRequest, PutSourceRequest, ResolvedDocument
from flash_core.schemas.indexing import JobCounts, JobState
from flash_core.testing.fakes import FakeOutbox
from flash_core.utils.ids import new_id
from indexing_service.interfaces import (
    Backlog,
    CredentialVaultInterface,
    DocumentPipelineInterface,
    IndexingUnitOfWorkInterface,
    IntakeRepositoryInterface,
    Item,
    ItemRepositoryInterface,
    ItemState,
    Job,
    JobKind,
    JobQuery,
    JobRepositoryInterface,
    JobWorkInterface,
    Outcome,
    Phase,
    ProblemKey,
    Source,
    SourceDocument,
    SourceRepositoryInterface,
)
from indexing_service.interfaces.syncing import Known, KnownRepositoryInterface, Plan, SyncState

_NOT_FOUND = {ItemState.GONE, ItemState.DELETED}
_SKIPPED = (ItemState.SKIPPED, ItemState.WITHDRAWN, ItemState.CANCELLED)


@dataclass
class _JobRow:
    job: Job
    lease_until: datetime | None = None
    not_before: datetime | None = None
    counts: JobCounts | None = None


@dataclass
class _State:
    sources: dict[UUID, Source] = field(default_factory=dict)
    jobs: dict[UUID, _JobRow] = field(default_factory=dict)
    items: dict[UUID, dict[int, Item]] = field(default_factory=dict)
    intake: dict[tuple[UUID, int], SourceDocument] = field(default_factory=dict)
    known: dict[UUID, dict[str, Known]] = field(default_factory=dict)
    handed_in: dict[tuple[UUID, str], tuple[UUID, UUID]] = field(default_factory=dict)
    """User and job of the last hand-in, by source and name."""


@dataclass
class FakeDatabase:
    """What was committed; `events` left with it. `later` moves the database's clock on."""

    state: _State = field(default_factory=_State)
    events: list[Event] = field(default_factory=list)
    later: timedelta = timedelta(0)
    error: Exception | None = None
    fences: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def next_fence(self) -> int:
        return next(self.fences)

    def unit_of_work(self) -> "FakeUnitOfWork":
        return FakeUnitOfWork(self)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.later


class FakeUnitOfWork(IndexingUnitOfWorkInterface):
    def __init__(self, database: FakeDatabase) -> None:
        self._database = database

    async def __aenter__(self) -> Self:
        if self._database.error is not None:
            raise self._database.error
        self._state = copy.deepcopy(self._database.state)
        self.sources = FakeSources(self._state, self._database)
        self.known = FakeKnown(self._state)
        self.jobs = FakeJobs(self._state, self._database)
        self.items = FakeItems(self._state)
        self.intake = FakeIntake(self._state)
        self.outbox: FakeOutbox = FakeOutbox()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def commit(self) -> None:
        self._database.state = copy.deepcopy(self._state)
        self._database.events += self.outbox.events


class FakeSources(SourceRepositoryInterface):
    def __init__(self, state: _State, database: FakeDatabase) -> None:
        self._state = state
        self._database = database

    async def add(self, source: Source) -> None:
        self._state.sources[source.id] = source

    async def get(self, source_id: UUID, *, locked: bool = False) -> Source | None:
        return self._with_last_job(self._state.sources.get(source_id))

    async def default(self, candidate: Source) -> Source:
        found = next((one for one in self._state.sources.values() if one.is_default), candidate)
        self._state.sources[found.id] = found
        return self._with_last_job(found) or found

    async def page(self, reader: Principal | None, after: UUID | None, limit: int) -> list[Source]:
        found = sorted(self._state.sources.values(), key=lambda one: one.id)
        seen = [one for one in found if reader is None or one.visible_to(reader.groups) or one.managed_by(reader)]
        page = [one for one in seen if after is None or one.id > after][:limit]
        return [shown for one in page if (shown := self._with_last_job(one))]

    async def update(self, source: Source) -> None:
        self._state.sources[source.id] = replace(source, sync=self._state.sources[source.id].sync)

    async def synced(self, source_id: UUID, state: SyncState) -> None:
        self._state.sources[source_id] = replace(self._state.sources[source_id], sync=state)

    async def due(self, limit: int) -> tuple[datetime, list[Source]]:
        waiting = [(one.next_sync_at, one.id) for one in self._state.sources.values() if one.next_sync_at]
        now = self._database.now()
        due = [source_id for at, source_id in sorted(waiting) if at <= now]
        return now, [shown for one in due[:limit] if (shown := self._with_last_job(self._state.sources[one]))]

    async def delete(self, source_id: UUID) -> None:
        del self._state.sources[source_id]
        self._state.known.pop(source_id, None)
        self._state.handed_in = {key: one for key, one in self._state.handed_in.items() if key[0] != source_id}
        for job_id in [one.job.id for one in self._state.jobs.values() if one.job.source_id == source_id]:
            del self._state.jobs[job_id]
            self._state.items.pop(job_id, None)

    def _with_last_job(self, source: Source | None) -> Source | None:
        if source is None:
            return None
        jobs = [one.job.id for one in self._state.jobs.values() if one.job.source_id == source.id]
        return replace(source, last_job_id=max(jobs, default=None))


class FakeJobs(JobRepositoryInterface):
    def __init__(self, state: _State, database: FakeDatabase) -> None:
        self._state = state
        self._database = database

    async def add(self, job: Job) -> None:
        if job.kind is JobKind.SYNC and job.attempt == 0 and await self.waiting_sync(job.source_id):
            raise ConflictError("This conflicts with what is stored already.")
        if job.request_name is not None and await self.named(job.request_name):
            raise ConflictError("This conflicts with what is stored already.")
        self._state.jobs[job.id] = _JobRow(job)

    async def get(self, job_id: UUID, *, locked: bool = False) -> Job | None:
        row = self._state.jobs.get(job_id)
        return row.job if row else None

    async def next_id(self, source_id: UUID) -> UUID:
        return new_id(after=max(self._of_source(source_id), default=None))

    async def named(self, request_name: str) -> Job | None:
        return next((row.job for row in self._state.jobs.values() if row.job.request_name == request_name), None)

    async def active_sync(self, source_id: UUID) -> Job | None:
        return min(self._syncs(source_id), key=lambda one: one.id, default=None)

    async def waiting_sync(self, source_id: UUID) -> Job | None:
        waiting = (one for one in self._syncs(source_id) if one.state is JobState.QUEUED and one.attempt == 0)
        return next(waiting, None)

    async def widen(self, job_id: UUID, *, full: bool, allow_deletions: bool) -> None:
        row = self._state.jobs[job_id]
        row.job = replace(
            row.job,
            full=row.job.full or full,
            allow_deletions=row.job.allow_deletions or allow_deletions,
            listed=False,
        )

    async def page(self, query: JobQuery) -> list[Job]:
        found = sorted((row.job for row in self._state.jobs.values()), key=lambda job: job.id, reverse=True)
        return [
            job
            for job in found
            if (query.before is None or job.id < query.before)
            and query.source_id in {None, job.source_id}
            and query.state in {None, job.state}
            and (query.editor is None or self._is_managed(job, query.editor))
        ][: query.limit]

    def _is_managed(self, job: Job, editor: Principal) -> bool:
        return job.created_by == editor.user_id or self._state.sources[job.source_id].managed_by(editor)

    async def backlog(self) -> Backlog:
        jobs = [row.job for row in self._state.jobs.values()]
        waiting = [job.created_at for job in jobs if job.state is JobState.QUEUED]
        running = sum(job.state is JobState.RUNNING for job in jobs)
        return Backlog(len(waiting), running, min(waiting, default=None))

    async def waits(self) -> bool:
        return self._next_to_run(None) is not None

    async def claim(self, lease_seconds: float, *, only: JobKind | None = None) -> Job | None:
        row = self._next_to_run(only)
        if row is None:
            return None
        now = self._database.now()
        row.job = replace(
            row.job,
            state=JobState.RUNNING,
            phase=Phase.INDEXING if row.job.listed else Phase.LISTING,
            attempt=row.job.attempt + 1,
            fence=self._database.next_fence(),
            started_at=row.job.started_at or now,
            heartbeat_at=now,
        )
        row.lease_until, row.not_before = now + timedelta(seconds=lease_seconds), None
        return row.job

    async def settled_fence(self) -> int:
        running = [row.job.fence for row in self._state.jobs.values() if row.job.state is JobState.RUNNING]
        return min(running) - 1 if running else self._database.next_fence()

    async def extend(self, job: Job, lease_seconds: float) -> bool:
        row = self._held(job)
        now = self._database.now()
        row.lease_until = now + timedelta(seconds=lease_seconds)
        row.job = replace(row.job, heartbeat_at=now, worked_seconds=self._worked(row))
        return row.job.cancel_requested

    async def hold(self, job: Job) -> None:
        self._held(job)

    async def advance(self, job: Job, phase: Phase) -> None:
        row = self._held(job)
        row.job = replace(row.job, phase=phase)

    async def planned(self, job: Job, plan: Plan) -> None:
        row = self._held(job)
        row.job = replace(
            row.job,
            phase=Phase.INDEXING,
            listed=True,
            cleans=plan.complete,
            cursor=plan.cursor,
            renamed=dict(plan.renamed),
        )

    async def reached(self, job: Job, external_id: str) -> None:
        row = self._held(job)
        row.job = replace(row.job, current=external_id)

    async def held(self, job: Job, deletions: int | None) -> None:
        row = self._held(job)
        row.job = replace(row.job, held_deletions=deletions)

    async def seen(self, job: Job, documents: int) -> None:
        row = self._held(job)
        row.job = replace(row.job, seen=documents)

    async def release(self, job: Job, *, after_seconds: float = 0, problem: str | None = None) -> None:
        row = self._held(job)
        postponed = row.job.postponed + (1 if problem else 0)
        row.job = replace(
            row.job,
            state=JobState.QUEUED,
            phase=Phase.QUEUED,
            postponed=postponed,
            problem=problem,
            worked_seconds=self._worked(row),
        )
        row.lease_until, row.not_before = None, self._database.now() + timedelta(seconds=after_seconds)

    async def progressed(self, job: Job, documents: int) -> None:
        row = self._held(job)
        row.job = replace(row.job, postponed=0, problem=None, done=row.job.done + documents)

    async def finish(self, job_id: UUID, state: JobState, counts: JobCounts, problem: str | None) -> None:
        row = self._state.jobs[job_id]
        row.job = replace(
            row.job,
            state=state,
            phase=Phase.DONE,
            problem=problem,
            finished_at=self._database.now(),
            worked_seconds=self._worked(row),
        )
        row.counts, row.lease_until = counts, None

    async def request_cancel(self, job_id: UUID) -> None:
        row = self._state.jobs[job_id]
        row.job = replace(row.job, cancel_requested=True)

    async def retried(self, job_id: UUID, as_job_id: UUID) -> None:
        row = self._state.jobs[job_id]
        row.job = replace(row.job, retried_as=as_job_id)

    async def forget(self, *, older_than: timedelta, idle_older_than: timedelta, limit: int) -> int:
        now = self._database.now()
        newest = {row.job.source_id: max(self._of_source(row.job.source_id)) for row in self._state.jobs.values()}

        def is_old(row: _JobRow) -> bool:
            if row.job.finished_at is None or row.job.id == newest[row.job.source_id]:
                return False
            counts = row.counts or JobCounts()
            idle = row.job.kind is JobKind.SYNC and not counts.indexed and not counts.deleted
            return now - row.job.finished_at > (min(older_than, idle_older_than) if idle else older_than)

        old = [row.job.id for row in self._state.jobs.values() if is_old(row)][:limit]
        for job_id in old:
            del self._state.jobs[job_id]
            self._state.items.pop(job_id, None)
            for key in [key for key in self._state.intake if key[0] == job_id]:
                del self._state.intake[key]
        return len(old)

    def _of_source(self, source_id: UUID) -> list[UUID]:
        return [row.job.id for row in self._state.jobs.values() if row.job.source_id == source_id]

    def _syncs(self, source_id: UUID) -> list[Job]:
        jobs = [row.job for row in self._state.jobs.values() if row.job.source_id == source_id]
        return [job for job in jobs if job.kind is JobKind.SYNC and not job.state.is_terminal]

    def _worked(self, row: _JobRow) -> float:
        job = row.job
        if job.state is not JobState.RUNNING or not job.listed or job.heartbeat_at is None:
            return job.worked_seconds
        return job.worked_seconds + (self._database.now() - job.heartbeat_at).total_seconds()

    def _next_to_run(self, only: JobKind | None) -> _JobRow | None:
        by_waiting = sorted(
            self._state.jobs.values(), key=lambda row: (row.job.heartbeat_at or row.job.created_at, row.job.id)
        )
        may_run = (row for row in by_waiting if self._may_run(row) and not self._in_the_way(row))
        return next((row for row in may_run if only in {None, row.job.kind}), None)

    def _may_run(self, row: _JobRow) -> bool:
        now = self._database.now()
        if row.job.state is JobState.QUEUED:
            return row.not_before is None or row.not_before <= now
        return row.job.state is JobState.RUNNING and row.lease_until is not None and row.lease_until < now

    def _in_the_way(self, row: _JobRow) -> bool:
        others = [one for one in self._state.jobs.values() if one.job.source_id == row.job.source_id and one is not row]
        return any(
            (one.job.id < row.job.id and not one.job.state.is_terminal)
            or (one.job.state is JobState.RUNNING and one.lease_until and one.lease_until >= self._database.now())
            for one in others
        )

    def _held(self, job: Job) -> _JobRow:
        row = self._state.jobs.get(job.id)
        if row is None or row.job.attempt != job.attempt or row.job.state is not JobState.RUNNING:
            raise FencedError("Another worker has this job, or it is over.")
        return row


class FakeItems(ItemRepositoryInterface):
    def __init__(self, state: _State) -> None:
        self._state = state

    async def add(self, job_id: UUID, items: Sequence[Item]) -> None:
        self._of(job_id).update({item.ordinal: replace(item, tries=0) for item in items})

    async def replace(self, job_id: UUID, items: Sequence[Item]) -> None:
        self._state.items[job_id] = {}
        await self.add(job_id, items)

    async def pending(self, job_id: UUID, *, after: int, limit: int) -> list[Item]:
        return [item for item in self._in(job_id, ItemState.PENDING) if item.ordinal > after][:limit]

    async def to_retry(self, job_id: UUID) -> list[Item]:
        return self._in(job_id, ItemState.FAILED, ItemState.CANCELLED)

    async def begin(self, job_id: UUID, ordinals: Sequence[int]) -> None:
        items = self._of(job_id)
        for ordinal in ordinals:
            items[ordinal] = replace(items[ordinal], tries=items[ordinal].tries + 1)

    async def forgive(self, job_id: UUID) -> None:
        for item in self._in(job_id, ItemState.PENDING):
            self._of(job_id)[item.ordinal] = replace(item, tries=0, again=item.again or item.tries > 0)

    async def settle(self, job_id: UUID, items: Sequence[Item]) -> None:
        for item in items:
            known = self._of(job_id)[item.ordinal]
            self._of(job_id)[item.ordinal] = replace(known, state=item.state, reason=item.reason)

    async def end_pending(self, job_id: UUID, state: ItemState, reason: str) -> None:
        open_ = [
            item
            for item in self._in(job_id, ItemState.PENDING, ItemState.WITHDRAWN)
            if item.state is ItemState.PENDING or (job_id, item.ordinal) in self._state.intake
        ]
        await self.settle(job_id, [replace(item, state=state, reason=reason) for item in open_])

    async def not_listed(self, job_id: UUID, external_ids: Sequence[str]) -> list[str]:
        gone = {ItemState.WITHDRAWN, ItemState.GONE, ItemState.DELETED}
        kept = {item.external_id for item in self._of(job_id).values() if item.state not in gone}
        return [one for one in external_ids if one not in kept]

    async def gone(self, job_id: UUID) -> list[str]:
        found = self._in(job_id, ItemState.GONE, ItemState.WITHDRAWN)
        return [item.external_id for item in found if item.state is ItemState.GONE or item.tries > 0]

    async def mark_deleted(self, job_id: UUID, external_ids: Sequence[str]) -> None:
        counted = {item.external_id for item in self._in(job_id, ItemState.DELETED)}
        begin = max(self._of(job_id), default=-1) + 1
        new = [one for one in external_ids if one not in counted]
        await self.add(job_id, [Item(begin + at, one, ItemState.DELETED) for at, one in enumerate(new)])

    async def counts(self, job_id: UUID) -> JobCounts:
        row = self._state.jobs.get(job_id)
        if row and row.counts:
            return row.counts
        return JobCounts(
            found=sum(item.state not in _NOT_FOUND for item in self._of(job_id).values()),
            indexed=len(self._in(job_id, ItemState.INDEXED)),
            unchanged=len(self._in(job_id, ItemState.UNCHANGED)),
            deleted=len(self._in(job_id, ItemState.DELETED)),
            skipped=len(self._in(job_id, *_SKIPPED)),
            failed=len(self._in(job_id, ItemState.FAILED)),
        )

    async def problems(self, job_id: UUID, limit: int, *, after: ProblemKey | None = None) -> list[Item]:
        keyed = {(int(item.state is not ItemState.FAILED), item.ordinal): item for item in self._problems(job_id)}
        return [item for key, item in sorted(keyed.items()) if after is None or key > after][:limit]

    async def problem_count(self, job_id: UUID) -> int:
        return len(self._problems(job_id))

    async def forget_successes(self, job_id: UUID) -> None:
        for item in self._in(job_id, ItemState.INDEXED, ItemState.UNCHANGED, ItemState.GONE, ItemState.DELETED):
            del self._of(job_id)[item.ordinal]

    def _problems(self, job_id: UUID) -> list[Item]:
        return self._in(job_id, ItemState.FAILED, *_SKIPPED)

    def _of(self, job_id: UUID) -> dict[int, Item]:
        return self._state.items.setdefault(job_id, {})

    def _in(self, job_id: UUID, *states: ItemState) -> list[Item]:
        return [item for _, item in sorted(self._of(job_id).items()) if item.state in states]


class FakeKnown(KnownRepositoryInterface):
    def __init__(self, state: _State) -> None:
        self._state = state

    async def of(self, source_id: UUID) -> dict[str, Known]:
        return dict(self._state.known.get(source_id, {}))

    async def named(self, source_id: UUID, external_ids: Sequence[str]) -> dict[str, Known]:
        known = self._state.known.get(source_id, {})
        return {name: known[name] for name in external_ids if name in known}

    async def put(self, source_id: UUID, documents: Sequence[Known]) -> None:
        self._state.known.setdefault(source_id, {}).update({one.external_id: one for one in documents})

    async def rename(self, source_id: UUID, renamed: Mapping[str, str]) -> None:
        known = self._state.known.get(source_id, {})
        for old, new in renamed.items():
            if old in known and new not in known:
                known[new] = replace(known.pop(old), external_id=new)

    async def forget_gone(self, source_id: UUID, job_id: UUID, *, complete: bool) -> None:
        items = self._state.items.get(job_id, {}).values()
        found = {item.external_id: item for item in items if item.state is not ItemState.DELETED}
        known = self._state.known.get(source_id, {})
        for one in list(known.values()):
            item = found.get(one.external_id, Item(0, one.external_id, ItemState.GONE) if complete else None)
            if item is None:
                continue
            if item.state is ItemState.GONE or (item.state is ItemState.WITHDRAWN and not (item.tries or one.reason)):
                del known[one.external_id]


@dataclass
class FakeVault(CredentialVaultInterface):
    """Sealed credentials can be read by whoever knows how; they belong to one source all the same."""

    broken: bool = False

    def seal(self, source_id: UUID, credentials: Mapping[str, str]) -> bytes:
        return json.dumps([str(source_id), dict(credentials)]).encode()[::-1]

    def open(self, source_id: UUID, sealed: bytes) -> Mapping[str, str]:
        owner, credentials = json.loads(sealed[::-1])
        if self.broken or owner != str(source_id):
            raise UpstreamRejectedError("The credentials can't be opened: enter them again.")
        opened: dict[str, str] = credentials
        return opened


class FakeIntake(IntakeRepositoryInterface):
    def __init__(self, state: _State) -> None:
        self._state = state

    async def add(self, job_id: UUID, documents: Mapping[int, SourceDocument]) -> None:
        self._state.intake |= {(job_id, ordinal): document for ordinal, document in documents.items()}

    async def get(self, job_id: UUID, ordinal: int) -> SourceDocument | None:
        return self._state.intake.get((job_id, ordinal))

    async def kept(self, job_id: UUID) -> set[int]:
        return {ordinal for of, ordinal in self._state.intake if of == job_id and self._is_latest(of, ordinal)}

    async def sign(self, job: Job, external_ids: Sequence[str], user_id: UUID) -> None:
        self._state.handed_in |= {(job.source_id, name): (user_id, job.id) for name in external_ids}

    async def signed_by(self, user_id: UUID, source_id: UUID, external_ids: Sequence[str]) -> set[str]:
        latest = {name: self._state.handed_in.get((source_id, name)) for name in external_ids}
        return {name for name, signed in latest.items() if signed and signed[0] == user_id}

    def _key(self, job_id: UUID, ordinal: int) -> tuple[UUID, str]:
        return self._state.jobs[job_id].job.source_id, self._state.items[job_id][ordinal].external_id

    def _is_latest(self, job_id: UUID, ordinal: int) -> bool:
        signed = self._state.handed_in.get(self._key(job_id, ordinal))
        return signed is None or signed[1] == job_id

    async def groups_of(self, source_id: UUID, external_ids: Sequence[str]) -> list[tuple[str, frozenset[str]]]:
        held = [
            (self._state.jobs[job_id].job, self._state.items[job_id][ordinal].external_id, document.groups)
            for (job_id, ordinal), document in self._state.intake.items()
        ]
        return [(name, groups) for job, name, groups in held if job.source_id == source_id and name in external_ids]

    async def supersede(self, source_id: UUID, external_ids: Sequence[str]) -> None:
        for job_id, ordinal in list(self._state.intake):
            job = self._state.jobs[job_id].job
            name = self._state.items[job_id][ordinal].external_id
            if job.source_id == source_id and job.state.is_terminal and name in external_ids:
                del self._state.intake[job_id, ordinal]

    async def awaited(self, source_id: UUID, external_ids: Sequence[str], *, beside: UUID) -> set[str]:
        waiting = [one for one in self._state.intake if one[0] != beside and self._waits(one[0], source_id)]
        return {self._state.items[job_id][ordinal].external_id for job_id, ordinal in waiting} & set(external_ids)

    def _waits(self, job_id: UUID, source_id: UUID) -> bool:
        job = self._state.jobs[job_id].job
        return job.source_id == source_id and not job.state.is_terminal

    async def drop(self, job_id: UUID, ordinals: Sequence[int]) -> None:
        for ordinal in ordinals:
            self._state.intake.pop((job_id, ordinal), None)

    async def drop_emptied(self, job_id: UUID) -> None:
        emptied = [at for at, item in self._state.items[job_id].items() if item.state is ItemState.WITHDRAWN]
        await self.drop(job_id, emptied)

    async def move(self, job_id: UUID, to_job_id: UUID, meant: Mapping[int, UUID]) -> None:
        for ordinal, document_id in meant.items():
            document = self._state.intake.pop((job_id, ordinal))
            self._state.intake[to_job_id, ordinal] = replace(document, document_id=document_id)
            if signed := self._state.handed_in.get(self._key(job_id, ordinal)):
                self._state.handed_in[self._key(job_id, ordinal)] = (signed[0], to_job_id)


@dataclass
class FakeDocumentRegistry(DocumentRegistryInterface):
    """What the documentation service knows. `error`, when set, is raised by every call."""

    sources: dict[UUID, PutSourceRequest] = field(default_factory=dict)
    deleted_sources: set[UUID] = field(default_factory=set)
    places: dict[UUID, dict[str, UUID]] = field(default_factory=dict)
    live: dict[UUID, PutDocumentRequest] = field(default_factory=dict)
    checks: dict[UUID, datetime] = field(default_factory=dict)
    fences: dict[UUID, int] = field(default_factory=dict)
    regrouped: list[dict[str, frozenset[str]]] = field(default_factory=list)
    error: Exception | None = None

    async def put_source(self, source_id: UUID, source: PutSourceRequest) -> None:
        self._check()
        if source_id in self.deleted_sources:
            raise ConflictError("This source was deleted.")
        self._refuse_fenced(source_id, source.fence)
        self.fences[source_id] = self.fences.get(source_id, 0) if source.fence is None else source.fence
        self.sources[source_id] = source

    async def delete_source(self, source_id: UUID) -> int:
        self._check()
        self.deleted_sources.add(source_id)
        if self.sources.pop(source_id, None) is None:
            return 0
        gone = self.places.pop(source_id, {}).values()
        return sum(self.live.pop(one, None) is not None for one in gone)

    async def resolve(self, source_id: UUID, external_ids: Sequence[str]) -> list[ResolvedDocument]:
        self._check()
        if source_id not in self.sources:
            raise NotFoundError("There is no such source.")
        places = self.places.setdefault(source_id, {})
        return [self._resolved(one, places.setdefault(one, new_id())) for one in external_ids]

    async def put_document(self, document_id: UUID, document: PutDocumentRequest) -> None:
        self._check()
        self._refuse_fenced(document.source_id, document.fence)
        if self.places.get(document.source_id, {}).get(document.external_id) != document_id:
            raise ConflictError("This document was deleted.")
        self.live[document_id] = document

    async def documents_of(self, source_id: UUID, *, after: str = "", limit: int = 1_000) -> list[ResolvedDocument]:
        self._check()
        places = sorted(self.places.get(source_id, {}).items())
        return [self._resolved(*one) for one in places if one[0] > after and one[1] in self.live][:limit]

    async def delete_documents(self, document_ids: Sequence[UUID], *, fence: int | None = None) -> None:
        self._check()
        for source_id in [one for one, places in self.places.items() if set(places.values()) & set(document_ids)]:
            self._refuse_fenced(source_id, fence)
        for document_id in document_ids:
            self.live.pop(document_id, None)
            for places in self.places.values():
                for name in [name for name, one in places.items() if one == document_id]:
                    del places[name]

    async def regroup(self, source_id: UUID, groups: Mapping[str, frozenset[str]], *, fence: int | None = None) -> None:
        self._check()
        self._refuse_fenced(source_id, fence)
        self.regrouped.append(dict(groups))
        for name, document_id in self.places.get(source_id, {}).items():
            if name in groups and (live := self.live.get(document_id)):
                self.live[document_id] = live.model_copy(update={"groups": sorted(groups[name])})

    async def rename(self, source_id: UUID, renamed: Mapping[str, str], *, fence: int | None = None) -> None:
        self._check()
        self._refuse_fenced(source_id, fence)
        places = self.places.get(source_id, {})
        for old, new in renamed.items():
            if old in places and places.get(new) not in self.live:
                places[new] = places.pop(old)

    async def checked(self, source_id: UUID, at: datetime) -> None:
        self._check()
        if source_id in self.sources:
            self.checks[source_id] = at

    def titles(self) -> list[str]:
        """Of what can be found."""
        return sorted(document.title for document in self.live.values())

    def _resolved(self, external_id: str, document_id: UUID) -> ResolvedDocument:
        live = self.live.get(document_id)
        return ResolvedDocument(
            external_id=external_id,
            document_id=document_id,
            content_hash=live.content_hash if live else None,
            source_version=live.source_version if live else "",
        )

    def _refuse_fenced(self, source_id: UUID, fence: int | None) -> None:
        if fence is not None and fence < self.fences.get(source_id, 0):
            raise FencedError("Another worker has this source now.")

    def _check(self) -> None:
        if self.error is not None:
            raise self.error


@dataclass
class FakeVisibleDocuments(VisibleDocumentsInterface):
    """By the groups of what the registry knows."""

    registry: FakeDocumentRegistry

    async def versions(self, document_ids: Sequence[UUID], principal: Principal) -> dict[UUID, str]:
        known = self.registry.live
        return {one: known[one].content_hash for one in document_ids if one in known and self._open(one, principal)}

    def _open(self, document_id: UUID, principal: Principal) -> bool:
        document = self.registry.live[document_id]
        restricted = (document.groups, self.registry.sources[document.source_id].groups)
        return all(not groups or principal.groups & set(groups) for groups in restricted)


@dataclass
class FakePipeline(DocumentPipelineInterface):
    """Indexes everything but what `outcomes` says; raises `error` when it comes to a document of `stops_at`, or at once
    where that is not given. `begins` is called with every group.
    """

    indexed: list[list[str]] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    error: Exception | None = None
    stops_at: str | None = None
    begins: Callable[[], None] = lambda: None
    marked: str = "model"

    async def mark(self) -> str:
        return self.marked

    async def index(
        self, source: Source, documents: Sequence[SourceDocument], *, full: bool, fence: int
    ) -> AsyncIterator[tuple[str, Outcome]]:
        self.begins()
        names = [document.external_id for document in documents]
        for name in names:
            if self.error is not None and self.stops_at in {None, name}:
                raise self.error
            yield name, self.outcomes.get(name, Outcome(ItemState.INDEXED))
        self.indexed.append(names)


@dataclass
class FakeJobWork(JobWorkInterface):
    """Does nothing, or raises what it is told to, once for each error."""

    performed: list[Job] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    undone: str | None = None

    async def perform(self, job: Job) -> str | None:
        self.performed.append(job)
        if self.errors:
            raise self.errors.pop(0)
        return self.undone
