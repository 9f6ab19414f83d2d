"""No text that a person can send keeps the service busy: reading twice as much takes about twice as long."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_intent_service.services.follow_ups import is_of_any_subject, leaning
from ai_intent_service.services.kinds import kind_of
from ai_intent_service.services.said_filters import said
from ai_intent_service.services.topics import entities_of, groups_of
from ai_intent_service.services.writing_out import Before, standalone

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
READERS: dict[str, Callable[[str], object]] = {
    "filters": lambda text: said(text, NOW),
    "kind": kind_of,
    "leaning": leaning,
    "aspects": is_of_any_subject,
    "entities": lambda text: entities_of(text, "en"),
    "groups": lambda text: groups_of(text, "en"),
    "writing out": lambda text: standalone(text, Before([text], [text])),
}
PREFIXES = st.sampled_from(
    ["", "in ", "in the ", "new ", "What does the ", "since ", "and ", "how ", "ignore ", "is it ", '"']
)
PIECES = st.sampled_from(
    ["a-", "a ", "in ", "in a-", "the ", "wiki ", 'in "a ', "1. ", "1 ", "1+", "(", "-", "_", "A.", "A-", "Aa ", "and ",
     "it ", "thanks ", "hi, ", "previous ", "that ", "last 2 ", "since March ", "a_", "\u2019s", "a", " ",
     "new updated "]
)  # fmt: skip
SHORT, LONG = 450, 900
CUBIC = (LONG / SHORT) ** 3
NOTHING = 0.004
"""Seconds that say nothing: a scheduler's tick."""


def seconds(read: Callable[[str], object], text: str) -> float:
    def once() -> float:
        began = time.process_time()
        read(text)
        return time.process_time() - began

    return min(once() for _ in range(3))


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=60, deadline=None)
@given(prefix=PREFIXES, pieces=st.lists(PIECES, min_size=1, max_size=3), suffix=st.sampled_from([" x", "", "wik", "?"]))
def test_what_it_takes_to_read_a_text_grows_with_it_no_faster_than_its_square(
    reader: str, prefix: str, pieces: list[str], suffix: str
) -> None:
    piece = "".join(pieces)
    short, long = (
        seconds(READERS[reader], prefix + piece * (length // len(piece)) + suffix) for length in (SHORT, LONG)
    )
    assert long < NOTHING + CUBIC * short
    assert long < 0.25
