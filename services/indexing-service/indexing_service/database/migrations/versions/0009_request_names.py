"""Which request a job was made for."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("request_name", sa.Text(), nullable=True))
    op.create_unique_constraint(op.f("uq_jobs_request_name"), "jobs", ["request_name"])


def downgrade() -> None:
    op.drop_constraint(op.f("uq_jobs_request_name"), "jobs")
    op.drop_column("jobs", "request_name")
