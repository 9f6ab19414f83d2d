"""When a source is looked at again without being asked to: as somebody writes it, and the moments that it means."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from cronsim import CronSim, CronSimError

from flash_core.errors import FieldError, InvalidInputError

DEFAULT: Final = "default"
"""In a request: as often as is usual for its type."""
NEVER: Final = "never"

_WORDS: Final = {"hourly": "1h", "daily": "1d", "weekly": "7d"}
_EVERY: Final = re.compile(r"([1-9][0-9]{0,4})([mhd])")
_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_LONGEST: Final = timedelta(days=30)
_FIELDS: Final = 5
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
    return partial(_after, text) if _is_cron(text) else None


def _is_cron(text: str) -> bool:
    """Of five fields, and of a day that some year has."""
    try:
        return len(text.split(" ")) == _FIELDS and _after(text, datetime.now(UTC)) is not None
    except CronSimError:
        return False


def _after(cron: str, now: datetime) -> datetime | None:
    return next(CronSim(cron, now.astimezone(UTC)), None)
