"""Tables of the storage format, in the shape that Markdown has for tables: each row has all columns, on one line."""

import copy
import re
from typing import Final

from bs4 import BeautifulSoup, Tag

_MOST_ROWS: Final = 200
"""A cell that goes on for longer is a mistake, or meant to cost memory."""
_MOST_COLUMNS: Final = 20
_ROOM: Final = 20_000
_TIMES: Final = 3
"""What is repeated may take up as many characters, and as many times those of the page: more help no reader."""
_PIPE = re.compile(r"(?<!\\)\|")


def spread(soup: BeautifulSoup, characters: int) -> None:
    """A cell over several rows stands in each of them: every row then says all that it is about. `characters`: those
    of the page.
    """
    room = _ROOM + _TIMES * characters
    for cell in soup.find_all(["td", "th"], attrs={"colspan": True}):
        cell["colspan"] = str(min(_width(cell), _MOST_COLUMNS))
    for cell in soup.find_all(["td", "th"], attrs={"rowspan": True}):
        rows = str(cell.attrs.pop("rowspan"))
        if room > 0 and rows.isdecimal() and isinstance(cell.parent, Tag) and cell.find("table") is None:
            room -= _repeat(cell, cell.parent, min(int(rows[:9]), _MOST_ROWS) - 1, room)


def _repeat(cell: Tag, row: Tag, times: int, room: int) -> int:
    """Returns how much room it took, as the passing of other cells does."""
    before = cell.find_previous_siblings(["td", "th"])
    column = sum(map(_width, before))
    a_time = len(str(cell)) + len(before)
    rows = row.find_next_siblings("tr", limit=max(times, 1))[: max(times, 0)]
    for below in rows[: room // a_time]:
        same = copy.copy(cell)
        pushed = _cell_at(below, column)
        if pushed is None:
            below.append(same)
        else:
            pushed.insert_before(same)
    return len(before) + a_time * len(rows)


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
