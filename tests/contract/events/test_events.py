"""Events are past tense, frozen, versioned in their topic and only ever added to."""

import re
from copy import deepcopy

import pytest

from flash_core.messaging.events import Event
from tests.contract.events.snapshots import FOLDER, Shape, agreed_shape, breaks, path_of, shape_of

EVENTS = list(Event.by_topic.values())
EACH = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)


@EACH
def test_an_event_is_as_it_was_agreed_on(event: type[Event]) -> None:
    agreed, now = agreed_shape(event), shape_of(event)
    hint = "python -m tests.contract.events.snapshots"
    assert agreed is not None, f"nobody has agreed on it yet: {hint}"
    assert breaks(agreed, now) == []
    assert now == agreed, f"something was added: {hint}"


def test_no_agreed_event_has_disappeared() -> None:
    assert {path.name for path in FOLDER.glob("*.json")} == {path_of(event).name for event in EVENTS}


@EACH
def test_an_event_is_a_fact_that_nobody_changes(event: type[Event]) -> None:
    assert event.model_config.get("frozen") is True
    assert event.model_config.get("extra") == "ignore"
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*\.v\d+", event.topic)
    assert event.topic.split(".")[1].endswith("ed"), "a fact is told in the past tense"
    assert event.__doc__


def test_every_queue_carries_one_event_only() -> None:
    """A consumer reads one kind of event and buries what it can't read."""
    queues = [event.queue for event in EVENTS]
    assert len(set(queues)) == len(queues)


@EACH
def test_no_event_carries_a_secret_or_a_users_text(event: type[Event]) -> None:
    telling = re.compile("token|password|secret|text|content|question|query|email|name", re.IGNORECASE)
    assert [name for name in event.model_fields if telling.search(name)] == []


AGREED: Shape = {"queue": "q", "partitions": 1, "required": ["a"], "fields": {"a": {"type": "string"}, "b": {}}}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, []),
        ({"fields": {"a": {"type": "string"}, "b": {}, "c": {}}}, []),
        ({"required": []}, []),
        ({"fields": {"a": {"type": "string"}}}, ["field b is gone"]),
        ({"fields": {"a": {"type": "integer"}, "b": {}}}, ["field a means something else"]),
        ({"required": ["a", "c"]}, ["field c is required"]),
        ({"queue": "other", "partitions": 2}, ["queue is another one", "partitions is another one"]),
    ],
    ids=["nothing", "added", "no longer required", "removed", "another type", "newly required", "moved"],
)
def test_only_additions_go_unnoticed(change: Shape, found: list[str]) -> None:
    assert breaks(AGREED, deepcopy(AGREED) | change) == found
