"""Tables of the indexing database. No other service reads them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from flash_core.database.base import OutboxColumns, service_metadata

METADATA = service_metadata()
_ACTIVE = text("state IN ('queued', 'running')")


class IndexingBase(DeclarativeBase):
    metadata = METADATA


class OutboxRow(OutboxColumns, IndexingBase):
    pass


class SourceRow(IndexingBase):
    """At most one source is the default one."""

    __tablename__ = "sources"
    __table_args__ = (Index("uq_sources_default", "is_default", unique=True, postgresql_where=text("is_default")),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    config: Mapped[dict[str, Any]] = mapped_column(JSONB)
    groups: Mapped[list[str]] = mapped_column(ARRAY(Text))
    schedule: Mapped[str | None] = mapped_column(Text)
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sealed_credentials: Mapped[bytes | None]
    cursor: Mapped[str | None] = mapped_column(Text)
    listed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    checked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    held_deletions: Mapped[int | None]
    next_sync_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), index=True)


class KnownDocumentRow(IndexingBase):
    """A document as it was taken up last. Without a foreign key: a worker that holds its job may not wait for the
    source's row, which whoever deletes the source has locked while waiting for the job.
    """

    __tablename__ = "known_documents"

    source_id: Mapped[UUID] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    version: Mapped[str] = mapped_column(Text)
    groups: Mapped[list[str]] = mapped_column(ARRAY(Text))
    mark: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)


class JobRow(IndexingBase):
    """`counts` is null until the job has ended. At most one sync of a source waits for its first turn."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index(
            "uq_jobs_waiting_sync",
            "source_id",
            unique=True,
            postgresql_where=text("kind = 'sync' AND state = 'queued' AND attempt = 0"),
        ),
        Index("ix_jobs_active", "source_id", "id", postgresql_where=_ACTIVE),
        Index(None, "source_id", "id"),
        Index(None, "finished_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(Text)
    full: Mapped[bool] = mapped_column(server_default=text("false"))
    state: Mapped[str] = mapped_column(Text)
    phase: Mapped[str] = mapped_column(Text)
    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    fence: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    listed: Mapped[bool] = mapped_column(server_default=text("false"))
    cleans: Mapped[bool] = mapped_column(server_default=text("false"))
    postponed: Mapped[int] = mapped_column(server_default=text("0"))
    cancel_requested: Mapped[bool] = mapped_column(server_default=text("false"))
    problem: Mapped[str | None] = mapped_column(Text)
    retried_as: Mapped[UUID | None]
    allow_deletions: Mapped[bool] = mapped_column(server_default=text("false"))
    cursor: Mapped[str | None] = mapped_column(Text)
    renamed: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")
    current: Mapped[str] = mapped_column(Text, server_default="")
    seen: Mapped[int] = mapped_column(server_default=text("0"))
    done: Mapped[int] = mapped_column(server_default=text("0"))
    worked_seconds: Mapped[float] = mapped_column(server_default=text("0"))
    held_deletions: Mapped[int | None]
    created_by: Mapped[UUID | None]
    request_name: Mapped[str | None] = mapped_column(Text, unique=True)
    counts: Mapped[dict[str, int] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    not_before: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    lease_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    heartbeat_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class JobItemRow(IndexingBase):
    """One document of a job. A name is listed once in each job, and deleted at most once."""

    __tablename__ = "job_items"
    __table_args__ = (
        Index("uq_job_items_listed", "job_id", "external_id", unique=True, postgresql_where=text("state <> 'deleted'")),
        Index("uq_job_items_deleted", "job_id", "external_id", unique=True, postgresql_where=text("state = 'deleted'")),
        Index("ix_job_items_pending", "job_id", "ordinal", postgresql_where=text("state = 'pending'")),
    )

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(Text(collation="C"))
    state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, server_default="")
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    again: Mapped[bool] = mapped_column(server_default=text("false"))
    version: Mapped[str] = mapped_column(Text, server_default="")


class IntakeRow(IndexingBase):
    """A document that was handed in, until it is indexed. `content`: text as UTF-8, anything else as it is."""

    __tablename__ = "intake"
    __table_args__ = (
        ForeignKeyConstraint(["job_id", "ordinal"], ["job_items.job_id", "job_items.ordinal"], ondelete="CASCADE"),
    )

    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[UUID | None]
    content: Mapped[bytes]
    format: Mapped[str] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    path: Mapped[list[str]] = mapped_column(ARRAY(Text))
    groups: Mapped[list[str]] = mapped_column(ARRAY(Text))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    modified_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class HandedInRow(IndexingBase):
    """Who handed a document in last, and the job that brings it or brought it. It outlives both: a name that is free
    again can be taken by anyone.
    """

    __tablename__ = "handed_in"

    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True)
    external_id: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    user_id: Mapped[UUID]
    job_id: Mapped[UUID]


class RebuildRow(IndexingBase):
    """The index built anew in another collection. At most one has not ended."""

    __tablename__ = "rebuilds"
    __table_args__ = (Index("uq_rebuilds_active", text("(true)"), unique=True, postgresql_where=_ACTIVE),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    chunker: Mapped[str] = mapped_column(Text)
    dimension: Mapped[int]
    replaced: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    swapped: Mapped[bool] = mapped_column(server_default=text("false"))
    walk: Mapped[int] = mapped_column(server_default=text("0"))
    after: Mapped[UUID | None]
    documents: Mapped[int] = mapped_column(server_default=text("0"))
    fresh: Mapped[int] = mapped_column(server_default=text("0"))
    embedded: Mapped[int] = mapped_column(server_default=text("0"))
    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    problem: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    lease_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    heartbeat_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
