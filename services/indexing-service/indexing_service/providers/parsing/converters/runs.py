"""Paragraphs that are one block in Markdown: the items of a list, the lines of a listing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_INDENT: Final = "    "


@dataclass(frozen=True, slots=True)
class Block:
    text: str


@dataclass(frozen=True, slots=True)
class Item(Block):
    """`text` begins with its marker; `level` counts from 0."""

    level: int = 0


@dataclass(frozen=True, slots=True)
class Code(Block):
    """A line of code."""


class Run:
    """Collects what belongs together."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._kind: type[Block] = Block
        self._level = -1

    def taken(self, block: Block) -> Iterator[str]:
        """What is complete now that `block` came."""
        if type(block) is not self._kind:
            yield from self.closed()
        self._kind = type(block)
        if isinstance(block, Item):
            self._level = min(block.level, self._level + 1)  # deeper would be code, in Markdown
            self._lines.append(f"{_INDENT * self._level}{block.text}")
        elif isinstance(block, Code):
            self._lines.append(block.text)
        else:
            yield block.text

    def closed(self) -> Iterator[str]:
        text = "\n".join(self._lines).strip("\n")
        if text:
            yield f"```\n{text}\n```" if self._kind is Code else text
        self._lines, self._level = [], -1
