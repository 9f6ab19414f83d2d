"""The blocks of a Markdown text with exact offsets: enough of the syntax to know what belongs together.

Not a renderer: emphasis, links and HTML stay in the text, nothing is normalised, every offset counts code points.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}(?:\s+|$)")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)\s*$")
_RULE = re.compile(r" {0,3}([-*_])(?:\s*\1){2,}\s*$")
_ITEM = re.compile(r"(?P<indent>[ \t]*)(?P<bullet>[-*+•]|\d{1,3}[.)])\s+(?=\S)")
_ROW = re.compile(r"\s*\|.*\|\s*$")
_SEPARATOR_SIGNS = frozenset("|-: \t")
_QUOTE = re.compile(r" {0,3}(?:>\s?)+")


class BlockKind(StrEnum):
    PARAGRAPH = "paragraph"
    HEADING = "heading"
    ITEM = "item"
    ROW = "row"
    CODE = "code"


@dataclass(slots=True)
class Block:
    """`text[start:end]`, without the sign that makes it a heading, an item or a quotation.

    Items of one list and rows of one table share a `group`. `depth` is an item's nesting or a heading's level;
    `number` what stands before a numbered item, counted on from its list's first as Markdown does; 0 without one.
    `names_columns` is a table's first row, above the line of dashes.
    """

    kind: BlockKind
    start: int
    end: int
    group: int
    depth: int = 0
    number: int = 0
    names_columns: bool = False


def blocks(text: str) -> list[Block]:
    """The blocks of `text` in order; a table's header is its first row, the line under it is left out."""
    scanner = _Scanner(text)
    for line in _LINE.finditer(text):
        scanner.read(line.start(), line[0].rstrip("\n"))
    return scanner.found


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._open: Block | None = None
        self._fence = ""
        self._quoted = False
        self._group = 0
        self._indents: list[int] = []
        self._numbers: list[int] = []
        self.found: list[Block] = []

    def read(self, at: int, line: str) -> None:
        if self._fence:
            self._inside_fence(at, line)
            return
        fence = _FENCE.match(line)
        if fence:
            self._begin(Block(BlockKind.CODE, at, at + len(line), self._next_group()))
            self._fence = fence[1][:3]
            return
        if not line.strip():
            self._open = None
            return
        for reader in (self._heading, self._underline, self._table, self._item):
            if reader(at, line):
                return
        self._prose(at, line)

    def _inside_fence(self, at: int, line: str) -> None:
        block = self.found[-1]
        block.end = at + len(line)
        if line.strip().startswith(self._fence):
            self._fence, self._open = "", None

    def _heading(self, at: int, line: str) -> bool:
        match = _HEADING.match(line)
        if not match:
            return False
        end = at + len(line.rstrip(" #\t"))
        level = line.lstrip()[:6].count("#")
        self._begin(Block(BlockKind.HEADING, min(at + match.end(), end), end, self._next_group(), level))
        self._open = None
        return True

    def _underline(self, _: int, line: str) -> bool:
        """A line of = or - makes the paragraph above it a heading; alone it is a rule."""
        above = self._open
        if above is not None and above.kind is BlockKind.PARAGRAPH and _UNDERLINE.match(line):
            above.kind, above.depth = BlockKind.HEADING, 1 if "=" in line else 2
            self._open = None
            return True
        if _RULE.match(line):
            self._open = None
            return True
        return False

    def _table(self, at: int, line: str) -> bool:
        if self._open is not None and {"|", "-"} <= set(line) <= _SEPARATOR_SIGNS:
            self._open.kind, self._open.names_columns = BlockKind.ROW, True
            self._group = self._open.group
            return True
        if not _ROW.match(line) and not (self._open is not None and self._open.kind is BlockKind.ROW and "|" in line):
            return False
        same = self._open is not None and self._open.kind is BlockKind.ROW
        group = self._group if same else self._next_group()
        self._begin(Block(BlockKind.ROW, at, at + len(line.rstrip()), group))
        return True

    def _item(self, at: int, line: str) -> bool:
        match = _ITEM.match(line)
        if not match:
            return False
        last = self.found[-1] if self.found else None
        group = last.group if last is not None and last.kind is BlockKind.ITEM else self._next_group()
        depth = self._depth(len(match["indent"].expandtabs(4)), fresh=group != getattr(last, "group", None))
        end = at + len(line.rstrip())
        number = self._counted(match["bullet"], depth)
        self._begin(Block(BlockKind.ITEM, at + match.end(), end, group, depth, number))
        return True

    def _counted(self, bullet: str, depth: int) -> int:
        """The item's number; only a list's first item says it, the others go on from there."""
        written = int(bullet[:-1]) if bullet[0].isdigit() else 0
        before = self._numbers[depth] if depth < len(self._numbers) else 0
        number = before + 1 if written and before else written
        self._numbers = [*self._numbers[:depth], number]
        return number

    def _depth(self, indent: int, *, fresh: bool) -> int:
        if fresh:
            self._indents, self._numbers = [], []
        while self._indents and self._indents[-1] > indent:
            self._indents.pop()
        if not self._indents or self._indents[-1] < indent:
            self._indents.append(indent)
        return len(self._indents) - 1

    def _prose(self, at: int, line: str) -> None:
        quote = _QUOTE.match(line)
        start = at + (quote.end() if quote else len(line) - len(line.lstrip()))
        end = at + len(line.rstrip())
        continues = self._open is not None and self._open.kind in {BlockKind.PARAGRAPH, BlockKind.ITEM}
        if self._open is not None and continues and (self._quoted or not quote):
            self._open.end = end
        elif start < end:
            self._begin(Block(BlockKind.PARAGRAPH, start, end, self._next_group()))
            self._quoted = quote is not None

    def _begin(self, block: Block) -> None:
        self.found.append(block)
        self._open = block

    def _next_group(self) -> int:
        self._group += 1
        return self._group
