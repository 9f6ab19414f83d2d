"""What is handed in may be any bytes."""

from collections.abc import Sequence

from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("ALTER TABLE intake ALTER COLUMN content TYPE bytea USING convert_to(content, 'UTF8')")


def downgrade() -> None:
    op.execute("DELETE FROM intake WHERE format NOT IN ('markdown', 'html', 'text')")
    op.execute("ALTER TABLE intake ALTER COLUMN content TYPE text USING convert_from(content, 'UTF8')")
