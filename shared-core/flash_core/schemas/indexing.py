"""Sources, jobs and documents that come in, on the wire."""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, field_validator

from flash_core.schemas.common import GivenUrl, GroupName, Request, Response, Timestamp

ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=600)]
"""As long as an index entry of PostgreSQL can hold in any script."""


Credentials = dict[
    Annotated[str, StringConstraints(max_length=100)], Annotated[str, StringConstraints(max_length=20_000)]
]


class SourceType(StrEnum):
    """The types that there are; a service reads those for which it has a provider."""

    AZURE_DEVOPS_WIKI = "azure_devops_wiki"
    CONFLUENCE = "confluence"
    NOTION = "notion"
    GIT = "git"
    FOLDER = "folder"
    UPLOAD = "upload"


class CreateSourceRequest(Request):
    """`config` by type: folder `{path, include?: [glob], exclude?: [glob]}`; upload `{}`. `groups` empty: everyone."""

    type: str = Field(max_length=50)
    name: str = Field(min_length=1, max_length=200)
    config: dict[str, Any] = Field(default_factory=dict)
    credentials: Credentials | None = Field(default=None, description="Write-only.", repr=False)
    groups: list[GroupName] = Field(default_factory=list, max_length=100)
    schedule: str | None = Field(
        default="default",
        max_length=100,
        description="How often it is looked at for changes: `5m`, `1h`, `1d`, a cron expression in UTC, or null: only "
        "when somebody asks. Left out: as the fleet is set (5m).",
    )


class UpdateSourceRequest(Request):
    name: str | None = Field(default=None, min_length=1, max_length=200)
    config: dict[str, Any] | None = None
    credentials: Credentials | None = Field(default=None, description="Write-only; all or none.", repr=False)
    groups: list[GroupName] | None = Field(default=None, max_length=100)
    schedule: str | None = Field(default=None, max_length=100, description="Null: never. Left out: as it is.")


class SourceResponse(Response):
    id: UUID
    type: str
    name: str
    config: dict[str, Any]
    groups: list[str]
    schedule: str | None
    created_at: Timestamp
    last_job_id: UUID | None = None
    checked_at: Timestamp | None = Field(default=None, description="When the index was last equal to the source.")
    held_deletions: int | None = Field(
        default=None, description="Documents that the source lost; they are removed when a sync allows it."
    )
    next_sync_at: Timestamp | None = Field(default=None, description="When its schedule starts the next sync.")


class CheckResponse(Response):
    ok: bool
    detail: str
    found: dict[str, Any] = Field(default_factory=dict)


class SyncRequest(Request):
    """`full`: also what is unchanged. `allow_deletions`: however many documents the source does not hold any more."""

    full: bool = False
    allow_deletions: bool = False


class JobAcceptedResponse(Response):
    job_id: UUID


class DocumentAcceptedResponse(Response):
    document_id: UUID
    job_id: UUID


class DocumentContent(Request):
    """A NUL in a document refuses nothing: intake writes U+FFFD for it."""

    title: str = Field(min_length=1, max_length=500)
    text: str = Field(max_length=20_000_000)
    format: Literal["markdown", "html", "text"] = "markdown"
    url: GivenUrl | None = Field(default=None, max_length=2_000)
    path: list[Annotated[str, StringConstraints(max_length=500)]] = Field(default_factory=list, max_length=50)
    groups: list[GroupName] = Field(default_factory=list, max_length=100)
    updated_at: Timestamp | None = None

    @field_validator("*")
    @classmethod
    def _has_no_nul(cls, value: object) -> object:
        return value


class IncomingDocument(DocumentContent):
    external_id: ExternalId


class SingleDocumentRequest(DocumentContent):
    """`POST /api/v1/documents` as JSON; without an external id one is made."""

    external_id: ExternalId | None = None
    source_id: UUID | None = None


class BatchRequest(Request):
    source_id: UUID | None = None
    documents: list[IncomingDocument] = Field(min_length=1, max_length=1_000)


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        return self not in {JobState.QUEUED, JobState.RUNNING}


class JobCounts(Response):
    """When a job has ended, found = indexed + unchanged + skipped + failed."""

    found: int = 0
    indexed: int = 0
    unchanged: int = 0
    deleted: int = 0
    skipped: int = 0
    failed: int = 0

    @property
    def settled(self) -> int:
        return self.indexed + self.unchanged + self.skipped + self.failed


class JobProblem(Response):
    document: str
    detail: str


class JobResponse(Response):
    id: UUID
    source_id: UUID
    state: JobState
    phase: str
    counts: JobCounts
    problems: list[JobProblem] = Field(description="The first ones; /problems has all of them.")
    problems_total: int = 0
    current: str | None = Field(default=None, description="The document that is worked on.")
    rate: float | None = Field(default=None, description="Documents a second, over the work so far.")
    seconds_left: float | None = Field(default=None, description="At this rate; null while that can't be said.")
    created_at: Timestamp
    started_at: Timestamp | None
    heartbeat_at: Timestamp | None
    finished_at: Timestamp | None
