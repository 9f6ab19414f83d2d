"""Tables in PDF pages: those that are ruled, and those whose cells stand in columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pypdfium2.raw as pdfium

from indexing_service.providers.parsing.converters.pdf_text import Box, Line, Word, divided
from indexing_service.providers.parsing.markdown import table

_THIN: Final = 3.0
"""Points: what is thinner is a rule."""
_SHORT: Final = 8.0
_NEAR: Final = 3.0
_MAX_RULES: Final = 4_000
_MAX_EDGES: Final = 200
_SMALLEST: Final = 2
_RULED_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Table:
    """Instead of `lines`, which are given by their places among the page's lines."""

    lines: Sequence[int]
    markdown: str


def ruled_tables(page: Any, lines: Sequence[Line]) -> list[Table]:
    """Grids of horizontal and vertical rules, with the words between them."""
    rules = list(_rules(page))
    if not rules or len(rules) > _MAX_RULES:
        return []
    return [found for grid in _grids(rules) if (found := _filled(grid, lines)) is not None]


def aligned_tables(lines: Sequence[Line], taken: set[int]) -> list[Table]:
    """Neighbouring lines whose cells begin (or end) at the same places: a table without rules."""
    found: list[Table] = []
    start = 0
    while start < len(lines):
        end = _aligned_until(lines, taken, start)
        if end - start > _SMALLEST:
            found.append(_aligned(lines, range(start, end)))
        start = max(end, start + 1)
    return found


def _rules(page: Any) -> Iterator[Box]:
    for thing in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_PATH], max_depth=3):
        box = Box(*thing.get_bounds())
        width, height = box.right - box.left, box.top - box.bottom
        if min(width, height) < _THIN and max(width, height) > _SHORT:
            yield box
        elif width > _SHORT and height > _SHORT:  # a filled or framed cell: its four sides
            yield Box(box.left, box.bottom, box.right, box.bottom)
            yield Box(box.left, box.top, box.right, box.top)
            yield Box(box.left, box.bottom, box.left, box.top)
            yield Box(box.right, box.bottom, box.right, box.top)


def _grids(rules: Sequence[Box]) -> Iterator[list[Box]]:
    """Rules that touch each other, directly or through others."""
    rest = sorted(rules, key=lambda rule: -rule.top)
    while rest:
        grid = [rest.pop(0)]
        bounds = grid[0]
        grown = True
        while grown:
            touching = [rule for rule in rest if _touch(rule, bounds)]
            grown = bool(touching)
            rest = [rule for rule in rest if not _touch(rule, bounds)]
            for rule in touching:
                bounds = bounds.joined(rule)
            grid += touching
        yield grid


def _touch(one: Box, other: Box) -> bool:
    return (
        one.left <= other.right + _NEAR
        and other.left <= one.right + _NEAR
        and one.bottom <= other.top + _NEAR
        and other.bottom <= one.top + _NEAR
    )


def _filled(grid: Sequence[Box], lines: Sequence[Line]) -> Table | None:
    rows = _edges([rule.middle[1] for rule in grid if rule.right - rule.left > rule.top - rule.bottom])[::-1]
    columns = _columns_of([rule for rule in grid if rule.right - rule.left < rule.top - rule.bottom])
    if not (_SMALLEST < len(rows) < _MAX_EDGES and _SMALLEST < len(columns) < _MAX_EDGES):
        return None
    cells = [[""] * (len(columns) - 1) for _ in rows[1:]]
    used: list[int] = []
    for at, line in enumerate(lines):
        inside = [(_place(word, rows, columns), word) for word in line.words]
        if not all(place for place, _ in inside):
            continue
        used.append(at)
        for place, word in inside:
            if place:
                row, column = place
                cells[row][column] += f" {word.text}"
    filled = sum(1 for row in cells if sum(1 for cell in row if cell) > 1)
    return Table(used, table(cells)) if filled >= _SMALLEST else None


def _columns_of(upright: Sequence[Box]) -> list[float]:
    """Where rules divide columns. In a form some cells are framed and the rest of the page is not: what a rule in one
    of them divides there, it does not divide elsewhere.
    """
    height = max((rule.top for rule in upright), default=0.0) - min((rule.bottom for rule in upright), default=0.0)
    edges = _edges([rule.middle[0] for rule in upright])
    return [edge for edge in edges if _ruled(edge, upright) >= _RULED_SHARE * height]


def _ruled(edge: float, upright: Sequence[Box]) -> float:
    """How much of the height is ruled at this place, what two rules cover counted once."""
    covered, reached = 0.0, float("-inf")
    for rule in sorted((one for one in upright if abs(one.middle[0] - edge) <= _NEAR), key=lambda one: one.bottom):
        covered += max(0.0, rule.top - max(rule.bottom, reached))
        reached = max(reached, rule.top)
    return covered


def _edges(places: Sequence[float]) -> list[float]:
    edges: list[float] = []
    for place in sorted(places):
        if not edges or place - edges[-1] > _NEAR:
            edges.append(place)
    return edges


def _place(word: Word, rows: Sequence[float], columns: Sequence[float]) -> tuple[int, int] | None:
    x, y = word.box.middle
    row = sum(1 for edge in rows if edge > y) - 1
    column = sum(1 for edge in columns if edge < x) - 1
    inside = 0 <= row < len(rows) - 1 and 0 <= column < len(columns) - 1
    return (row, column) if inside else None


def _aligned_until(lines: Sequence[Line], taken: set[int], start: int) -> int:
    end = start
    columns: list[Box] = []
    while end < len(lines) and end not in taken:
        cells = divided(lines[end])
        merged = _columns([*columns, *(one.box for one in cells)])
        if len(cells) <= _SMALLEST or len(merged) < len(columns):
            break
        columns = merged
        end += 1
    return end


def _columns(boxes: Sequence[Box]) -> list[Box]:
    """What stands above each other is one column."""
    columns: list[Box] = []
    for box in sorted(boxes, key=lambda one: one.left):
        if columns and box.left < columns[-1].right:
            columns[-1] = columns[-1].joined(box)
        else:
            columns.append(box)
    return columns


def _aligned(lines: Sequence[Line], places: range) -> Table:
    cells = [divided(lines[at]) for at in places]
    columns = _columns([cell.box for row in cells for cell in row])
    rows: list[list[str]] = []
    for row in cells:
        texts = [""] * len(columns)
        for cell in row:
            at = next(n for n, column in enumerate(columns) if column.left <= cell.box.middle[0] <= column.right)
            texts[at] = f"{texts[at]} {cell.text}"
        rows.append(texts)
    return Table(list(places), table(rows))
