"""What speaks for and against a passage saying a sentence, read from their words.

Words that a sentence shares with its passage do not make it true: a number, a name, a "not" or who does what may be
another. So each is looked at by itself, in the sentences of the passage that share most with it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from ai_main_service.services.plain import one_line
from ai_main_service.services.reading import CUES, Text, Word, joined, read
from ai_main_service.services.sentences import split
from flash_core.utils.words import detect_language

_LEAD_IN = re.compile(
    r"^(?:according to|based on|as (?:stated|described|said|mentioned) in|per|in short|in summary|note that|yes|no)"
    r"(?: (?:the|this|our|your|its))?(?: [\w\"'-]+){0,3}, ",
    re.IGNORECASE,
)
"""How models begin sentences; it says nothing about the subject."""
_WIDEST = 3
_NEAR = 3
_AROUND = 5
_FAR = 25
_OPENING = 4
_ENOUGH = 0.6
_MOST_COUNTED = 4


@dataclass(frozen=True, slots=True)
class Evidence:
    """Shares from 0 to 1 and small counts; `window` is the part of the passage that was compared."""

    window: str
    quoted: bool
    covered: float
    alone: float
    imported: float
    numbers_missing: float
    names_missing: float
    negated: float
    cues: float
    pairs: float
    turned: float
    opening: float
    company: float
    anchors_turned: float

    def about(self, cosine: float) -> tuple[float, ...]:
        """Whether the passage speaks of this at all."""
        return (1.0, self.covered, max(0.0, _ENOUGH - self.covered), self.pairs, cosine)

    def agrees(self, cosine: float) -> tuple[float, ...]:
        """Whether it says the same of it. What differs weighs more the more of the sentence is copied from one of the
        passage's: then it is no other way of saying it, but something else in its place.
        """
        copied = max(0.0, self.alone - _ENOUGH) / (1 - _ENOUGH)
        differs = (1 - self.opening, 1 - self.company, 1 - self.pairs, 1 - cosine, self.names_missing, self.imported)
        asserted = (self.numbers_missing, self.names_missing, self.negated, self.cues, self.imported)
        return (1.0, *asserted, self.turned, self.anchors_turned, cosine, *(copied * value for value in differs))


def evidence(passage: str, statement: str) -> Evidence:
    """`passage` begins with its title and heading, on a line of their own."""
    parsed = _parsed(passage)
    line = _LEAD_IN.sub("", one_line(statement)).strip(" .")
    said = read(line, parsed.language)
    window = max(parsed.windows, key=lambda one: _shared(said, one))
    framed = set(parsed.frame.stems)
    there = set(window.text.stems) | framed
    missing = [word for word in said.words if word.stem not in there]
    count = {kind: float(min(_MOST_COUNTED, sum(word.kind == kind for word in missing))) for kind in _KINDS}
    sentence = max((one for one in parsed.windows if one.width == 1), key=lambda one: _shared(said, one))
    nearest = set(sentence.text.stems) | framed
    covered = _share(said.words, there)
    pairs, turned = _order(said.stems, parsed.positions)
    return Evidence(
        window=window.source,
        quoted=_is_quoted(line, parsed.line),
        covered=covered,
        alone=_share(said.words, nearest),
        imported=float(min(_MOST_COUNTED, len({*said.stems} & {*parsed.positions} - nearest))),
        numbers_missing=count["number"],
        names_missing=count["name"],
        negated=_negated(said, window.text),
        cues=float(min(2, abs(said.cues - window.text.cues))),
        pairs=pairs,
        turned=turned,
        opening=_order(said.stems[:_OPENING], parsed.positions)[0],
        company=_company(said, parsed),
        anchors_turned=_anchors_turned(said, parsed.positions),
    )


_KINDS = ("number", "name", "turn", "word")


@dataclass(frozen=True, slots=True)
class _Window:
    width: int
    source: str
    text: Text


@dataclass(frozen=True, slots=True)
class _Passage:
    language: str
    line: str
    frame: Text
    windows: tuple[_Window, ...]
    stems: tuple[str, ...]
    positions: dict[str, list[int]]


@lru_cache(maxsize=256)
def _parsed(passage: str) -> _Passage:
    language = detect_language(passage)
    frame, _, text = passage.partition("\n")
    units = [one_line(unit.of(text)) for unit in split(text)] or [frame]
    texts = [read(unit, language) for unit in units]
    windows = tuple(
        _Window(width, " ".join(units[at : at + width]), joined(texts[at : at + width]))
        for width in range(1, _WIDEST + 1)
        for at in range(len(units) - width + 1)
    )
    stems = joined(texts).stems
    positions: dict[str, list[int]] = {}
    for at, one in enumerate(stems):
        positions.setdefault(one, []).append(at)
    line = f"{one_line(frame)} {one_line(text)}"
    return _Passage(language, line, read(frame, language), windows, stems, positions)


def _shared(said: Text, window: _Window) -> float:
    """Numbers and names tell where a sentence comes from; of two that share as much the shorter one is compared."""
    there = set(window.text.stems)
    weight = sum(2.0 if word.kind in {"number", "name"} else 1.0 for word in said.words if word.stem in there)
    return weight - 0.02 * len(window.text.words)


def _negated(said: Text, window: Text) -> float:
    """How many words, up to two, are denied on one side and asserted wherever they stand on the other."""
    denied: dict[str, set[bool]] = {}
    for word in window.words:
        denied.setdefault(word.stem, set()).add(word.negated)
    return float(min(2, sum(word.negated not in denied.get(word.stem, {word.negated}) for word in said.words)))


def _share(words: Sequence[Word], there: set[str]) -> float:
    return sum(word.stem in there for word in words) / len(words) if words else 0.0


def _anchors_turned(said: Text, positions: dict[str, list[int]]) -> float:
    """How many names and numbers that follow each other, up to two pairs, do so in the passage the other way only."""
    anchors = [word.stem for word in said.words if word.kind in {"number", "name"} and word.stem in positions]
    turned = 0
    for one, other in pairwise(anchors):
        gaps = [there - here for here in positions[one] for there in positions[other]]
        turned += one != other and not any(0 < gap <= _FAR for gap in gaps) and any(-_FAR <= gap < 0 for gap in gaps)
    return float(min(2, turned))


def _order(stems: Sequence[str], positions: dict[str, list[int]]) -> tuple[float, float]:
    """The shares of neighbours that are near each other in the passage in this order, and only in the other."""
    neighbours = [(one, other) for one, other in pairwise(stems) if one != other]
    if not neighbours:
        return 1.0, 0.0
    kept = turned = 0
    for one, other in neighbours:
        gaps = [there - here for here in positions.get(one, ()) for there in positions.get(other, ())]
        if any(0 < gap <= _NEAR for gap in gaps):
            kept += 1
        elif any(-_NEAR <= gap < 0 for gap in gaps):
            turned += 1
    return kept / len(neighbours), turned / len(neighbours)


def _company(said: Text, passage: _Passage) -> float:
    """How much of what stands around a number or a name stands around it in the passage: the least of all of them."""
    shares = []
    for at, word in enumerate(said.words):
        if word.kind not in {"number", "name"} or word.stem not in passage.positions:
            continue
        around = {one.stem for one in said.words[max(0, at - _NEAR) : at + _NEAR + 1]} - {word.stem}
        near = (
            set(passage.stems[max(0, place - _AROUND) : place + _AROUND + 1]) for place in passage.positions[word.stem]
        )
        shares.append(max(len(around & there) for there in near) / len(around) if around else 1.0)
    return min(shares, default=1.0)


def _is_quoted(line: str, passage: str) -> bool:
    """Word for word and whole: a "not" right before it would be left out."""
    at = passage.find(line) if line else -1
    if at < 0:
        return False
    before = passage[:at].rsplit(None, 2)[-2:]
    whole = not (passage[at - 1 : at].isalnum() or passage[at + len(line) : at + len(line) + 1].isalnum())
    return whole and not any(word.lower() in CUES or word.lower().endswith("n't") for word in before)
