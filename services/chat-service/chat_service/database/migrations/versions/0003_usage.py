"""What answers have used."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "usage",
        sa.Column("answer_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger(), nullable=False),
        sa.Column("completion_tokens", sa.BigInteger(), nullable=False),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("cost", sa.Numeric(), nullable=True),
        sa.PrimaryKeyConstraint("answer_id", name=op.f("pk_usage")),
    )
    op.create_index("ix_usage_user", "usage", ["user_id", "ended_at"], unique=False)
    op.create_index("ix_usage_time", "usage", ["ended_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_usage_time", table_name="usage")
    op.drop_index("ix_usage_user", table_name="usage")
    op.drop_table("usage")
