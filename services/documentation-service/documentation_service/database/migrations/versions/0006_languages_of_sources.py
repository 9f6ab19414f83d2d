"""The languages that the documents of a source are stemmed in."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    languages: sa.Column[list[str]] = sa.Column(
        "languages", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False
    )
    op.add_column("sources", languages)
    # Which ones the documents were stemmed in that are there already is not known: it may be any.
    op.execute("UPDATE sources SET languages = '{en,da,de,es,fr,it,nl,pt,sv}'")


def downgrade() -> None:
    op.drop_column("sources", "languages")
