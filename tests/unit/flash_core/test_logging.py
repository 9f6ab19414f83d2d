"""One JSON object a line, from structlog and from the standard library, and never the values of local variables."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from flash_core.utils.logging import configure_logging
from flash_core.utils.request_id import current_request_id


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, config = root.handlers, root.level, structlog.get_config()
    yield
    root.handlers, root.level = handlers, level
    structlog.configure(**config)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_line_has_its_service_level_time_and_request(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("chat")
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger("chat_service").info("message.posted", conversation_id="c-1")
        logging.getLogger("some.library").warning("%s happened", "something")
        assert current_request_id() == "r-1"
    own, foreign = lines(capsys)
    assert (own["event"], own["conversation_id"], own["logger"]) == ("message.posted", "c-1", "chat_service")
    assert (foreign["event"], foreign["level"], foreign["logger"]) == ("something happened", "warning", "some.library")
    for line in (own, foreign):
        assert (line["service"], line["request_id"]) == ("chat", "r-1")
        assert line["timestamp"].endswith("Z")


def test_what_is_below_the_level_or_chatter_of_libraries_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("chat", level="warning")
    structlog.get_logger().info("quiet")
    logging.getLogger("httpx2").info("GET /")
    assert lines(capsys) == []


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_trace_shows_no_values(capsys: pytest.CaptureFixture[str], style: str) -> None:
    configure_logging("chat", style=style)
    _fail("pass" + "word")
    output = capsys.readouterr().out
    assert "ZeroDivisionError" in output
    assert "password" not in output


def _fail(secret: str) -> None:
    try:
        len(secret) / 0  # the failure is the point
    except ZeroDivisionError:
        structlog.get_logger().exception("crashed")
