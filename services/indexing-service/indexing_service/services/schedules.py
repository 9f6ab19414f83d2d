"""When a source is looked at again without being asked to: as somebody writes it, and the moments that it means."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from flash_core.errors import FieldError, InvalidInputError

DEFAULT: Final = "default"
"""In a request: as often as is usual for its type."""
NEVER: Final = "never"

_WORDS: Final = {"hourly": "1h", "daily": "1d", "weekly": "7d"}
_EVERY: Final = re.compile(r"([1-9][0-9]{0,4})([mhd])")
_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_LONGEST: Final = timedelta(days=30)
_STEPS: Final = re.compile(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?")
_FIELDS: Final = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_DAYS_AHEAD: Final = 8 * 366
"""The 29th of February may be eight years away."""
_FORMS: Final = (
    "A schedule is a time between two looks, as 5m, 1h or 1d (up to 30d), or a cron expression of five fields in UTC, "
    "as `30 2 * * 1-5`; null is never."
)

Next = Callable[[datetime], datetime | None]


def understood(schedule: str | None) -> str | None:
    """As it is stored, None for never; `InvalidInputError` says how schedules are written."""
    text = " ".join((schedule or NEVER).split()).lower()
    if text == NEVER:
        return None
    if _parsed(text) is None:
        raise InvalidInputError(_FORMS, [FieldError("schedule", _FORMS)])
    return text


def next_after(schedule: str | None, now: datetime) -> datetime | None:
    """None where there is no schedule, or none that can be read."""
    parsed = None if schedule is None else _parsed(schedule)
    return None if parsed is None else parsed(now)


def _parsed(text: str) -> Next | None:
    if (every := _EVERY.fullmatch(_WORDS.get(text, text))) is not None:
        pause = int(every[1]) * _UNITS[every[2]]
        return (lambda now: now + pause) if pause <= _LONGEST else None
    cron = _cron(text.split(" "))
    return cron.after if cron is not None and cron.after(datetime.now(UTC)) is not None else None


@dataclass(frozen=True, slots=True)
class _Cron:
    """`any_day`: what restricts days both ways, by their date and by their weekday, means either (as cron has it)."""

    minutes: frozenset[int]
    hours: frozenset[int]
    dates: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool

    def after(self, now: datetime) -> datetime | None:
        """None for a day that no year has."""
        utc = now.astimezone(UTC)
        for ahead in range(_DAYS_AHEAD):
            day = utc.date() + timedelta(days=ahead)
            if self._on(day) and (found := self._of(day, utc)) is not None:
                return found
        return None

    def _on(self, day: date) -> bool:
        by_date, by_weekday = day.day in self.dates, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and (by_date or by_weekday if self.any_day else by_date and by_weekday)

    def _of(self, day: date, now: datetime) -> datetime | None:
        moments = (
            datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
            for hour in sorted(self.hours)
            for minute in sorted(self.minutes)
        )
        return next((one for one in moments if one > now), None)


def _cron(fields: list[str]) -> _Cron | None:
    if len(fields) != len(_FIELDS):
        return None
    sets = [_values(text, *bounds) for text, bounds in zip(fields, _FIELDS, strict=True)]
    minutes, hours, dates, months, weekdays = sets
    if not all(sets):
        return None
    either = "*" not in fields[2] and "*" not in fields[4]
    return _Cron(minutes, hours, dates, months, frozenset(one % 7 for one in weekdays), either)


def _values(text: str, first: int, last: int) -> frozenset[int]:
    """Of one field; empty where it makes no sense."""
    values: set[int] = set()
    for part in text.split(","):
        found = _range(part, first, last)
        if found is None or not found:
            return frozenset()
        values.update(found)
    return frozenset(values)


def _range(part: str, first: int, last: int) -> range | None:
    """`*`, `5`, `1-5`, and each of them with `/step`; a number with a step goes on to the end."""
    match = _STEPS.fullmatch(part)
    if match is None or match[3] in {"0", "00"}:
        return None
    low = first if match[1] is None else int(match[1])
    alone = match[1] is not None and match[2] is None and match[3] is None
    high = low if alone else int(match[2] or last)
    return range(low, high + 1, int(match[3] or 1)) if first <= low <= high <= last else None
