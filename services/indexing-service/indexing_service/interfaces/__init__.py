"""What the use cases of indexing need, and the words that they speak in."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, Protocol
from uuid import UUID

from flash_core.interfaces.persistence import UnitOfWorkInterface
from flash_core.models.user import Principal
from flash_core.schemas.indexing import JobCounts, JobState, SourceType
from indexing_service.interfaces.syncing import KnownRepositoryInterface, Plan, SyncState

DocumentFormat = Literal[
    "markdown",
    "text",
    "html",
    "rst",
    "csv",
    "mail",
    "pdf",
    "docx",
    "pptx",
    "spreadsheet",
    "outlook",
    "notebook",
    "epub",
]
TextFormat = DocumentFormat


@dataclass(frozen=True, slots=True)
class Source:
    """Where documents come from. `is_default` marks the one that takes uploads for which none was named.

    `sealed_credentials`: as the vault keeps them. `next_sync_at`: when its schedule wants the next sync.
    """

    id: UUID
    type: SourceType
    name: str
    config: Mapping[str, Any]
    groups: frozenset[str]
    schedule: str | None
    created_at: datetime
    is_default: bool = False
    last_job_id: UUID | None = None
    sealed_credentials: bytes | None = field(default=None, repr=False)
    next_sync_at: datetime | None = None
    sync: SyncState = field(default_factory=SyncState)
    created_by: UUID | None = None

    def visible_to(self, groups: frozenset[str]) -> bool:
        return not self.groups or bool(self.groups & groups)

    def managed_by(self, user: Principal) -> bool:
        """Editors open, change and look into nothing that is closed to them, but for what they made themselves."""
        return user.is_admin or (user.is_editor and (self.visible_to(user.groups) or self.created_by == user.user_id))


class JobKind(StrEnum):
    """SYNC makes the index equal to the source; DOCUMENTS brings in what was handed in with the job."""

    SYNC = "sync"
    DOCUMENTS = "documents"


class Phase(StrEnum):
    QUEUED = "queued"
    LISTING = "listing"
    INDEXING = "indexing"
    CLEANING = "cleaning"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Job:
    """`attempt` counts the workers that held it: the fencing token within this database. `fence` is the same for what
    other services keep: higher than that of every claim before, of whatever job. `listed`: its items are known.

    `cleans`: the listing was complete, so what it does not hold is to be removed. `postponed` counts the times in a
    row that a service it needs was away. `problem` is what stopped or delays the job as a whole. `current` is the
    document that was begun last; `held_deletions` wait for an approval, which `allow_deletions` is. `seen`: documents
    that its listing has come across; `done`: those that it has worked on since, for `worked_seconds`.
    `request_name`: what it was asked for by, the same for every try of that request.
    """

    id: UUID
    source_id: UUID
    kind: JobKind
    created_at: datetime
    full: bool = False
    state: JobState = JobState.QUEUED
    phase: Phase = Phase.QUEUED
    attempt: int = 0
    fence: int = 0
    listed: bool = False
    cleans: bool = False
    postponed: int = 0
    cancel_requested: bool = False
    problem: str | None = None
    retried_as: UUID | None = None
    allow_deletions: bool = False
    cursor: str | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    current: str = ""
    seen: int = 0
    done: int = 0
    worked_seconds: float = 0.0
    held_deletions: int | None = None
    request_name: str | None = None
    created_by: UUID | None = None
    started_at: datetime | None = None
    heartbeat_at: datetime | None = None
    finished_at: datetime | None = None


class ItemState(StrEnum):
    """What became of one document of a job. WITHDRAWN: there is nothing in it that could be shown (any more);
    SKIPPED: left as it was. GONE ones the source says that it does not have any more; DELETED ones were found in the
    index, not in the source. Neither are among what was found.
    """

    PENDING = "pending"
    INDEXED = "indexed"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    FAILED = "failed"
    GONE = "gone"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Item:
    """`tries`: how many workers began it without an end; one that ends its workers is tried alone, then no more.

    `version`: what the source calls the state that it is in; the same one, the same document. Empty: it does not say.
    `again`: an earlier turn of the job began it, too.
    """

    ordinal: int
    external_id: str
    state: ItemState = ItemState.PENDING
    reason: str = ""
    tries: int = 0
    version: str = ""
    again: bool = False


ProblemKey = tuple[int, int]
"""Where a problem stands in its job: what failed (0) before what was left out (1), and then by ordinals."""


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A document as its source gives it. `title` None: it is in the text, or the name must do.

    `updated_at` None: not known. `modified_at` is used then, but a change of it alone is no change of the document.
    `version`: what the source calls this state of it.
    `document_id`: what it is to become; if that was deleted meanwhile it is not to come back. None: whatever is there.
    """

    external_id: str
    content: str | bytes
    format: DocumentFormat
    modified_at: datetime
    title: str | None = None
    url: str | None = None
    path: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()
    updated_at: datetime | None = None
    version: str = ""
    document_id: UUID | None = None

    @property
    def size(self) -> int:
        return len(self.content)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a document; `reason` is for its owner, where it did not become searchable."""

    state: ItemState
    reason: str = ""


class SourceRepositoryInterface(Protocol):
    @abstractmethod
    async def add(self, source: Source) -> None: ...

    @abstractmethod
    async def get(self, source_id: UUID, *, locked: bool = False) -> Source | None: ...

    @abstractmethod
    async def default(self, candidate: Source) -> Source:
        """The default source; `candidate` becomes it if there is none, whoever else tries at the same time."""

    @abstractmethod
    async def page(self, reader: Principal | None, after: UUID | None, limit: int) -> list[Source]:
        """Ordered by id; only those that are visible to `reader` or managed by him, all if None."""

    @abstractmethod
    async def update(self, source: Source) -> None:
        """Name, configuration, credentials, groups and schedule."""

    @abstractmethod
    async def synced(self, source_id: UUID, state: SyncState) -> None:
        """What the last sync left."""

    @abstractmethod
    async def due(self, limit: int) -> tuple[datetime, list[Source]]:
        """What time it is, and those whose next sync is due by then, each held by this transaction alone."""

    @abstractmethod
    async def delete(self, source_id: UUID) -> None:
        """With its jobs; a worker that holds one is fenced."""


@dataclass(frozen=True, slots=True)
class JobQuery:
    """A page of jobs, newest first, behind (older than) `before`; with an `editor` those that he may look into."""

    limit: int
    before: UUID | None = None
    source_id: UUID | None = None
    state: JobState | None = None
    editor: Principal | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many jobs have not ended, and when the first of those that wait was made."""

    waiting: int
    running: int
    oldest: datetime | None


class JobRepositoryInterface(Protocol):
    """Jobs. Methods that take a claimed `job` raise `FencedError` when another worker, or nobody, holds it now."""

    @abstractmethod
    async def add(self, job: Job) -> None:
        """`ConflictError` for a second sync of a source that has one which waits for its first turn, and for a second
        job of the same request.
        """

    @abstractmethod
    async def get(self, job_id: UUID, *, locked: bool = False) -> Job | None: ...

    @abstractmethod
    async def named(self, request_name: str) -> Job | None: ...

    @abstractmethod
    async def active_sync(self, source_id: UUID) -> Job | None:
        """The first one that has not ended."""

    @abstractmethod
    async def waiting_sync(self, source_id: UUID) -> Job | None:
        """The one whose first turn is still to come; it can't come before this transaction ends."""

    @abstractmethod
    async def widen(self, job_id: UUID, *, full: bool, allow_deletions: bool) -> None:
        """A sync that waits does this, too; with a listing of its own, whatever it was to do before."""

    @abstractmethod
    async def page(self, query: JobQuery) -> list[Job]: ...

    @abstractmethod
    async def backlog(self) -> Backlog:
        """Of all sources; jobs that wait for their source to answer again wait, too."""

    @abstractmethod
    async def waits(self) -> bool:
        """Whether there is a job that `claim` would give."""

    @abstractmethod
    async def claim(self, lease_seconds: float, *, only: JobKind | None = None) -> Job | None:
        """The job that may run and has waited longest, since it came or since its last turn, or one whose worker fell
        silent, with its next attempt.

        A source has one running job at a time, its oldest; so none waits for another source's.
        """

    @abstractmethod
    async def settled_fence(self) -> int:
        """Whatever was written under this fence or a lower one, nobody is at work with any more."""

    @abstractmethod
    async def extend(self, job: Job, lease_seconds: float) -> bool:
        """Keep the job; whether its cancellation was asked for."""

    @abstractmethod
    async def hold(self, job: Job) -> None:
        """Make sure that the job stays this worker's until the transaction ends."""

    @abstractmethod
    async def advance(self, job: Job, phase: Phase) -> None: ...

    @abstractmethod
    async def planned(self, job: Job, plan: Plan) -> None:
        """Its items are known: it goes on with them, whoever works on it."""

    @abstractmethod
    async def reached(self, job: Job, external_id: str) -> None:
        """The document that is worked on now."""

    @abstractmethod
    async def seen(self, job: Job, documents: int) -> None:
        """So far its listing is."""

    @abstractmethod
    async def next_id(self, source_id: UUID) -> UUID:
        """Behind those of all jobs of the source, whatever this machine's clock says, while the source is locked."""

    @abstractmethod
    async def held(self, job: Job, deletions: int | None) -> None:
        """So many wait for an approval."""

    @abstractmethod
    async def release(self, job: Job, *, after_seconds: float = 0, problem: str | None = None) -> None:
        """Give it back to the queue, to run again after a while; with a `problem` it counts as postponed."""

    @abstractmethod
    async def progressed(self, job: Job, documents: int) -> None:
        """So many more are done: it is not stuck, what delayed it is over."""

    @abstractmethod
    async def finish(self, job_id: UUID, state: JobState, counts: JobCounts, problem: str | None) -> None: ...

    @abstractmethod
    async def request_cancel(self, job_id: UUID) -> None: ...

    @abstractmethod
    async def retried(self, job_id: UUID, as_job_id: UUID) -> None: ...

    @abstractmethod
    async def forget(self, *, older_than: timedelta, idle_older_than: timedelta, limit: int) -> int:
        """Jobs that ended so long ago, syncs that changed nothing sooner, with all that belongs to them; not the
        newest one of a source. Returns how many.
        """


class ItemRepositoryInterface(Protocol):
    """The documents of jobs; what a job has done is counted from them."""

    @abstractmethod
    async def add(self, job_id: UUID, items: Sequence[Item]) -> None: ...

    @abstractmethod
    async def replace(self, job_id: UUID, items: Sequence[Item]) -> None:
        """Forget an earlier listing of the job and keep this one."""

    @abstractmethod
    async def pending(self, job_id: UUID, *, after: int, limit: int) -> list[Item]:
        """Ordered by their ordinals, behind `after`."""

    @abstractmethod
    async def to_retry(self, job_id: UUID) -> list[Item]:
        """Those that failed or were cancelled."""

    @abstractmethod
    async def begin(self, job_id: UUID, ordinals: Sequence[int]) -> None:
        """Count a try of each."""

    @abstractmethod
    async def forgive(self, job_id: UUID) -> None:
        """Forget the tries of what is pending, but not that there were some: it was not the documents' fault."""

    @abstractmethod
    async def settle(self, job_id: UUID, items: Sequence[Item]) -> None:
        """Store state and reason of these."""

    @abstractmethod
    async def end_pending(self, job_id: UUID, state: ItemState, reason: str) -> None:
        """What has not come to its end; of what was handed in also what was found empty and has not left yet."""

    @abstractmethod
    async def not_listed(self, job_id: UUID, external_ids: Sequence[str]) -> list[str]:
        """Those of `external_ids` that the job's listing does not hold, or holds as withdrawn."""

    @abstractmethod
    async def gone(self, job_id: UUID) -> list[str]:
        """What the source said is gone, and what was found to be so when it was fetched."""

    @abstractmethod
    async def mark_deleted(self, job_id: UUID, external_ids: Sequence[str]) -> None:
        """Count these as deleted, each once."""

    @abstractmethod
    async def counts(self, job_id: UUID) -> JobCounts:
        """From the rows; those of a job that has ended from what was counted then."""

    @abstractmethod
    async def problems(self, job_id: UUID, limit: int, *, after: ProblemKey | None = None) -> list[Item]:
        """What failed, then what was left out, behind `after`."""

    @abstractmethod
    async def problem_count(self, job_id: UUID) -> int: ...

    @abstractmethod
    async def forget_successes(self, job_id: UUID) -> None:
        """An ended job keeps only the rows that say something about a problem."""


class IntakeRepositoryInterface(Protocol):
    """Documents that were handed in and are not indexed yet, by job and ordinal."""

    @abstractmethod
    async def add(self, job_id: UUID, documents: Mapping[int, SourceDocument]) -> None: ...

    @abstractmethod
    async def get(self, job_id: UUID, ordinal: int) -> SourceDocument | None: ...

    @abstractmethod
    async def kept(self, job_id: UUID) -> set[int]:
        """The ordinals of what is still there and was not handed in anew since."""

    @abstractmethod
    async def sign(self, job: Job, external_ids: Sequence[str], user_id: UUID) -> None:
        """This user hands these in, with this job."""

    @abstractmethod
    async def signed_by(self, user_id: UUID, source_id: UUID, external_ids: Sequence[str]) -> set[str]:
        """Those of these that nobody handed in after this user did."""

    @abstractmethod
    async def groups_of(self, source_id: UUID, external_ids: Sequence[str]) -> list[tuple[str, frozenset[str]]]:
        """Name and groups of each of these that jobs of the source hold."""

    @abstractmethod
    async def supersede(self, source_id: UUID, external_ids: Sequence[str]) -> None:
        """Forget what jobs of the source that have ended still hold of these: there is something newer."""

    @abstractmethod
    async def awaited(self, source_id: UUID, external_ids: Sequence[str], *, beside: UUID) -> set[str]:
        """Those of these that a job of the source which has not ended holds, but for this one."""

    @abstractmethod
    async def drop(self, job_id: UUID, ordinals: Sequence[int]) -> None: ...

    @abstractmethod
    async def drop_emptied(self, job_id: UUID) -> None:
        """What was found to have nothing in it."""

    @abstractmethod
    async def move(self, job_id: UUID, to_job_id: UUID, meant: Mapping[int, UUID]) -> None:
        """Documents by their ordinals, to become these."""


class IndexingUnitOfWorkInterface(UnitOfWorkInterface, Protocol):
    sources: SourceRepositoryInterface
    jobs: JobRepositoryInterface
    items: ItemRepositoryInterface
    intake: IntakeRepositoryInterface
    known: KnownRepositoryInterface


UnitOfWorkFactory = Callable[[], IndexingUnitOfWorkInterface]


class DocumentPipelineInterface(Protocol):
    """The way of documents into the index. Every step may be repeated without harm."""

    @abstractmethod
    async def mark(self) -> str:
        """Names all, beside a document itself, that its place in the index depends on: the model and the chunker."""

    @abstractmethod
    def index(
        self, source: Source, documents: Sequence[SourceDocument], *, full: bool, fence: int
    ) -> AsyncIterator[tuple[str, Outcome]]:
        """Make these versions the searchable ones; yields what became of each, by external id, as soon as it is known.

        `full`: also those that are unchanged. What is wrong with one document is its outcome alone. Raises a retryable
        `FlashError` when a service it needs stays away, `FencedError` when a job of a later `fence` has the source;
        what was yielded before holds.
        """


class JobWorkInterface(Protocol):
    """All that a claimed job does, in steps that each may be repeated."""

    @abstractmethod
    async def perform(self, job: Job) -> str | None:
        """From where it stands to the end; returns what it had to leave undone, if anything. Raises a retryable
        `FlashError` when something it needs is away, any other one when the job as a whole can't succeed,
        `FencedError` when it is another's by now.
        """


class CredentialVaultInterface(Protocol):
    """Keeps what opens a source unreadable where it is stored."""

    @abstractmethod
    def seal(self, source_id: UUID, credentials: Mapping[str, str]) -> bytes:
        """For this source alone: under another id they can't be opened."""

    @abstractmethod
    def open(self, source_id: UUID, sealed: bytes) -> Mapping[str, str]:
        """`UpstreamRejectedError`, saying what to do, when no key that is set opens them."""
