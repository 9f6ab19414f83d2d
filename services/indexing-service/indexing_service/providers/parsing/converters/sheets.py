"""Spreadsheets: each sheet under its name, its tables as Markdown tables."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any

from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from flash_core.errors import InvalidInputError
from indexing_service.interfaces.parsing import Converted
from indexing_service.providers.parsing.markdown import heading, joined, one_line, table
from indexing_service.providers.parsing.packages import check_package

_Grid = list[list[str]]


def convert(data: bytes) -> Converted:
    """Hidden sheets are left out: nobody who opens the file sees them."""
    if data.startswith(b"PK"):
        check_package(data)
    book = CalamineWorkbook.from_filelike(BytesIO(data))
    blocks: list[str] = []
    for about in book.sheets_metadata:
        if about.visible is SheetVisibleEnum.Visible and about.typ is SheetTypeEnum.WorkSheet:
            tables = list(_tables(_grid(book.get_sheet_by_name(about.name))))
            blocks += [heading(about.name, 2), *tables] if tables else []
    if not blocks:
        raise InvalidInputError("Its sheets are empty.")
    return Converted("", joined(blocks))


def _grid(sheet: Any) -> _Grid:
    rows = [[_shown(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        _spread(rows, top, left, bottom, right)
    return rows


def _spread(rows: _Grid, top: int, left: int, bottom: int, right: int) -> None:
    """A merged cell stands above (or beside) all that it spans: each of those needs its words."""
    if top >= len(rows) or left >= len(rows[top]) or not rows[top][left]:
        return
    for row in rows[top : bottom + 1]:
        row[left : right + 1] = [rows[top][left]] * len(row[left : right + 1])


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    if isinstance(value, date | time | timedelta):
        return str(value)
    return one_line(str(value))


def _tables(rows: _Grid) -> Iterator[str]:
    """What empty rows and columns divide are tables of their own; a single cell is a line of text."""
    for upper, lower in _runs([any(row) for row in rows]):
        band = rows[upper:lower]
        for left, right in _runs([any(row[at] for row in band) for at in range(len(band[0]))]):
            part = [row[left:right] for row in band]
            cells = [cell for row in part for cell in row if cell]
            yield table(part) if len(cells) > 1 else cells[0]


def _runs(used: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Where the longest runs of what is used begin and end."""
    start: int | None = None
    for at, one in enumerate([*used, False]):
        if one and start is None:
            start = at
        elif not one and start is not None:
            yield start, at
            start = None
