"""How the converters write Markdown."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

ROWS_A_TABLE: Final = 200
"""A longer table is cut into several, each with the header row: no reader scrolls back that far."""
_SPACE = re.compile(r"\s+")
_BLANK_LINES = re.compile(r"\n{3,}")
_STARTS_A_BLOCK = re.compile(r"(#{1,6}\s|>|[-+*]\s|\d{1,9}[.)]\s|={3,}\s*$|-{3,}\s*$|```|~~~)")


def joined(blocks: Iterable[str]) -> str:
    """Blocks with a blank line between them."""
    return _BLANK_LINES.sub("\n\n", "\n\n".join(block.strip("\n") for block in blocks if block.strip())).strip("\n")


def one_line(text: str) -> str:
    return _SPACE.sub(" ", text).strip()


def heading(text: str, level: int) -> str:
    """Nothing for a heading without words."""
    line = one_line(text)
    return f"{'#' * min(max(level, 1), 6)} {line}" if line else ""


def paragraph(text: str) -> str:
    """Text that happens to begin like a heading or a list item stays a paragraph."""
    line = text.strip()
    return f"\\{line}" if _STARTS_A_BLOCK.match(line) and not line[0].isdigit() else line


def table(rows: Sequence[Sequence[str]], *, header: Sequence[str] | None = None) -> str:
    """The first row is the header unless one is given; empty rows and columns are left out."""
    cells = [[_cell(value) for value in row] for row in ([header, *rows] if header else rows)]
    cells = _trimmed(cells)
    if not cells:
        return ""
    first, *rest = cells
    head = [_row(first), _row(["---"] * len(first))]
    parts = [rest[at : at + ROWS_A_TABLE] for at in range(0, len(rest), ROWS_A_TABLE)] or [[]]
    return "\n\n".join("\n".join([*head, *map(_row, part)]) for part in parts)


def _trimmed(cells: list[list[str]]) -> list[list[str]]:
    width = max(map(len, cells), default=0)
    rows = [row + [""] * (width - len(row)) for row in cells if any(row)]
    used = [at for at in range(width) if any(row[at] for row in rows)]
    return [[row[at] for at in used] for row in rows]


def _cell(value: str) -> str:
    return one_line(value).replace("|", "\\|")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
