"""Keyset pagination: ids are UUIDv7, so their order is the order of creation."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, true
from sqlalchemy.orm import InstrumentedAttribute


def past(column: InstrumentedAttribute[UUID], after: UUID | None) -> ColumnElement[Any]:
    """The condition for the rows of the next page; all rows if there was none before."""
    return column > after if after else true()
