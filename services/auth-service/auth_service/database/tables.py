"""Tables of the auth database. No other service reads them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from flash_core.database.base import service_metadata


class AuthBase(DeclarativeBase):
    metadata = service_metadata()
    type_annotation_map = {str: Text, bytes: LargeBinary, datetime: DateTime(timezone=True), list[str]: ARRAY(Text)}  # noqa: RUF012  # SQLAlchemy's declaration


METADATA = AuthBase.metadata


class AccountRow(AuthBase):
    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("kind = 'service' OR (email IS NOT NULL AND password_hash IS NOT NULL)", name="person"),
        CheckConstraint("kind = 'person' OR secret_hash IS NOT NULL", name="service"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    email: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str | None]
    secret_hash: Mapped[bytes | None]
    roles: Mapped[list[str]]
    disabled: Mapped[bool]
    created_at: Mapped[datetime]


class GroupRow(AuthBase):
    __tablename__ = "groups"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class MembershipRow(AuthBase):
    __tablename__ = "memberships"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    group_id: Mapped[UUID] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True, index=True)


class SessionRow(AuthBase):
    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    user_agent: Mapped[str]


class RefreshTokenRow(AuthBase):
    """Every refresh token that a session has had: a used one that comes again gives the thief away."""

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    used_at: Mapped[datetime | None] = mapped_column(index=True)


class ApiKeyRow(AuthBase):
    __tablename__ = "api_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    prefix: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class SigningKeyRow(AuthBase):
    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(primary_key=True)
    public: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sealed: Mapped[bytes]
    created_at: Mapped[datetime]
    activated_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
