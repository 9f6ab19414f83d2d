"""Moments as people say them in English and German, relative to a day."""

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Final


def _numbered(*rows: Sequence[str], start: int) -> dict[str, int]:
    return {name: number for number, names in enumerate(rows, start) for name in names}


_MONTHS: Final = _numbered(
    ("january", "januar", "jänner", "jan"),
    ("february", "februar", "feb"),
    ("march", "märz", "mar"),
    ("april", "apr"),
    ("may", "mai"),
    ("june", "juni", "jun"),
    ("july", "juli", "jul"),
    ("august", "aug"),
    ("september", "sept", "sep"),
    ("october", "oktober", "oct", "okt"),
    ("november", "nov"),
    ("december", "dezember", "dec", "dez"),
    start=1,
)
_WEEKDAYS: Final = _numbered(
    ("monday", "montag"),
    ("tuesday", "dienstag"),
    ("wednesday", "mittwoch"),
    ("thursday", "donnerstag"),
    ("friday", "freitag"),
    ("saturday", "samstag"),
    ("sunday", "sonntag"),
    start=0,
)
_COUNTS: Final = _numbered(
    ("a", "an", "one", "ein", "eine", "einem", "einer"),
    ("two", "couple of", "zwei"),
    ("three", "few", "drei", "paar"),
    ("four", "vier"),
    ("five", "fünf"),
    ("six", "sechs"),
    ("seven", "sieben"),
    ("eight", "acht"),
    ("nine", "neun"),
    ("ten", "zehn"),
    start=1,
)
_UNIT_LETTERS: Final = {"d": "day", "t": "day", "w": "week", "m": "month", "q": "quarter", "y": "year", "j": "year"}
_DAYS: Final = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}


def _one_of(words: dict[str, int]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_MONTH = rf"(?P<month>{_one_of(_MONTHS)})\b\.?"
_YEAR = r"(?P<year>(?:19|20)\d\d)\b"
_UNIT = r"(?P<unit>day|week|month|quarter|year|tag|woche|monat|quartal|jahr)(?:e?s|e?n)?\b"
_ONE_UNIT = r"(?P<unit>week|month|quarter|year|woche|monat|quartal|jahr)(?:e?s)?\b"
_COUNT = rf"(?:(?P<count>\d{{1,3}}|{_one_of(_COUNTS)}) )?"
_LAST = r"(?:the |der |dem |den )?(?:last|past|letzte[nrms]?|vergangene[nrms]?)"
_THIS = r"(?:this|diese[nrms]?)"

Reader = Callable[[re.Match[str], date], date | None]


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _numbers(found: re.Match[str], today: date) -> date | None:
    return _valid(int(found["year"] or today.year), int(found["number"]), int(found["day"]))


def _named(found: re.Match[str], today: date) -> date | None:
    """A month, with or without a day and a year; without a year the latest one that is not in the future."""
    said = found.groupdict()
    month, day = _MONTHS[found["month"].lower()], int(said.get("day") or 1)
    if said["year"]:
        return _valid(int(said["year"]), month, day)
    this_year = _valid(today.year, month, day)
    return this_year if this_year is None or this_year <= today else _valid(today.year - 1, month, day)


def _year(found: re.Match[str], _: date) -> date | None:
    return _valid(int(found["year"]), 1, 1)


def _unit(found: re.Match[str]) -> str:
    return _UNIT_LETTERS[found["unit"][0].lower()]


def _beginning(unit: str, day: date) -> date:
    match unit:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case _:
            return day.replace(month=1, day=1)


def _this(found: re.Match[str], today: date) -> date:
    return _beginning(_unit(found), today)


def _last(found: re.Match[str], today: date) -> date:
    """The beginning of the one before this one."""
    return _beginning(_unit(found), _this(found, today) - timedelta(days=1))


def _ago(found: re.Match[str], today: date) -> date:
    said = (found["count"] or "one").lower()
    count = int(said) if said.isdigit() else _COUNTS[said]
    return today - timedelta(days=count * _DAYS[_unit(found)])


def _weekday(found: re.Match[str], today: date) -> date:
    return today - timedelta(days=(today.weekday() - _WEEKDAYS[found["weekday"].lower()]) % 7 or 7)


def _near_day(found: re.Match[str], today: date) -> date:
    return today - timedelta(days=found["near"].lower() in {"yesterday", "gestern"})


MOMENTS: Final[tuple[tuple[str, Reader], ...]] = (
    (r"(?P<year>\d{4})-(?P<number>\d\d)-(?P<day>\d\d)", _numbers),
    (r"(?P<day>\d{1,2})\.\s?(?P<number>\d{1,2})\.(?:\s?(?P<year>20\d\d))?", _numbers),
    (rf"(?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?(?: of)? {_MONTH}(?:,? {_YEAR})?", _named),
    (rf"{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? {_YEAR})?", _named),
    (rf"(?:early |anfang )?{_MONTH}(?:,? {_YEAR})?", _named),
    (_YEAR, _year),
    (rf"(?:the )?(?:beginning|start) of (?:the|this) {_ONE_UNIT}", _this),
    (rf"anfang (?:des|der|dieser|dieses) {_ONE_UNIT}", _this),
    (r"(?P<unit>jahr|monat)e?s(?:beginn|anfang)\b", _this),
    (rf"{_LAST} {_ONE_UNIT}", _last),
    (rf"{_THIS} {_ONE_UNIT}", _this),
    (rf"(?:{_LAST} )?(?P<weekday>{_one_of(_WEEKDAYS)})\b", _weekday),
    (r"(?P<near>yesterday|today|gestern|heute)\b", _near_day),
)
"""What may follow "since"."""

PERIODS: Final[tuple[tuple[str, Reader], ...]] = (
    (
        rf"(?:in|during|within|over|innerhalb)(?: the| den| der)? (?:last|past|letzten|vergangenen) {_COUNT}{_UNIT}",
        _ago,
    ),
    (rf"im (?:letzten|vergangenen) {_ONE_UNIT}", lambda found, today: today - timedelta(days=_DAYS[_unit(found)])),
    (rf"(?:in |im )?{_THIS} {_ONE_UNIT}", _this),
    (rf"{_LAST} {_ONE_UNIT}", _last),
    (r"\b(?P<near>yesterday|today|gestern|heute)\b", _near_day),
)
"""What says by itself from when on."""
