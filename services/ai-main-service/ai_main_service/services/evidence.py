"""What speaks for and against a passage saying a sentence, read from their words.

Words that a sentence shares with its passage do not make it true: a number, a name, a "not" or who does what may be
another. So each is looked at by itself, in the sentences of the passage that share most with it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ai_main_service.services.clauses import clauses, joined_statements
from ai_main_service.services.details import Details, Differences, details, differences
from ai_main_service.services.plain import one_line
from ai_main_service.services.reading import CUES, Text, Word, joined
from ai_main_service.services.sentences import split
from ai_main_service.services.synonyms import read_by_meaning as read
from ai_main_service.services.word_order import anchors_turned, company, order
from flash_core.utils.words import detect_language

_LEAD_IN = re.compile(
    r"^(?:according to|based on|as (?:stated|described|said|mentioned) in|per|in short|in summary|note that|yes|no)"
    r"(?: (?:the|this|our|your|its))?(?: [\w\"'-]+){0,3}, ",
    re.IGNORECASE,
)
"""How models begin sentences; it says nothing about the subject."""
_WIDEST = 3
_OPENING = 4
_ENOUGH = 0.6
_MOST_COUNTED = 4
_MOST_FREE = 16
_BEGINS = 2


@dataclass(frozen=True, slots=True)
class Nearness:
    """The cosines of a statement, and of the part of it that a passage says least of, to that passage; how far its new
    words are, together and the farthest of them, from the words that they may stand for.
    """

    whole: float
    weakest: float
    far: float
    farthest: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of one statement, `said`. Shares from 0 to 1 and small counts.

    `window` is the part of the passage that was compared, `weakest` the part of the statement that it says least of;
    `new` words of the statement stand in no part of the passage, `free` ones of the window not in the statement: what
    the new ones may be other words for.
    """

    said: str
    window: str
    weakest: str
    new: tuple[str, ...]
    free: tuple[str, ...]
    quoted: bool
    covered: float
    alone: float
    imported: float
    numbers_absent: float
    numbers_missing: float
    names_absent: float
    names_missing: float
    negated: float
    cues: float
    pairs: float
    turned: float
    opening: float
    company: float
    anchors_turned: float
    missing: float
    unsaid: float
    begins: float
    differences: Differences

    @property
    def compared(self) -> tuple[str, ...]:
        """The texts whose vectors say how near they are."""
        return (self.said, self.weakest, self.window, *self.new, *self.free)

    @property
    def is_denied(self) -> bool:
        """Something is said that can't be another wording: a number, a unit, a month or a bound that is not there."""
        small = self.differences
        return bool(self.numbers_absent or small.units or small.members or small.opposed)

    def about(self, near: Nearness) -> tuple[float, ...]:
        """Whether the passage speaks of this at all."""
        return (1.0, self.covered, max(0.0, _ENOUGH - self.covered), self.pairs, near.whole)

    def agrees(self, near: Nearness) -> tuple[float, ...]:
        """Whether it says the same of it. What differs weighs more the more of the sentence is copied from one of the
        passage's: then it is no other way of saying it, but something else in its place.
        """
        copied = max(0.0, self.alone - _ENOUGH) / (1 - _ENOUGH)
        said = (self.numbers_missing, self.names_missing, self.negated, self.cues, self.imported)
        moved = (self.turned, self.anchors_turned, 1 - self.opening, 1 - self.company, 1 - self.pairs, self.begins)
        new = (1 - near.whole, near.far, near.farthest, self.unsaid, self.unsaid * (1 - near.weakest), 1 - near.weakest)
        small = (self.differences.unbacked, self.differences.misplaced, self.differences.members_far)
        named = (self.names_missing, self.names_absent, self.imported)
        differs = (*moved[2:], 1 - near.whole, *named, near.far, near.farthest, self.unsaid, *small)
        return (1.0, *said, *moved, *new, *small, *(copied * one for one in differs))


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
    details: Details


def evidence(passage: str, statement: str) -> tuple[Evidence, ...]:
    """Of the statement and, where it says one thing and another, of each of the two: they may come from two places.

    `passage` begins with its title and heading, on a line of their own.
    """
    parsed = _parsed(passage)
    line = _LEAD_IN.sub("", one_line(statement)).strip(" .")
    return tuple(_evidence(parsed, one) for one in (line, *joined_statements(line)))


def _evidence(parsed: _Passage, line: str) -> Evidence:
    said = read(line, parsed.language)
    window = max(parsed.windows, key=lambda one: _shared(said, one))
    framed = set(parsed.frame.stems)
    there = set(window.text.stems) | framed
    missing = [word for word in said.words if word.stem not in there]
    count = {kind: float(min(_MOST_COUNTED, sum(word.kind == kind for word in missing))) for kind in _KINDS}
    sentence = max((one for one in parsed.windows if one.width == 1), key=lambda one: _shared(said, one))
    nearest = set(sentence.text.stems) | framed
    covered = _share(said.words, there)
    pairs, turned = order(said.stems, parsed.positions)
    everywhere = {*parsed.positions, *framed}
    small = details(line, parsed.language)
    weakest, unsaid = _weakest(line, everywhere, parsed.language)
    return Evidence(
        said=line,
        window=window.source,
        weakest=weakest,
        new=_texts(said.words, everywhere, _MOST_COUNTED),
        free=_texts(window.text.words, set(said.stems), _MOST_FREE),
        quoted=_is_quoted(line, parsed.line),
        covered=covered,
        alone=_share(said.words, nearest),
        imported=float(min(_MOST_COUNTED, len({*said.stems} & {*parsed.positions} - nearest))),
        numbers_absent=_absent(said, small, everywhere),
        numbers_missing=count["number"],
        names_absent=_few(word.stem for word in said.words if word.kind == "name" and word.stem not in everywhere),
        names_missing=count["name"],
        negated=_negated(said, window.text),
        cues=float(min(2, abs(said.cues - window.text.cues))),
        pairs=pairs,
        turned=turned,
        opening=order(said.stems[:_OPENING], parsed.positions)[0],
        company=company(said, parsed.stems, parsed.positions),
        anchors_turned=anchors_turned(said, parsed.positions),
        missing=float(min(_MOST_COUNTED, sum(word.stem not in everywhere for word in said.words))),
        unsaid=unsaid,
        begins=1 - _share(said.words[:_BEGINS], nearest),
        differences=differences(small, details(window.source, parsed.language), parsed.details),
    )


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
    return _Passage(language, line, read(frame, language), windows, stems, positions, details(line, language))


def _few(found: Iterable[str]) -> float:
    return float(min(_MOST_COUNTED, len(set(found))))


def _absent(said: Text, small: Details, there: set[str]) -> float:
    """Numbers that the passage does not have; but "two ways" may be counted by whoever writes it."""
    absent = [word for word in said.words if word.kind == "number" and word.stem not in there]
    return float(sum(word.text[0].isdigit() or small.counts_closed(word.stem) for word in absent))


def _texts(words: Sequence[Word], there: set[str], most: int) -> tuple[str, ...]:
    """Of those that are not there: the ordinary ones, each once."""
    new = (word.text for word in words if word.kind == "word" and word.stem not in there)
    return tuple(dict.fromkeys(new))[:most]


def _weakest(line: str, there: set[str], language: str) -> tuple[str, float]:
    """The part with the most words that the passage does not have, where it has few of that part; and how many."""
    worst, most = line, 0.0
    for part in clauses(line):
        words = read(part, language).words
        missing = sum(word.stem not in there for word in words)
        if missing > most and _share(words, there) < _ENOUGH:
            worst, most = part, float(missing)
    return worst, min(_MOST_COUNTED, most)


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


def _is_quoted(line: str, passage: str) -> bool:
    """Word for word and whole: a "not" right before it would be left out."""
    at = passage.find(line) if line else -1
    if at < 0:
        return False
    before = passage[:at].rsplit(None, 2)[-2:]
    whole = not (passage[at - 1 : at].isalnum() or passage[at + len(line) : at + len(line) + 1].isalnum())
    return whole and not any(word.lower() in CUES or word.lower().endswith("n't") for word in before)
