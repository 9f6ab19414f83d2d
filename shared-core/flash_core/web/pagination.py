"""`?limit=` and `?cursor=` of every list. A cursor is opaque to clients: the sort key of the last item they have."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Query

from flash_core.errors import BadRequestError
from flash_core.schemas.common import Page

_MAX_LIMIT = 200
ItemT = TypeVar("ItemT")
RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`after` is the sort key of the last item of the page before, None for the first page."""

    limit: int = 50
    after: str | None = None

    @property
    def after_id(self) -> UUID | None:
        """`after` where lists are sorted by id."""
        try:
            return None if self.after is None else UUID(self.after)
        except ValueError as error:
            raise BadRequestError("The cursor is not one of this list.") from error

    @property
    def rows(self) -> int:
        """How many rows to read: one more than is shown, to know whether there is a next page."""
        return self.limit + 1


def page_request(
    limit: Annotated[int, Query(ge=1, le=_MAX_LIMIT)] = 50,
    cursor: Annotated[str | None, Query(max_length=2_000)] = None,
) -> PageRequest:
    """The page that the client asks for; 400 for a cursor that no list gave out."""
    return PageRequest(limit, None if cursor is None else _decoded(cursor))


PageQuery = Annotated[PageRequest, Depends(page_request)]


def page_of(
    rows: Sequence[RowT], request: PageRequest, *, key: Callable[[RowT], object], item: Callable[[RowT], ItemT]
) -> Page[ItemT]:
    """The page, out of up to `request.rows` rows; `key` is the sort key of a row."""
    shown = rows[: request.limit]
    more = len(rows) > request.limit
    return Page(items=[item(row) for row in shown], next_cursor=_encoded(str(key(shown[-1]))) if more else None)


def _encoded(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _decoded(cursor: str) -> str:
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise BadRequestError("The cursor is not one of this list.") from error
