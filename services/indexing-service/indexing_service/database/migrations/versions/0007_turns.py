"""Syncs that wait behind a running one, how fast jobs are, and which document an upload is meant to become."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ACTIVE = "kind = 'sync' AND state IN ('queued', 'running')"
_WAITING = "kind = 'sync' AND state = 'queued' AND attempt = 0"


def _unique(name: str, where: str) -> None:
    op.create_index(name, "jobs", ["source_id"], unique=True, postgresql_where=sa.text(where))


def upgrade() -> None:
    for name, kind in (("seen", sa.Integer()), ("done", sa.Integer()), ("worked_seconds", sa.Float())):
        op.add_column("jobs", sa.Column(name, kind, server_default=sa.text("0"), nullable=False))
    op.drop_index("uq_jobs_active_sync", table_name="jobs")
    _unique("uq_jobs_waiting_sync", _WAITING)
    op.create_index(op.f("ix_jobs_finished_at"), "jobs", ["finished_at"])
    op.add_column("job_items", sa.Column("again", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("intake", sa.Column("document_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("intake", "document_id")
    op.drop_column("job_items", "again")
    op.drop_index(op.f("ix_jobs_finished_at"), table_name="jobs")
    op.drop_index("uq_jobs_waiting_sync", table_name="jobs")
    _unique("uq_jobs_active_sync", _ACTIVE)
    for name in ("worked_seconds", "done", "seen"):
        op.drop_column("jobs", name)
