"""Who created each source, and who handed in what a job brings."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    for table in ("sources", "jobs"):
        op.add_column(table, sa.Column("created_by", sa.Uuid(), nullable=True))


def downgrade() -> None:
    for table in ("jobs", "sources"):
        op.drop_column(table, "created_by")
