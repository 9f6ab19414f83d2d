"""A Markdown text as the smallest units that can be quoted: sentences, list items, table rows, code blocks.

The rules for where a sentence ends follow the practice of Kiss & Strunk (2006), without its training: an abbreviation
or an initial does not end a sentence unless a function word follows it with a capital.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

from ai_main_service.services.markdown import Block, BlockKind, blocks
from flash_core.utils.words import stop_words

MARKERS = r"(?:\s*\[\d{1,3}\](?!\())*"
_END = re.compile(rf"(?:[.!?…]+[\"'\u201d\u2019»)*_]*(?=[\s\[]|$)|[\u3002\uff01\uff1f]+[\u300d\u300f\u201d]*){MARKERS}")
_WORD_BEFORE = re.compile(r"(?:(?<!\w)[^\W\d_]\.\s+)+[^\W\d_]$|[^\s(\"'\u201c«]+$")
"""Parts with a space between them are one abbreviation: z. B., i. d. R."""
_WORD_AFTER = re.compile(r"[\s\"'(\u201c«*_\[]*([^\W_]+|[€$£¥§])?")
_NAME_IN_LOWER_CASE = re.compile(r"[a-z]{1,3}[A-Z]|[a-z]-[a-z]")
_PROTECTED = re.compile(
    r"`[^`\n]+`|\[[^\[\]]{0,400}\]\([^()]{0,2000}\)|<[^<>\n]{1,1000}>"
    r"|\{%.{0,300}?%\}|\{\{.{0,300}?\}\}",
    re.DOTALL,
)

_GOES_ON = frozenset(
    "mr mrs ms dr prof rev hon gen col lt sgt capt st messrs mme vs vgl approx ca e.g i.e incl excl cf "  # noqa: SIM905
    "z.b d.h u.a o.g i.d.r i.a z.t s.o v.a bzw bspw ggf evtl inkl exkl zzgl abzgl einschl sog tel".split()
)
_BEFORE_NUMBER = frozenset(
    "no nos nr fig figs eq eqs vol p pp ch sec art abs mt par mind max min §".split()  # noqa: SIM905
)
_SOMETIMES = frozenset(
    "inc ltd co corp u.s u.k u.n a.m p.m etc jr sr al dept est ed eds usw chr gem "  # noqa: SIM905
    "mio mrd tsd std sek max min mill mn bn".split()
)
_ABBREVIATIONS = _GOES_ON | _BEFORE_NUMBER | _SOMETIMES
_MONTHS = re.compile(r"jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz]", re.IGNORECASE)
_ORDINAL_DIGITS = 2
_LONGEST_UNSURE = 3


class UnitKind(StrEnum):
    SENTENCE = "sentence"
    HEADING = "heading"
    ITEM = "item"
    ROW = "row"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Unit:
    """`text[start:end]`; the rest is its block's."""

    kind: UnitKind
    start: int
    end: int
    group: int
    depth: int = 0
    number: int = 0
    names_columns: bool = False

    def of(self, text: str) -> str:
        return text[self.start : self.end]


def split(text: str) -> list[Unit]:
    """The units of `text` in order. They do not overlap, and only white space and Markdown signs lie between them."""
    return [unit for block in blocks(text) for unit in _units(text, block) if unit.start < unit.end]


def sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Offsets of the sentences of running prose in `text[start:end]`, each with the markers behind it, which end it."""
    end = len(text) if end is None else end
    cuts = [start, *(cut for cut in _cuts(text, start, end)), end]
    return [span for low, high in pairwise(cuts) if (span := _stripped(text, low, high))[0] < span[1]]


def _units(text: str, block: Block) -> list[Unit]:
    if block.kind is BlockKind.PARAGRAPH:
        return [
            Unit(UnitKind.SENTENCE, low, high, block.group) for low, high in sentences(text, block.start, block.end)
        ]
    kind = UnitKind(block.kind.value)
    return [Unit(kind, block.start, block.end, block.group, block.depth, block.number, block.names_columns)]


def _cuts(text: str, start: int, end: int) -> list[int]:
    protected = [(match.start(), match.end()) for match in _PROTECTED.finditer(text, start, end)]
    return [
        match.end()
        for match in _END.finditer(text, start, end)
        if not any(low < match.start() < high for low, high in protected) and _ends(text, match, start, end)
    ]


def _ends(text: str, match: re.Match[str], start: int, end: int) -> bool:
    following = _WORD_AFTER.match(text, match.end(), end)
    after = (following[1] or "") if following else ""
    before = _WORD_BEFORE.search(text[max(start, match.start() - 40) : match.start()])
    written = "".join(before[0].split()) if before else ""
    is_full_stop = match[0].startswith(".") and not match[0].startswith("..")
    if match[0].endswith("]"):
        return not (is_full_stop and after[:1].islower() and _is_abbreviation(written))
    if after[:1].islower():
        is_name = following is not None and _NAME_IN_LOWER_CASE.match(text, following.start(1), end) is not None
        return is_name and len(written) > _LONGEST_UNSURE and not _is_abbreviation(written)
    return not is_full_stop or _full_stop_ends(written, after)


def _full_stop_ends(written: str, after: str) -> bool:
    before = written.lower()
    if before in _GOES_ON or (before in _BEFORE_NUMBER and after[:1].isdigit()):
        return False
    if before.isdigit() and len(before) <= _ORDINAL_DIGITS and _MONTHS.match(after):
        return False
    if before in _SOMETIMES or _is_dotted(written):
        return not after or after.lower() in _starters()
    return True


def _is_abbreviation(written: str) -> bool:
    return written.lower() in _ABBREVIATIONS or _is_dotted(written)


def _is_dotted(written: str) -> bool:
    """A letter, or letters with dots between them: J, z, U.S, e.V, a.m."""
    return all(len(part) == 1 and part.isalpha() for part in written.split("."))


@lru_cache(maxsize=1)
def _starters() -> frozenset[str]:
    return stop_words("en") | stop_words("de") | stop_words("fr") | stop_words("es") | {"however"}


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end
