"""A document and its passages, as every service speaks of them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

EVERYONE = "*"
"""Stands in an index entry's groups for "no restriction": everyone who is logged in."""

NOBODY = " nobody"
"""A group that nobody can be in, because names of groups do not begin with a space: closed to everyone."""


@dataclass(frozen=True, slots=True)
class Document:
    """`text` is what the page shows and what all offsets point into, in code points.

    `groups` narrows the groups of the source; empty means no narrowing. `path` leads from the source's root to the
    document, without its title. `source_version` is what the source calls this state of it; empty: it does not say.
    """

    id: UUID
    source_id: UUID
    external_id: str
    title: str
    path: tuple[str, ...]
    url: str | None
    text: str
    groups: frozenset[str]
    content_hash: str
    updated_at: datetime
    source_version: str = ""
