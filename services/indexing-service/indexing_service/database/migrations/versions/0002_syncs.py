"""What is remembered of sources between their syncs, their credentials, and what syncs leave undone."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _of_sources() -> list[sa.Column[Any]]:
    return [
        sa.Column("sealed_credentials", sa.LargeBinary(), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_deletions", sa.Integer(), nullable=True),
        sa.Column("next_sync_at", sa.DateTime(timezone=True), nullable=True),
    ]


def _of_jobs() -> list[sa.Column[Any]]:
    return [
        sa.Column("allow_deletions", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("renamed", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("current", sa.Text(), server_default="", nullable=False),
        sa.Column("held_deletions", sa.Integer(), nullable=True),
    ]


def upgrade() -> None:
    for column in _of_sources():
        op.add_column("sources", column)
    op.create_index(op.f("ix_sources_next_sync_at"), "sources", ["next_sync_at"], unique=False)
    for column in _of_jobs():
        op.add_column("jobs", column)
    op.add_column("job_items", sa.Column("version", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "known_documents",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("groups", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "external_id", name=op.f("pk_known_documents")),
    )


def downgrade() -> None:
    op.drop_table("known_documents")
    op.drop_column("job_items", "version")
    for column in reversed(_of_jobs()):
        op.drop_column("jobs", column.name)
    op.drop_index(op.f("ix_sources_next_sync_at"), table_name="sources")
    for column in reversed(_of_sources()):
        op.drop_column("sources", column.name)
