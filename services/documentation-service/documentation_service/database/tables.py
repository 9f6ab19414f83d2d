"""Tables of the documentation database. No other service reads them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, Text, UniqueConstraint, func, text, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from flash_core.database.base import service_metadata

METADATA = service_metadata()


class DocumentationBase(DeclarativeBase):
    metadata = METADATA


class SourceRow(DocumentationBase):
    """A deleted source stays as a tombstone, so that a late write can't bring it back. `version` grows with every
    change of the source or of its documents. `fence` is that of the last worker that began with it.
    """

    __tablename__ = "sources"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    provider: Mapped[str] = mapped_column(Text)
    groups: Mapped[list[str]] = mapped_column(ARRAY(Text))
    version: Mapped[int] = mapped_column(BigInteger, server_default="0")
    checked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    fence: Mapped[int] = mapped_column(BigInteger, server_default="0")
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class DocumentRow(DocumentationBase):
    """`content_hash` is null until the first version is searchable. A deleted document has no row."""

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("source_id", "external_id"),
        Index(None, "source_id", "id", postgresql_where=text("content_hash IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id"))
    external_id: Mapped[str] = mapped_column(Text(collation="C"))
    title: Mapped[str] = mapped_column(Text, server_default="")
    path: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    url: Mapped[str | None] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text, server_default="", deferred=True)
    groups: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    content_hash: Mapped[str | None] = mapped_column(Text)
    source_version: Mapped[str] = mapped_column(Text, server_default="")
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class VectorChoreRow(DocumentationBase):
    """What the vector store has not been told yet."""

    __tablename__ = "vector_chores"

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    target_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now(), index=True)


class AliasRow(DocumentationBase):
    """`folded` is the term as terms are told apart."""

    __tablename__ = "aliases"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    term: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(Text, unique=True)
    synonyms: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class AliasVersionRow(DocumentationBase):
    """One row: how often the aliases have changed. No row is zero."""

    __tablename__ = "alias_version"

    id: Mapped[bool] = mapped_column(primary_key=True, server_default=true())
    version: Mapped[int] = mapped_column(BigInteger)


class CalibrationRow(DocumentationBase):
    """`frequencies` is a MessagePack map of stems to counts."""

    __tablename__ = "calibrations"

    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id"), primary_key=True)
    source_version: Mapped[int] = mapped_column(BigInteger)
    questions: Mapped[int]
    cosine: Mapped[float]
    passages: Mapped[int]
    frequencies: Mapped[bytes]
    calibrated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
