"""Tables of the chat database. No other service reads them."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from flash_core.database.base import OutboxColumns, service_metadata

_Moment = DateTime(timezone=True)


class ChatBase(DeclarativeBase):
    metadata = service_metadata()


METADATA = ChatBase.metadata


class OutboxRow(OutboxColumns, ChatBase):
    pass


class ConversationRow(ChatBase):
    """`client_id` is the name under which the owner's client made it, where one was given."""

    __tablename__ = "conversation"
    __table_args__ = (
        UniqueConstraint("owner_id", "client_id"),
        Index("ix_conversation_recent", "owner_id", text("updated_at DESC"), text("id DESC")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID]
    client_id: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    mode: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(_Moment, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(_Moment, server_default=func.now())


class MessageRow(ChatBase):
    """`place` orders a conversation: it is given out under the conversation's lock, so it grows as commits do.

    An assistant's message has its generation's id. `written` is what `WrittenAnswer` holds beside the content.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("conversation_id", "client_id"),
        Index("uq_message_answer", "generation_id", unique=True, postgresql_where=text("role = 'assistant'")),
        Index("ix_message_place", "conversation_id", "place"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    place: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    role: Mapped[str] = mapped_column(Text)
    content: Mapped[str] = mapped_column(Text)
    client_id: Mapped[str | None] = mapped_column(Text)
    fingerprint: Mapped[str | None] = mapped_column(Text)
    generation_id: Mapped[UUID | None]
    written: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(_Moment, server_default=func.now())


class GenerationRow(ChatBase):
    """The work of answering a question. `place` is its turn in the conversation.

    `announced_at` and `announcements` say when, and how often since the last claim, an event for it left.
    """

    __tablename__ = "generation"
    __table_args__ = (
        UniqueConstraint("message_id", "client_id"),
        Index("uq_generation_running", "conversation_id", unique=True, postgresql_where=text("state = 'running'")),
        Index("ix_generation_place", "conversation_id", "place"),
        Index("ix_generation_unfinished", "announced_at", postgresql_where=text("state IN ('queued', 'running')")),
        Index("ix_generation_message", "message_id", "place"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    message_id: Mapped[UUID] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"))
    place: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    client_id: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    worker: Mapped[str | None] = mapped_column(Text)
    lease_until: Mapped[datetime | None] = mapped_column(_Moment)
    deadline: Mapped[datetime] = mapped_column(_Moment)
    cancel_requested: Mapped[bool] = mapped_column(server_default=text("false"))
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    mode: Mapped[str] = mapped_column(Text)
    filters: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    user_id: Mapped[UUID]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    groups: Mapped[list[str]] = mapped_column(ARRAY(Text))
    request_id: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(_Moment, server_default=func.now())
    announced_at: Mapped[datetime] = mapped_column(_Moment, server_default=func.now())
    announcements: Mapped[int] = mapped_column(server_default=text("0"))
    ended_at: Mapped[datetime | None] = mapped_column(_Moment)


class FactRow(ChatBase):
    """What an answer to the question `message_id` has established. `place` orders a conversation's facts; `digest`
    tells statements of the same words. Names and versions of the documents stand in the order of their ids.
    """

    __tablename__ = "fact"
    __table_args__ = (UniqueConstraint("conversation_id", "digest"),)

    place: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    message_id: Mapped[UUID] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(Text)
    statement: Mapped[str] = mapped_column(Text)
    document_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    titles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    versions: Mapped[list[str]] = mapped_column(ARRAY(Text))


class FeedbackRow(ChatBase):
    """The latest rating of a message by its conversation's owner."""

    __tablename__ = "feedback"

    message_id: Mapped[UUID] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"), primary_key=True)
    rating: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    comment: Mapped[str | None] = mapped_column(Text)
    rated_at: Mapped[datetime] = mapped_column(_Moment, server_default=func.now())


class UsageRow(ChatBase):
    """What one answer has used. No foreign keys: it stays when the conversation is deleted, and holds nothing of it."""

    __tablename__ = "usage"
    __table_args__ = (Index("ix_usage_user", "user_id", "ended_at"), Index("ix_usage_time", "ended_at"))

    answer_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    ended_at: Mapped[datetime] = mapped_column(_Moment, server_default=func.now())
    model: Mapped[str] = mapped_column(Text)
    prompt_tokens: Mapped[int] = mapped_column(BigInteger)
    completion_tokens: Mapped[int] = mapped_column(BigInteger)
    estimated: Mapped[bool]
    cost: Mapped[Decimal | None] = mapped_column(Numeric)
