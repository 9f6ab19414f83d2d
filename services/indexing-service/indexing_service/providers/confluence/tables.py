"""Tables of the storage format, in the shape that Markdown has for tables: each row has all columns, on one line."""

import copy
import re
from typing import Final

from bs4 import BeautifulSoup, Tag

_MOST_ROWS: Final = 200
"""A cell that goes on for longer is a mistake, or meant to cost memory."""
_PIPE = re.compile(r"(?<!\\)\|")


def spread(soup: BeautifulSoup) -> None:
    """A cell over several rows stands in each of them: every row then says all that it is about."""
    for cell in soup.find_all(["td", "th"], attrs={"rowspan": True}):
        rows = str(cell.attrs.pop("rowspan"))
        if rows.isdecimal() and isinstance(cell.parent, Tag) and cell.find("table") is None:
            _repeat(cell, cell.parent, min(int(rows[:9]), _MOST_ROWS) - 1)


def _repeat(cell: Tag, row: Tag, times: int) -> None:
    column = sum(map(_width, cell.find_previous_siblings(["td", "th"])))
    for below in row.find_next_siblings("tr", limit=max(times, 1))[: max(times, 0)]:
        same = copy.copy(cell)
        before = _cell_at(below, column)
        if before is None:
            below.append(same)
        else:
            before.insert_before(same)


def _cell_at(row: Tag, column: int) -> Tag | None:
    """The cell of a row that a new one at `column` pushes to the right."""
    reached = 0
    for cell in row.find_all(["td", "th"], recursive=False):
        if reached >= column:
            return cell
        reached += _width(cell)
    return None


def _width(cell: Tag) -> int:
    columns = str(cell.get("colspan", "1"))
    return int(columns[:3]) if columns.isdecimal() else 1


def flatten(text: str) -> str:
    """The Markdown of a cell on one line; a bar would end it."""
    return _PIPE.sub(r"\\|", " ".join(text.split()))
