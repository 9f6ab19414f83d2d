"""The small words that decide what a sentence says: bounds, order, units, months. They share no stem when they differ.

"At least 25 days a year" and "at most 25 weeks a year" have nearly the same words and the same meaning to a vector.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ai_main_service.services.reading import NUMBER_WORDS
from flash_core.utils.words import stem, stop_words

_TOKEN: Final = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['\u2019][^\W\d_]+)*|[%€$£.:;!?]")
_PHRASES: Final = {
    "before": "before, prior to, ahead of, earlier than, vor, bevor, ehe",
    "after": "after, following, once, later than, nach, nachdem",
    "at least": "at least, minimum, minimum of, no less than, no fewer than, not less than, mindestens, wenigstens,"
    " minimal",
    "at most": "at most, up to, maximum, maximum of, no more than, not more than, no longer than, höchstens, maximal,"
    " bis zu",
    "more": "more than, longer than, larger than, greater than, higher than, in excess of, mehr als, länger als,"
    " größer als",
    "less": "less than, fewer than, shorter than, smaller than, lower than, weniger als, kürzer als, kleiner als",
    "up": "increase, increases, increased, increasing, rises, rose, grows, grew, raised, steigt, stieg, erhöht",
    "down": "decrease, decreases, decreased, decreasing, falls, fell, declined, reduced, lowered, sinkt, sank, gesenkt",
    "above": "above, oberhalb",
    "below": "below, unterhalb",
    "high": "high, higher, highest, hoch, höher, höchste, höchsten",
    "low": "low, lower, lowest, niedrig, niedriger, niedrigste, niedrigsten",
    "large": "largest, biggest, greatest, größte, größten",
    "small": "smallest, kleinste, kleinsten",
    "early": "earlier, earliest, früher, früheste",
    "late": "later, latest, später, späteste",
    "first": "first, erste, ersten, erster, erstes",
    "last": "last, final, letzte, letzten, letzter, letztes",
    "all": "all, every, each, always, alle, jede, jeder, jedes, jeden, immer, stets",
    "some": "some, sometimes, partly, einige, manche, manchmal, teilweise",
    "only": "only, solely, exclusively, nur, ausschließlich",
    "unless": "unless, except, excluding, except for, es sei denn, außer, ausgenommen",
    "until": "until, till, bis",
    "with": "with, mit",
    "without": "without, ohne",
    "may": "may, might, can, could, allowed, permitted, optional, kann, können, darf, dürfen, erlaubt",
    "must": "must, required, mandatory, have to, has to, need to, needs to, obliged, muss, müssen, verpflichtet,"
    " pflicht",
}
_OPPOSITES: Final = (
    "before/after at least/at most more/less up/down above/below high/low large/small early/late first/last "
    "all/some with/without may/must more/at most less/at least"
)
_BOUNDING: Final = frozenset(
    ("before", "after", "at least", "at most", "more", "less", "only", "unless", "until", "above", "below", "without")
)
"""Relations that a sentence must have from its passage; the others are often left out or understood."""
_CLASSES: Final = {
    "time": "second sec seconds sekunde sekunden|minute minutes mins minuten|hour hours hr hrs hourly stunde stunden"
    " stündlich|day days daily tag tage tagen täglich|week weeks weekly woche wochen wöchentlich|month months monthly"
    " monat monate monaten monats monatlich|quarter quarters quarterly quartal quartale|year years yearly annual"
    " annually annum jahr jahre jahren jahres jährlich|decade decades jahrzehnt jahrzehnte|century centuries"
    " jahrhundert jahrhunderte jahrhunderts",
    "month": "january jan januar|february feb februar|march märz|april apr|mai|june jun juni|july jul juli|august aug|"
    "september sept|october oct oktober|november nov|december dec dezember",
    "weekday": "monday mondays montag montags|tuesday tuesdays dienstag dienstags|wednesday wednesdays mittwoch"
    " mittwochs|thursday thursdays donnerstag donnerstags|friday fridays freitag freitags|saturday saturdays samstag"
    " samstags|sunday sundays sonntag sonntags",
    "money": "$ dollar dollars usd|€ euro euros eur|£ pound pounds gbp|cent cents|francs franken chf",
    "share": "% percent percentage prozent",
    "size": "kb kilobyte kilobytes|mb megabyte megabytes|gb gigabyte gigabytes|tb terabyte terabytes|km kilometre"
    " kilometres kilometer kilometers|mile miles meile meilen|metre metres meter meters|feet foot|kg kilogram"
    " kilograms kilogramm|tons tonnes tonnen",
    "role": "contractor contractors freelancer freelancers auftragnehmer freiberufler|intern interns trainee trainees"
    " praktikant praktikanten praktikantin|customer customers kunde kunden|supplier suppliers vendor vendors lieferant"
    " lieferanten|visitor visitors guest guests besucher gäste|applicant applicants candidate candidates bewerber"
    " bewerberin|director directors direktor direktoren",
    "side": "north northern norden nördlich nördlichen|south southern süden südlich südlichen|east eastern osten"
    " östlich östlichen|west western westen westlich westlichen",
}
_COUNTED_IN: Final = frozenset({"time", "money", "share", "size"})
_REACH = 3
_UNIT_REACH = 3
_MAY: Final = re.compile(r"\bMay(?=,? \d|\.?$)|(?<=\d )May\b|(?<=\bin )May\b")


@dataclass(frozen=True, slots=True)
class Relation:
    """`about` are the stems around it."""

    kind: str
    about: frozenset[str]


@dataclass(frozen=True, slots=True)
class Details:
    """`counted` holds what each number counts: members of closed classes, else the stem behind it."""

    relations: tuple[Relation, ...]
    counted: dict[str, set[str]]
    members: frozenset[str]

    @property
    def kinds(self) -> set[str]:
        return {relation.kind for relation in self.relations}

    def counts_closed(self, number: str) -> bool:
        """Whether it counts days, euros, per cents: what nobody counts by himself."""
        return any(" " in unit for unit in self.counted.get(number, ()))


@dataclass(frozen=True, slots=True)
class Differences:
    """Of a statement from what it is said to rest on; small counts."""

    opposed: float = 0.0
    unbacked: float = 0.0
    misplaced: float = 0.0
    units: float = 0.0
    members: float = 0.0
    members_far: float = 0.0


def differences(said: Details, window: Details, passage: Details) -> Differences:
    """`window` is the part of the passage that says most of it."""
    opposed = sum(_is_opposed(one, window) for one in said.relations)
    unbacked = sum(one.kind in _BOUNDING and one.kind not in window.kinds for one in said.relations)
    misplaced = sum(one.kind in window.kinds and not _is_placed(one, window) for one in said.relations)
    return Differences(
        opposed=_few(opposed),
        unbacked=_few(unbacked),
        misplaced=_few(misplaced),
        units=_few(sum(_is_counted_otherwise(number, units, passage) for number, units in said.counted.items())),
        members=_few(len(said.members - passage.members)),
        members_far=_few(len((said.members & passage.members) - window.members)),
    )


@lru_cache(maxsize=2_048)
def details(text: str, language: str) -> Details:
    """Of one line."""
    tokens = [token.replace("\u2019", "'") for token in _TOKEN.findall(_MAY.sub("Mai", text))]
    low = [token.lower() for token in tokens]
    content = _content(low, language)
    return Details(
        tuple(_relations(low, content)),
        _counted(low, language),
        frozenset(_MEMBERS[token] for token in low if token in _MEMBERS),
    )


def _relations(low: list[str], content: list[str | None]) -> Iterator[Relation]:
    at = 0
    while at < len(low):
        kind, length = _relation_at(low, at)
        if kind:
            before = [one for one in content[max(0, at - 2 * _REACH) : at] if one][-_REACH:]
            after = [one for one in content[at + length : at + length + 2 * _REACH] if one][:_REACH]
            yield Relation(kind, frozenset((*before, *after)))
        at += length


def _relation_at(low: list[str], at: int) -> tuple[str, int]:
    for length in (3, 2, 1):
        kind = _KINDS.get(tuple(low[at : at + length]), "")
        if kind:
            return kind, length
    if low[at] in {"over", "under", "über", "unter"} and any(_is_number(one) for one in low[at + 1 : at + 3]):
        return ("more" if low[at] in {"over", "über"} else "less"), 1
    return "", 1


def _counted(low: list[str], language: str) -> dict[str, set[str]]:
    counted: dict[str, set[str]] = {}
    for at, token in enumerate(low):
        if _is_number(token):
            number = NUMBER_WORDS.get(token, token.replace(",", "").rstrip("."))
            counted.setdefault(number, set()).add(_unit(low, at, language))
    return counted


def _unit(low: list[str], at: int, language: str) -> str:
    if at and _MEMBERS.get(low[at - 1], "").startswith("money"):
        return _MEMBERS[low[at - 1]]
    behind = low[at + 1 : at + 1 + _UNIT_REACH]
    for token in behind:
        if token in {".", ":", ";", "!", "?"} or _is_number(token):
            break
        if _MEMBERS.get(token, "").partition(" ")[0] in _COUNTED_IN:
            return _MEMBERS[token]
    words = [token for token in behind[:1] if token[0].isalpha() and token not in stop_words(language)]
    return stem(words[0], language) if words else ""


def _content(low: list[str], language: str) -> list[str | None]:
    stop = stop_words(language)
    return [_MEMBERS.get(one, stem(one, language)) if one[0].isalnum() and one not in stop else None for one in low]


def _is_number(token: str) -> bool:
    return token[0].isdigit() or token in NUMBER_WORDS


def _is_opposed(one: Relation, window: Details) -> bool:
    opposite = [other for other in window.relations if other.kind in _AGAINST.get(one.kind, ())]
    return one.kind not in window.kinds and any(one.about & other.about for other in opposite)


def _is_placed(one: Relation, window: Details) -> bool:
    return not one.about or any(
        2 * len(one.about & other.about) >= len(one.about) for other in window.relations if other.kind == one.kind
    )


def _is_counted_otherwise(number: str, units: set[str], passage: Details) -> bool:
    there = passage.counted.get(number)
    closed = {unit for unit in units if " " in unit}
    return bool(there and closed and not closed & there)


def _few(count: int) -> float:
    return float(min(2, count))


_KINDS: Final = {tuple(phrase.split()): kind for kind, phrases in _PHRASES.items() for phrase in phrases.split(", ")}
_AGAINST: Final[dict[str, set[str]]] = {}
for _one, _other in re.findall(r"(at \w+|\w+)/(at \w+|\w+)", _OPPOSITES):
    _AGAINST.setdefault(_one, set()).add(_other)
    _AGAINST.setdefault(_other, set()).add(_one)
_MEMBERS: Final = {
    word: f"{name} {at}"
    for name, members in _CLASSES.items()
    for at, group in enumerate(members.split("|"))
    for word in group.split()
}
