"""Sources are looked at by schedules that are understood; those that had none get the usual one."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_USUAL = sa.text(
    "UPDATE sources SET schedule = CASE type WHEN 'confluence' THEN '1m' ELSE '5m' END"
    " WHERE type <> 'upload' AND coalesce(schedule, '') !~ '^([1-9][0-9]?[mh]|[12]?[1-9]d)$'"
)
_DUE = sa.text("UPDATE sources SET next_sync_at = now() WHERE type <> 'upload'")


def upgrade() -> None:
    op.execute(_USUAL)
    op.execute(_DUE)


def downgrade() -> None:
    op.execute(sa.text("UPDATE sources SET next_sync_at = NULL"))
