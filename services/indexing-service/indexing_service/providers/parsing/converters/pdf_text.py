"""The lines of a PDF page: words with their places, in reading order, right-to-left text in logical order."""

import ctypes
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import pypdfium2.raw as pdfium

_HYPHENS: Final = frozenset({0x02, 0xFFFE, 0xAD})
"""What pdfium says for a hyphen that only divides a word between lines."""
_ARABIC: Final = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff"
_SCRIPT_CHANGE = re.compile(f"(?<=[A-Za-z0-9])(?=[{_ARABIC}])|(?<=[{_ARABIC}])(?=[A-Za-z])")
_RIGHT_TO_LEFT = re.compile(f"[{_ARABIC}]")
_MONOSPACED = re.compile(rb"mono|courier|consol|typewriter|cmtt|menlo", re.IGNORECASE)
_BOLD_NAME = re.compile(rb"bold|black|heavy|cmbx", re.IGNORECASE)
_FONT_NAME: Final = 128
_BOLD: Final = 600
_GAP: Final = 1.5
"""A gap of so many heights of a line divides columns of a table, not words."""
_BESIDE_SHARE: Final = 0.1
"""Up to so many lines of a page that has one column stand beside another one: a label, a page number."""


@dataclass(frozen=True, slots=True)
class Box:
    """In points; `bottom` and `top` count from the bottom of the page."""

    left: float
    bottom: float
    right: float
    top: float

    def joined(self, other: "Box") -> "Box":
        return Box(
            min(self.left, other.left),
            min(self.bottom, other.bottom),
            max(self.right, other.right),
            max(self.top, other.top),
        )

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class Line:
    """`size`: the height of its font in points. `hyphenated`: its last word goes on in the next line."""

    words: Sequence[Word]
    box: Box
    size: float
    bold: bool = False
    monospaced: bool = False
    hyphenated: bool = False

    @property
    def text(self) -> str:
        text = " ".join(word.text for word in self.words)
        return _SCRIPT_CHANGE.sub(" ", text) if _RIGHT_TO_LEFT.search(text) else text


@dataclass(slots=True)
class _Character:
    code: int
    index: int
    box: Box


@dataclass(slots=True)
class _Open:
    """A line that is being read."""

    characters: list[_Character] = field(default_factory=list)
    hyphenated: bool = False


class PageText:
    """Reads one page through pdfium's text functions; `page` is pypdfium2's text page."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._edges = [ctypes.c_double() for _ in range(4)]

    def lines(self) -> Iterator[Line]:
        line = _Open()
        for index in range(self._page.count_chars()):
            code = pdfium.FPDFText_GetUnicode(self._page, index)
            if code in _HYPHENS:
                line.hyphenated = True
            elif code in {0x0A, 0x0D}:
                yield from self._closed(line)
                line = _Open()
            else:
                line.characters.append(_Character(code, index, self._box(index)))
        yield from self._closed(line)

    def _box(self, index: int) -> Box:
        left, right, bottom, top = self._edges
        pdfium.FPDFText_GetCharBox(self._page, index, left, right, bottom, top)
        return Box(left.value, bottom.value, right.value, top.value)

    def _closed(self, line: _Open) -> Iterator[Line]:
        words = list(_words(line.characters))
        if not words:
            return
        box = words[0].box
        for word in words[1:]:
            box = box.joined(word.box)
        first = next(one for one in line.characters if one.code > 0x20)  # noqa: PLR2004  # a space
        yield Line(
            words,
            box,
            self._size(first),
            bold=self._bold(first.index) and self._bold(line.characters[-1].index),
            monospaced=bool(_MONOSPACED.search(self._font(first.index))),
            hyphenated=line.hyphenated,
        )

    def _size(self, character: _Character) -> float:
        """What is set as size may be scaled by the text's matrix."""
        matrix = pdfium.FS_MATRIX()
        size: float = pdfium.FPDFText_GetFontSize(self._page, character.index)
        if pdfium.FPDFText_GetMatrix(self._page, character.index, matrix):
            size *= (matrix.c**2 + matrix.d**2) ** 0.5
        return round(size, 1) or character.box.top - character.box.bottom

    def _bold(self, index: int) -> bool:
        weight: int = pdfium.FPDFText_GetFontWeight(self._page, index)
        return weight >= _BOLD or bool(_BOLD_NAME.search(self._font(index)))

    def _font(self, index: int) -> bytes:
        name = ctypes.create_string_buffer(_FONT_NAME)
        flags = ctypes.c_int()
        pdfium.FPDFText_GetFontInfo(self._page, index, name, _FONT_NAME, flags)
        return name.value


def _words(characters: Sequence[_Character]) -> Iterator[Word]:
    text, box = "", None
    for character in _ligatures_in_order(characters):
        letter = _letter(character.code)
        if letter.isspace():
            if box is not None:
                yield Word(text, box)
            text, box = "", None
        else:
            text += letter
            box = character.box if box is None else box.joined(character.box)
    if box is not None:
        yield Word(text, box)


def _letter(code: int) -> str:
    """Control characters are glyphs whose meaning the file does not give."""
    usable = code >= 0x20 and not 0xD800 <= code <= 0xDFFF and code <= 0x10FFFF  # noqa: PLR2004  # Unicode's ranges
    return chr(code) if usable else " "


def _ligatures_in_order(characters: Sequence[_Character]) -> list[_Character]:
    """Pdfium gives the letters of one Arabic glyph come in the order of their sight; they share one box."""
    ordered: list[_Character] = []
    start = 0
    for at in range(1, len(characters) + 1):
        if at < len(characters) and characters[at].box == characters[start].box:
            continue
        same = list(characters[start:at])
        arabic = len(same) > 1 and all(_RIGHT_TO_LEFT.match(_letter(one.code)) for one in same)
        ordered += same[::-1] if arabic else same
        start = at
    return ordered


def in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """A page of one column from top to bottom, whatever its program drew first; columns stay as they were drawn."""
    downwards = sorted(lines, key=lambda line: (-line.box.top, line.box.left))
    beside = sum(_beside(above.box, below.box) for above, below in pairwise(downwards))
    return downwards if beside <= _BESIDE_SHARE * len(lines) else list(lines)


def _beside(one: Box, other: Box) -> bool:
    shared = min(one.top, other.top) - max(one.bottom, other.bottom)
    return shared > min(one.top - one.bottom, other.top - other.bottom) / 2


def divided(line: Line) -> list[Word]:
    """The cells of a line: what wide gaps divide."""
    cells: list[Word] = []
    for word in line.words:
        if cells and abs(word.box.left - cells[-1].box.right) < _GAP * line.size:
            cells[-1] = Word(f"{cells[-1].text} {word.text}", cells[-1].box.joined(word.box))
        else:
            cells.append(word)
    return cells
