"""Sentences that keep a text's words and turn what they say: another unit, bound, month, order; or a clause more.

Each takes a sentence, its passage, another passage and a source of chance, and gives None where it has nothing to turn.
"""

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Final, Protocol

from flash_core.utils.words import content_stems


class Texts(Protocol):
    """What a passage is here."""

    @property
    def text(self) -> str: ...

    @property
    def sentences(self) -> Sequence[str]: ...


_UNITS: Final = {
    "en": (
        ("seconds", "minutes", "hours", "days", "weeks", "months", "years"),
        ("second", "minute", "hour", "day", "week", "month", "year"),
    ),
    "de": (
        ("Sekunden", "Minuten", "Stunden", "Tage", "Wochen", "Monate", "Jahre"),
        ("Sekunde", "Minute", "Stunde", "Tag", "Woche", "Monat", "Jahr"),
    ),
}
_MONTHS: Final = {
    "en": "January February March April May June July August September October November December".split(),  # noqa: SIM905
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),  # noqa: SIM905
}
_DAYS: Final = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),  # noqa: SIM905
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag".split(),  # noqa: SIM905
}
_OPPOSITES: Final = {
    "en": "before/after,at least/at most,more than/less than,minimum/maximum,increase/decrease,increased/decreased,"
    "first/last,above/below,always/never,with/without,all/some,higher/lower,earlier/later,must/may,"
    "largest/smallest,north/south,east/west,northern/southern,eastern/western",
    "de": "vor/nach,mehr als/weniger als,mindestens/höchstens,ersten/letzten,mit/ohne,immer/nie,größte/kleinste,"
    "nördlich/südlich,kann/muss,höher/niedriger",
}
_PAIRS: Final = {language: dict(pair.split("/") for pair in pairs.split(",")) for language, pairs in _OPPOSITES.items()}
_BOUND: Final = {
    "en": ("at least", "at most", "more than", "fewer than", "up to"),
    "de": ("mindestens", "höchstens", "mehr als", "weniger als", "bis zu"),
}
_COUNTED: Final = re.compile(r"(?<![\w.,-])(?<!least )(?<!most )(?<!than )(?<!over )(?<!about )\d+(?= [a-zäöü]{3,})")
_APPENDED: Final = re.compile(r"\b((?:is|are|was|were|has|have|had|can|will|must) [^,;:.()]{10,60})[.,;]")
_APPENDED_DE: Final = re.compile(r"\b((?:ist|sind|war|waren|hat|haben|kann|wird|wurde) [^,;:.()]{10,60})[.,;]")
Change = Callable[[str, Texts, Texts, Random, str], str | None]


def another_unit(sentence: str, _: Texts, __: Texts, random: Random, language: str) -> str | None:
    many, one = _UNITS[language]
    found = re.search(rf"\b(?:{'|'.join(many + one)})\b", sentence)
    if found is None:
        return None
    group = many if found[0] in many else one
    return _put(sentence, found, random.choice([unit for unit in group if unit != found[0]]))


def another_date(sentence: str, _: Texts, __: Texts, random: Random, language: str) -> str | None:
    for group in (_MONTHS[language], _DAYS[language]):
        found = re.search(rf"\b(?:{'|'.join(group)})\b", sentence)
        if found:
            return _put(sentence, found, random.choice([one for one in group if one != found[0]]))
    return None


def opposite(sentence: str, _: Texts, __: Texts, ___: Random, language: str) -> str | None:
    pairs = _PAIRS[language]
    both = pairs | {other: one for one, other in pairs.items()}
    found = re.search(rf"\b(?:{'|'.join(sorted(both, key=len, reverse=True))})\b", sentence)
    return _put(sentence, found, both[found[0]]) if found else None


def bounded(sentence: str, _: Texts, __: Texts, random: Random, language: str) -> str | None:
    """A number is made a limit."""
    found = _COUNTED.search(sentence)
    return _put(sentence, found, f"{random.choice(_BOUND[language])} {found[0]}") if found else None


def appended(sentence: str, passage: Texts, other: Texts, random: Random, language: str) -> str | None:
    """What is said in another passage about something else, behind what this sentence says."""
    pattern = _APPENDED_DE if language == "de" else _APPENDED
    clauses = [found[1] for one in other.sentences for found in pattern.finditer(one)]
    new = [
        one
        for one in clauses
        if len(set(content_stems(one, language)) - set(content_stems(passage.text, language))) > 1
    ]
    joint = "und" if language == "de" else "and"
    return f"{sentence.rstrip('.')}, {joint} {random.choice(new)}." if new else None


def another_thing(sentence: str, passage: Texts, other: Texts, random: Random, language: str) -> str | None:
    """A noun that the passage does not have in the place of one that it has."""
    noun = re.compile(r"(?<=\b(?:the|all|any|for) )[a-z]{5,}(?= (?:is|are|was|were|has|have|can|must|of|in)\b)")
    if language == "de":
        noun = re.compile(r"(?<=\b(?:der|die|das|den|dem) )[A-ZÄÖÜ][a-zäöüß]{4,}")
    found = noun.search(sentence)
    new = sorted({one[0] for one in noun.finditer(other.text)} - set(re.findall(r"\w+", passage.text)))
    return _put(sentence, found, random.choice(new)) if found and new else None


def joined(sentence: str, passage: Texts, language: str) -> str | None:
    """True: it, and what another sentence of the passage says."""
    others = [one for one in passage.sentences if one != sentence and len(one) + len(sentence) < _LONGEST]
    joint = "und" if language == "de" else "and"
    return f"{sentence.rstrip('.')}, {joint} {others[0][0].lower()}{others[0][1:]}" if others else None


_LONGEST: Final = 320
TURNED: Final[dict[str, Change]] = {
    "another unit": another_unit,
    "another month or day": another_date,
    "the opposite": opposite,
    "a number made a limit": bounded,
    "a clause appended": appended,
    "another thing": another_thing,
}


def _put(sentence: str, found: re.Match[str], new: str) -> str:
    return sentence[: found.start()] + new + sentence[found.end() :]
