"""How Word numbers paragraphs: by lists that paragraphs or their styles name ([ECMA-376] 17.9)."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from docx.oxml.ns import qn

_MAX_LEVEL: Final = 8
_ROMAN: Final = ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"))
_SMALL_ROMAN: Final = ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
_BULLET: Final = "-"


@dataclass(frozen=True, slots=True)
class ListItem:
    """`marker` begins a Markdown list item."""

    level: int
    marker: str


@dataclass(frozen=True, slots=True)
class _Level:
    number_format: str
    text: str
    start: int


class Numbering:
    """Counts as Word does, so that "see 2.1" finds its paragraph."""

    def __init__(self, document: Any, styles: dict[str, Any]) -> None:
        self._styles = styles
        self._levels: dict[str, dict[int, _Level]] = {}
        self._abstract: dict[str, str] = {}
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)
        for relation in document.part.rels.values():
            if relation.reltype.endswith("/numbering"):
                self._read(relation.target_part.element)

    def item(self, paragraph: Any, style_id: str) -> ListItem | None:
        place = self._place(paragraph, style_id)
        if place is None:
            return None
        number, level = place
        about = self._levels.get(number, {}).get(level)
        if about is None or about.number_format in {"bullet", "none"}:
            return ListItem(level, _BULLET)
        label = self._counted(number, level)
        simple = (
            about.text in {f"%{level + 1}.", f"%{level + 1})", f"%{level + 1}"} and about.number_format == "decimal"
        )
        return ListItem(level, f"{label.rstrip('.)')}." if simple else f"{_BULLET} {label}")

    def label(self, paragraph: Any, style_id: str) -> str:
        """The number in front of a heading, "" if it has none."""
        place = self._place(paragraph, style_id)
        about = self._levels.get(place[0], {}).get(place[1]) if place else None
        if place is None or about is None or about.number_format in {"bullet", "none"}:
            return ""
        return self._counted(*place)

    def _read(self, numbering: Any) -> None:
        kinds = {one.get(qn("w:abstractNumId")): one for one in numbering.findall(qn("w:abstractNum"))}
        for one in numbering.findall(qn("w:num")):
            reference = one.find(qn("w:abstractNumId"))
            kind = None if reference is None else reference.get(qn("w:val"))
            name = one.get(qn("w:numId"))
            self._abstract[name] = name if one.find(qn("w:lvlOverride")) is not None else str(kind)
            self._levels[name] = _levels(kinds.get(kind))

    def _place(self, paragraph: Any, style_id: str) -> tuple[str, int] | None:
        """Which list, and how deep; the list may be the style's and the depth the paragraph's."""
        properties = paragraph.find(qn("w:pPr"))
        number, level = _numbered(properties)
        style = self._styles.get(style_id)
        for _ in range(_MAX_LEVEL):
            if style is None or number is not None:
                break
            number, of_style = _numbered(style.element.find(qn("w:pPr")))
            level = of_style if level is None else level
            style = style.base_style
        if number is None or number == "0" or number not in self._levels:
            return None
        return number, min(level or 0, _MAX_LEVEL)

    def _counted(self, number: str, level: int) -> str:
        levels = self._levels[number]
        counts = self._counts[self._abstract[number]]
        counts[level] = counts.get(level, levels[level].start - 1) + 1
        for deeper in [one for one in counts if one > level]:
            del counts[deeper]
        label = levels[level].text
        for at in range(level + 1):
            about = levels.get(at)
            if about is not None:
                label = label.replace(f"%{at + 1}", _written(counts.get(at, about.start), about.number_format))
        return label.strip()


def _levels(kind: Any) -> dict[int, _Level]:
    found: dict[int, _Level] = {}
    for one in () if kind is None else kind.findall(qn("w:lvl")):
        depth = int(one.get(qn("w:ilvl"), 0))
        start = _value(one, "w:start", "1")
        found[depth] = _Level(
            _value(one, "w:numFmt", "decimal"), _value(one, "w:lvlText", ""), int(start) if start.isdigit() else 1
        )
    return found


def _value(element: Any, tag: str, otherwise: str) -> str:
    found = element.find(qn(tag))
    return otherwise if found is None else str(found.get(qn("w:val"), otherwise))


def _numbered(properties: Any) -> tuple[str | None, int | None]:
    found = None if properties is None else properties.find(qn("w:numPr"))
    if found is None:
        return None, None
    number, level = found.find(qn("w:numId")), found.find(qn("w:ilvl"))
    return (
        None if number is None else number.get(qn("w:val")),
        None if level is None else int(level.get(qn("w:val"), 0)),
    )


def _written(count: int, number_format: str) -> str:
    if number_format in {"lowerLetter", "upperLetter"}:
        letter = chr(ord("a") + (count - 1) % 26) * ((count - 1) // 26 + 1)
        return letter.upper() if number_format == "upperLetter" else letter
    if number_format in {"lowerRoman", "upperRoman"}:
        roman = _roman(count)
        return roman if number_format == "upperRoman" else roman.lower()
    return str(count)


def _roman(count: int) -> str:
    written = ""
    for value, letters in (*_ROMAN, *_SMALL_ROMAN):
        written += letters * (count // value)
        count %= value
    return written
