"""Accepted aliases, ready to be found in a query: whole words, in any inflection, the longest first."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from documentation_service.interfaces import Alias, Alternatives
from documentation_service.services.acronyms import explains
from documentation_service.services.aliases import folded
from flash_core.utils.words import STEMMERS, WORD, short_words, stem, stop_words, tokens

_PLURAL: Final = "s"
_MORE_OF_THE_WORD: Final = frozenset("+#")
"""`C++` and `C#` are not `C`."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A token of a text by its stem, at `text[start:end]`; `opens` and `closes` say whether a word does so there."""

    stem: str
    start: int
    end: int
    opens: bool
    closes: bool


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A term or a synonym as tokens, with the signs before and behind them that belong to it (`.NET`, `C++`)."""

    key: str
    stems: tuple[str, ...]
    before: str
    behind: str
    only_capitals: bool


class Glossary:
    """Every term and every synonym, by what else means the same.

    Synonyms of one term are each other's synonyms, unless the term is an acronym and they are two readings of it. It
    does not follow chains: the synonyms of a synonym in another alias are not those of the term.
    """

    def __init__(self, version: int, aliases: Sequence[Alias]) -> None:
        self.version = version
        self._meaning: dict[str, dict[str, str]] = defaultdict(dict)
        self._surfaces: dict[str, str] = {}
        for alias in aliases:
            self._add((alias.term, *alias.synonyms))
        self._phrases: dict[str, dict[str, list[_Phrase]]] = {}

    def found_in(self, query: str, language: str) -> tuple[Alternatives, ...]:
        """In order; of terms that overlap the longest. A synonym that the query holds itself is left out."""
        if not self._surfaces:
            return ()
        taken = _apart(self._matches(query, language))
        present = {phrase.key for phrase, _, _ in taken}
        alternatives = (
            Alternatives(query[start:end], self._others(phrase.key, present), start, end)
            for phrase, start, end in sorted(taken, key=lambda one: one[1])
        )
        return tuple(one for one in alternatives if one.synonyms)

    def _add(self, group: Sequence[str]) -> None:
        for one in group:
            self._surfaces.setdefault(folded(one), one)
            for other in group:
                if folded(other) != folded(one) and not _are_readings(one, other, group[0]):
                    self._meaning[folded(one)].setdefault(folded(other), other)

    def _others(self, key: str, present: set[str]) -> tuple[str, ...]:
        return tuple(text for other, text in self._meaning[key].items() if other not in present)

    def _matches(self, query: str, language: str) -> Iterator[tuple[_Phrase, int, int]]:
        known = self._known(language)
        units = _units(query, language)
        for at, unit in enumerate(units):
            for phrase in known.get(unit.stem, ()):
                here = units[at : at + len(phrase.stems)]
                place = _place(phrase, here, query)
                if place is not None:
                    yield (phrase, *place)

    def _known(self, language: str) -> dict[str, list[_Phrase]]:
        """The phrases by their first stem; languages stem differently."""
        language = language if language in STEMMERS else ""
        if language not in self._phrases:
            by_stem: dict[str, list[_Phrase]] = defaultdict(list)
            for key, text in self._surfaces.items():
                phrase = _phrase(key, text, language)
                by_stem[phrase.stems[0]].append(phrase)
            self._phrases[language] = by_stem
        return self._phrases[language]


def _phrase(key: str, text: str, language: str) -> _Phrase:
    units = _units(text, language)
    return _Phrase(
        key,
        tuple(unit.stem for unit in units),
        text[: units[0].start].strip(),
        text[units[-1].end :].strip(),
        only_capitals=_looks_ordinary(text, language),
    )


def _are_readings(one: str, other: str, term: str) -> bool:
    """Whether the two are what one acronym may stand for: `AWS` is a cloud, and a work schedule."""
    return bool(explains(term, one) and explains(term, other))


def _looks_ordinary(text: str, language: str) -> bool:
    """Whether it is another word when it is not in capitals, as `IT`, `US` and `CAP` are. What an administrator wrote
    in small letters is meant in small letters, unless it is a stop word.
    """
    word = text.lower()
    return word in stop_words(language) or (text.isupper() and word in short_words())


def _place(phrase: _Phrase, units: Sequence[_Unit], query: str) -> tuple[int, int] | None:
    """Where in the query the phrase stands, if these units are it."""
    if tuple(unit.stem for unit in units) != phrase.stems or not (units[0].opens and units[-1].closes):
        return None
    start, end = units[0].start, units[-1].end
    if phrase.only_capitals and not query[start:end].removesuffix(_PLURAL).isupper():
        return None
    if not query[:start].endswith(phrase.before) or not query[end:].startswith(phrase.behind):
        return None
    if not phrase.behind and query[end : end + 1] in _MORE_OF_THE_WORD:
        return None
    return start - len(phrase.before), end + len(phrase.behind)


def _apart(matches: Iterator[tuple[_Phrase, int, int]]) -> list[tuple[_Phrase, int, int]]:
    """The longest of those that overlap; of equally long ones the first."""
    taken: list[tuple[_Phrase, int, int]] = []
    for one in sorted(matches, key=lambda match: (match[1] - match[2], match[1])):
        if all(one[2] <= start or end <= one[1] for _, start, end in taken):
            taken.append(one)
    return taken


def _units(text: str, language: str) -> list[_Unit]:
    return [unit for match in WORD.finditer(text) for unit in _units_of(match[0], match.start(), language)]


def _units_of(word: str, at: int, language: str) -> Iterator[_Unit]:
    parts = tokens(word)
    if len(parts) > 1 and sum(map(len, parts)) > len(word):  # overlapping pairs: a script without spaces
        for shift, part in enumerate(parts):
            yield _Unit(part, at + shift, at + shift + len(part), opens=True, closes=True)
        return
    end = at + len(word)
    for ordinal, part in enumerate(parts):
        last = ordinal == len(parts) - 1
        width = len(part)
        yield _Unit(stem(part, language), at, end if last else at + width, opens=ordinal == 0, closes=last)
        at += width
