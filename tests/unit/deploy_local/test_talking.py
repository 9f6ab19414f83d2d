"""What the launcher prints: progress, answers."""

import io
from typing import Any

import pytest

from local_fleet.ask import AnswerPrinter
from local_fleet.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_steps_are_numbered_and_timed() -> None:
    out = io.StringIO()
    progress = Progress(2, out)
    with progress.step("first"):
        progress.detail("half way")
    with progress.step("second"):
        pass
    lines = out.getvalue().splitlines()
    assert lines == ["[1/2] first … 0.0 s", "[2/2] second … 0.0 s"]


def test_a_person_sees_how_far_a_step_is() -> None:
    out = Terminal()
    progress = Progress(1, out)
    with progress.step("first"):
        progress.detail("half way")
    assert "\r\x1b[K[1/1] first … half way" in out.getvalue()
    assert out.getvalue().endswith("[1/1] first … 0.0 s\n")


def test_a_step_that_fails_leaves_the_line_for_the_error() -> None:
    out = io.StringIO()
    progress = Progress(1, out)
    with pytest.raises(RuntimeError), progress.step("first"):
        raise RuntimeError
    assert out.getvalue() == "[1/1] first …\n"


ANSWER: dict[str, Any] = {
    "state": "done",
    "content": "Ask your manager. [1]",
    "sources": [
        {"marker": 1, "title": "Leave", "path": ["Handbook", "Time"], "url": "https://example.org/leave"},
        {"marker": 2, "title": "Holidays", "path": [], "url": None},
    ],
}


def printed(*frames: dict[str, Any]) -> tuple[str, str, int]:
    out, stages = io.StringIO(), io.StringIO()
    printer = AnswerPrinter(out, stages)
    for frame in frames:
        printer.show(frame)
    return out.getvalue(), stages.getvalue(), printer.exit_code


def test_an_answer_is_printed_as_it_comes_with_its_sources() -> None:
    out, stages, code = printed(
        {"type": "accepted"},
        {"type": "status", "stage": "searching", "detail": ""},
        {"type": "status", "stage": "writing", "detail": "with 2 passages"},
        {"type": "delta", "text": "Ask your "},
        {"type": "delta", "text": "manager. [1]"},
        {"type": "done", "answer": ANSWER},
    )
    assert out == ("Ask your manager. [1]\n\n[1] Handbook / Time / Leave  https://example.org/leave\n[2] Holidays\n")
    assert stages == "… searching\n… writing: with 2 passages\n"
    assert code == 0


def test_an_answer_that_was_not_streamed_is_printed_all_the_same() -> None:
    out, _, code = printed({"type": "done", "answer": ANSWER})
    assert out.startswith("Ask your manager. [1]\n")
    assert code == 0


def test_a_reset_says_that_the_answer_begins_again() -> None:
    out, _, _ = printed({"type": "delta", "text": "As"}, {"type": "reset"}, {"type": "delta", "text": "Ask"})
    assert out == "As\n\n(written again)\n\nAsk"


def test_a_failed_or_cancelled_answer_has_an_exit_code() -> None:
    assert printed({"type": "done", "answer": ANSWER | {"state": "cancelled"}})[2] == 1
    out, stages, code = printed({"type": "error", "problem": {"detail": "The model does not answer."}})
    assert (out, code) == ("", 1)
    assert "The model does not answer." in stages
