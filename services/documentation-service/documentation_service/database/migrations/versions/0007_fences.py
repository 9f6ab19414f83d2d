"""Which worker has a source, and what a source calls the version of a document."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("sources", sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("documents", sa.Column("source_version", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("documents", "source_version")
    op.drop_column("sources", "fence")
