"""Identifiers: UUIDv7, so that new rows stand at the end of an index and a list sorts by time."""

from typing import Final
from uuid import UUID, uuid5

import uuid_utils

_REQUESTS: Final = UUID("6f0d5a0e-6b0e-4c55-9d4e-2f6a3c1b7e90")


def new_id(*, after: UUID | None = None) -> UUID:
    """A UUIDv7 (RFC 9562) as the standard library's type, behind `after` whatever the clock says."""
    made = UUID(int=uuid_utils.uuid7().int)
    return made if after is None or made > after else UUID(int=after.int + 1)


def id_for(request_name: str | None) -> UUID:
    """Of what a request makes: the same for every try of one that has a name."""
    return new_id() if request_name is None else uuid5(_REQUESTS, request_name)
