"""Lists go on where they ended, and only with cursors that they gave out."""

from uuid import uuid4

import pytest

from flash_core.errors import BadRequestError
from flash_core.web.pagination import PageRequest, page_of, page_request

ROWS = ["ä", "b", "c", "d", "e"]


def test_pages_follow_each_other_to_the_end() -> None:
    shown: list[str] = []
    cursor = None
    for _ in range(3):
        request = page_request(limit=2, cursor=cursor)
        rows = [row for row in ROWS if request.after is None or ROWS.index(row) > ROWS.index(request.after)]
        page = page_of(rows[: request.rows], request, key=lambda row: row, item=str.upper)
        shown += page.items
        cursor = page.next_cursor
    assert (shown, cursor) == (["Ä", "B", "C", "D", "E"], None)


def test_a_page_that_is_just_full_is_the_last() -> None:
    request = page_request(limit=2)
    assert page_of(["a", "b"], request, key=str, item=str).next_cursor is None
    assert page_of([], request, key=str, item=str).items == []


@pytest.mark.parametrize("cursor", ["?", "a", "\u00e4\u00e4\u00e4", "gICA"])
def test_a_cursor_that_no_list_gave_out_is_refused(cursor: str) -> None:
    with pytest.raises(BadRequestError):
        page_request(cursor=cursor)


def test_a_cursor_of_a_list_by_id_holds_an_id() -> None:
    one = uuid4()
    assert PageRequest(after=str(one)).after_id == one
    assert PageRequest().after_id is None
    with pytest.raises(BadRequestError):
        _ = PageRequest(after="no id").after_id
