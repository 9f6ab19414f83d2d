"""`Retry-After`: seconds, a date, or nothing that means anything."""

from datetime import UTC, datetime

import pytest

from flash_core.clients.retry_after import retry_after_seconds

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        (" 120 ", 120),
        ("0.5", 0.5),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30),
        ("Thu, 01 Jan 2026 12:00:30", 30),
        ("Thu, 01 Jan 2026 13:00:30 +0100", 30),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("1.2.3", None),
        ("٣", None),
        ("nan", None),
        ("Thu, 99 Jan 2026 12:00:30 GMT", None),
        ("Wed, 21 Oct 99999999999 07:28:00 GMT", None),
    ],
)
def test_both_forms_are_understood(value: str, seconds: float | None) -> None:
    assert retry_after_seconds(value, NOW) == seconds
