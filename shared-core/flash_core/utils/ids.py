"""Identifiers: UUIDv7, so that new rows stand at the end of an index and a list sorts by time."""

from uuid import UUID

import uuid_utils


def new_id(*, after: UUID | None = None) -> UUID:
    """A UUIDv7 (RFC 9562) as the standard library's type, behind `after` whatever the clock says."""
    made = UUID(int=uuid_utils.uuid7().int)
    return made if after is None or made > after else UUID(int=after.int + 1)
