"""Acronyms that a text explains: "site reliability engineering (SRE)", "SRE (Site Reliability Engineering)" and the
lines of a glossary, "SRE - Site Reliability Engineering".

Which words belong to the letters is decided as in Schwartz and Hearst 2003, "A Simple Algorithm for Identifying
Abbreviation Definitions in Biomedical Text": at most min(|A| + 5, 2|A|) words for |A| letters, matched from the last
letter to the first, which must begin a word. Words whose initials are the letters are preferred to that, because its
letters may lie anywhere in a word ("CO" in "Contracting").
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from flash_core.utils.words import stop_words

MIN_FIT: Final = 0.5
_MOST_LETTERS: Final = 10
_MOST_WORDS: Final = 12
_ONE_WORD_MORE: Final = 0.85
_CUT: Final = 0.9
_BEFORE: Final = 250
_FEW: Final = 2

_SHORT = r"[A-Za-z0-9][A-Za-z0-9&/.-]{0,10}[A-Za-z0-9]"
_BRACKET = re.compile(r"\(\s*([^()\n]{2,150}?)\s*\)")
_AS_SHORT = re.compile(rf"[\"'\u201c\u2018]?({_SHORT})[\"'\u201d\u2019]?(?:\s*[,;].*)?")
_ENDS_SHORT = re.compile(rf"(?<![\w&/.-])({_SHORT})\s*$")
_GLOSSARY = re.compile(
    rf"^[ \t]*({_SHORT})[ \t]*(?:[-\u2013\u2014:]|[ \t])[ \t]+(?=[A-Za-z])([^\n]{{3,200}})", re.MULTILINE
)
_SENTENCE = re.compile(r"[.!?:;()\n]\s|[:;()\n]")
_WORD = re.compile(r"[^\s\-/]+")
_LETTER = re.compile(r"[A-Za-z0-9]")
_POSSESSIVE = re.compile(r"['\u2019]s$")
_MARKS = " \t\"'\u201c\u201d\u2018\u2019,*_"


@dataclass(frozen=True, slots=True)
class Definition:
    """`fit` (0.5 … 1): how well the letters are the words' initials. It stands in `text[start:end]`."""

    short: str
    long: str
    fit: float
    start: int
    end: int


def definitions(text: str) -> Iterator[Definition]:
    for match in _BRACKET.finditer(text):
        found = _before(match, text) or _behind(match, text)
        if found:
            yield found
    for match in _GLOSSARY.finditer(text):
        found = _defined(match[1], _forwards(_letters(match[1]), _clause(match[2])), match.start(), match.end())
        if found:
            yield found


def explains(short: str, long: str) -> float:
    """How well `long` as a whole fits the letters of `short`; 0 when it does not."""
    words = _words(long)
    fit = _initials(_letters(short), words) if is_short_form(short) and len(words) >= _FEW else 0.0
    return fit if fit >= MIN_FIT else 0.0


def is_short_form(text: str) -> bool:
    """At most ten letters and digits, two of them capitals, beginning and ending with one of them."""
    capitals = sum(letter.isupper() for letter in text)
    return capitals >= _FEW and len(_letters(text)) <= _MOST_LETTERS and re.fullmatch(_SHORT, text) is not None


def _before(match: re.Match[str], text: str) -> Definition | None:
    """The words before a bracket that holds their letters."""
    short = _AS_SHORT.fullmatch(match[1])
    if short is None:
        return None
    start = max(0, match.start() - _BEFORE)
    clause = _SENTENCE.split(text[start : match.start()])[-1]
    found = _backwards(_letters(short[1]), clause)
    begin = match.start() - (len(clause) - clause.find(found[0])) if found else 0
    return _defined(short[1], found, begin, match.end())


def _behind(match: re.Match[str], text: str) -> Definition | None:
    """The words in a bracket behind their letters."""
    short = _ENDS_SHORT.search(text, max(0, match.start() - _MOST_WORDS * 2), match.start())
    if short is None:
        return None
    return _defined(short[1], _forwards(_letters(short[1]), _clause(match[1])), short.start(), match.end())


def _defined(short: str, found: tuple[str, float] | None, start: int, end: int) -> Definition | None:
    if found is None or not is_short_form(short):
        return None
    long, fit = _POSSESSIVE.sub("", found[0].strip(_MARKS)), found[1]
    short = short[:-1] if short.endswith("s") and short[:-1].isupper() else short
    repeated = short.lower() in (word.lower().strip(_MARKS) for word in _WORD.findall(long))
    return None if repeated or fit < MIN_FIT else Definition(short, long, fit, start, end)


def _letters(short: str) -> str:
    """`RFPs` are `RFP`."""
    only = "".join(_LETTER.findall(short))
    return (only[:-1] if only.endswith("s") and only[:-1].isupper() else only).lower()


def _clause(text: str) -> str:
    return _SENTENCE.split(f"{text}\n")[0]


def _words(text: str) -> list[re.Match[str]]:
    return [match for match in _WORD.finditer(text) if _LETTER.search(match[0])]


def _most(letters: str) -> int:
    return min(len(letters) + 5, len(letters) * 2, _MOST_WORDS)


def _backwards(letters: str, clause: str) -> tuple[str, float] | None:
    """The last words of the clause that the letters stand for."""
    words = _words(clause)[-_most(letters) :]
    tails = [words[at:] for at in range(len(words) - _FEW, -1, -1)]
    best = _best(letters, tails, cut=True)
    if best:
        return clause[best[0][0].start() : best[0][-1].end()], best[1]
    start = _schwartz_hearst(letters, clause[words[0].start() :]) if words else None
    return _lenient(letters, clause[words[0].start() + start :]) if start is not None else None


def _forwards(letters: str, clause: str) -> tuple[str, float] | None:
    """The first words of the clause that the letters stand for."""
    words = _words(clause)[: _most(letters)]
    heads = [words[:count] for count in range(_FEW, len(words) + 1)]
    best = _best(letters, heads)
    if best:
        return clause[: best[0][-1].end()], best[1]
    for head in heads:
        if _schwartz_hearst(letters, clause[head[0].start() : head[-1].end()]) == 0:
            return _lenient(letters, clause[head[0].start() : head[-1].end()])
    return None


def _best(
    letters: str, groups: Sequence[list[re.Match[str]]], *, cut: bool = False
) -> tuple[list[re.Match[str]], float] | None:
    """The words whose initials the letters are; those that need no word besides before those that need one. With `cut`
    up to two more words may stand behind them: "Paperwork Reduction Act of 1980 (PRA)".
    """
    fitting = [(words, fit) for words in groups if (fit := _initials(letters, words))]
    if cut:
        shorter = [words[:-less] for words in groups for less in (1, _FEW) if len(words) - less >= _FEW]
        fitting += [(words, _CUT) for words in shorter if _initials(letters, words) == 1]
    return max(fitting, key=lambda one: one[1], default=None)


def _initials(letters: str, words: Sequence[re.Match[str]]) -> float:
    """1 when every word that is no stop word gives its initial, in order; less when one gives none."""
    initials = [(found[0].lower(), _is_small(word[0])) for word in words if (found := _LETTER.search(word[0]))]
    if not letters or not initials or initials[0] != (letters[0], False) or initials[-1][1]:
        return 0.0
    for skipped in (0, 1):
        if _spelled(letters, initials, skipped):
            return 1.0 if skipped == 0 else _ONE_WORD_MORE
    return 0.0


def _spelled(letters: str, initials: Sequence[tuple[str, bool]], skippable: int) -> bool:
    """Small words may be left out, and `skippable` others; a small word's initial counts where no other is left out."""
    if not letters or not initials:
        return not letters and sum(not small for _, small in initials) <= skippable
    (initial, small), rest = initials[0], initials[1:]
    counts = initial == letters[0] and not (small and skippable)
    if counts and _spelled(letters[1:], rest, skippable):
        return True
    return (small or skippable > 0) and _spelled(letters, rest, skippable - (not small))


def _is_small(word: str) -> bool:
    return word.lower() in stop_words() or word == "&"


def _schwartz_hearst(letters: str, candidate: str) -> int | None:
    """Where in the candidate the first letter is, when all are found from the last to the first."""
    at = len(candidate)
    for ordinal in range(len(letters) - 1, -1, -1):
        at -= 1
        while at >= 0 and not _fits(candidate, at, letters[ordinal], first=ordinal == 0):
            at -= 1
        if at < 0:
            return None
    return at


def _fits(candidate: str, at: int, letter: str, *, first: bool) -> bool:
    return candidate[at].lower() == letter and not (first and at > 0 and candidate[at - 1].isalnum())


def _lenient(letters: str, long: str) -> tuple[str, float] | None:
    """By how many of the words' initials are among the letters, in order."""
    words = _words(long)
    initials = [word[0][0].lower() for word in words if not _is_small(word[0])]
    if len(initials) < _FEW or _is_small(words[0][0]):
        return None
    rest, hits = letters, 0
    for initial in initials:
        if initial in rest:
            hits += 1
            rest = rest[rest.index(initial) + 1 :]
    return long, min(hits / len(letters), hits / len(initials)) * _ONE_WORD_MORE
