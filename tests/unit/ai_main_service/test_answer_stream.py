"""What a reader assembles from the log is what is stored, whatever happened to the log."""

import asyncio
import json
from collections.abc import Sequence
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_main_service.services.answer_stream import AnswerStream, window_of
from ai_main_service.services.opening import Opening
from flash_core.errors import FencedError, UpstreamUnavailableError
from flash_core.interfaces.answer_log import BEGINNING, LoggedFrame, Position
from flash_core.testing.fakes import FakeAnswerLog
from flash_core.testing.waiting import eventually
from flash_core.utils.ids import new_id

GENERATION = new_id()


class ShakyLog(FakeAnswerLog):
    """Fails as told, one answer a call: "lost" before, "unsure" after the frames were stored."""

    def __init__(self, faults: Sequence[str] = ()) -> None:
        super().__init__()
        self.faults = list(faults)

    async def append(self, generation_id: UUID, frames: Sequence[LoggedFrame]) -> None:
        fault = self.faults.pop(0) if self.faults else ""
        if fault != "lost":
            await super().append(generation_id, frames)
        if fault:
            raise UpstreamUnavailableError("the log is away")


def assembled(log: FakeAnswerLog) -> str:
    text = ""
    for one in log.logs.get(GENERATION, []):
        frame = json.loads(one.frame)
        text = "" if frame["type"] == "reset" else text + (frame["text"] if frame["type"] == "delta" else "")
    return text


def stream(log: FakeAnswerLog, window: float = 0.0, attempt: int = 1) -> AnswerStream:
    return AnswerStream(log, GENERATION, attempt, lambda: window)


def deltas(log: FakeAnswerLog) -> list[str]:
    frames = [json.loads(one.frame) for one in log.logs.get(GENERATION, [])]
    return [frame["text"] for frame in frames if frame["type"] == "delta"]


async def test_the_first_text_goes_out_at_once_and_later_text_together() -> None:
    log = FakeAnswerLog()
    answer = stream(log, window=0.02)
    for word in ("One", " two", " three"):
        await answer.write(word)
    assert deltas(log) == ["One"]
    await eventually(lambda: len(deltas(log)) > 1)
    assert deltas(log) == ["One", " two three"]


async def test_much_text_does_not_wait_for_the_window() -> None:
    log = FakeAnswerLog()
    answer = stream(log, window=60)
    for _ in range(65):
        await answer.write("x")
    assert deltas(log) == ["x", "x" * 64]
    await answer.write("y" * 5_000)
    assert deltas(log)[-1] == "y" * 5_000
    answer.close()


async def test_other_frames_come_after_the_text_that_was_written_before_them() -> None:
    log = FakeAnswerLog()
    answer = stream(log, window=60)
    await answer.write("a")
    await answer.write("b")
    await answer.status("checking")
    assert [json.loads(one.frame)["type"] for one in log.logs[GENERATION]] == ["delta", "delta", "status"]


async def test_nothing_written_is_no_frame() -> None:
    log = FakeAnswerLog()
    answer = stream(log)
    await answer.write("")
    await answer.flush()
    assert answer.first_text_at is None
    assert log.logs == {}


async def test_a_reset_makes_the_text_void() -> None:
    log = FakeAnswerLog()
    answer = stream(log, window=60)
    await answer.write("wrong")
    await answer.write(" and more")
    await answer.reset()
    await answer.write("right")
    await answer.flush()
    assert answer.content == assembled(log) == "right"


@pytest.mark.parametrize("fault", ["lost", "unsure"])
async def test_what_a_lost_append_left_open_is_said_again_from_the_beginning(fault: str) -> None:
    log = ShakyLog(["", fault])
    answer = stream(log)
    await answer.sources([])
    await answer.write("Some")
    await answer.write(" text")
    await answer.status("checking")
    assert answer.content == assembled(log) == "Some text"
    assert [json.loads(one.frame)["type"] for one in log.logs[GENERATION]][-1] == "status"


async def test_a_lost_append_is_repaired_by_the_last_flush() -> None:
    log = ShakyLog(["lost"])
    answer = stream(log)
    await answer.write("All")
    await answer.flush()
    assert assembled(log) == "All"


async def test_a_lost_frame_without_text_is_repaired_too() -> None:
    log = ShakyLog(["lost"])
    answer = stream(log)
    await answer.status("writing")
    await answer.flush()
    assert [json.loads(one.frame)["type"] for one in log.logs[GENERATION]] == ["reset"]


async def test_a_newer_attempt_fences_the_older_also_while_it_waits() -> None:
    log = FakeAnswerLog()
    older = stream(log, window=0.005)
    await older.write("a")
    await log.append(GENERATION, [LoggedFrame(Position(2, 1), b"{}")])
    await older.write("b")
    await asyncio.sleep(0.02)
    with pytest.raises(FencedError):
        await older.status("checking")


async def test_closing_leaves_without_sending() -> None:
    log = FakeAnswerLog()
    answer = stream(log, window=60)
    await answer.write("a")
    await answer.write("b")
    answer.close()
    assert deltas(log) == ["a"]


@given(
    st.lists(st.one_of(st.text(max_size=5), st.sampled_from(["RESET", "STATUS"])), max_size=20),
    st.lists(st.sampled_from(["", "", "lost", "unsure"]), max_size=12),
)
def test_the_content_is_always_what_the_deltas_say(steps: list[str], faults: list[str]) -> None:
    async def run() -> None:
        log = ShakyLog(faults)
        answer = stream(log)
        for step in steps:
            if step == "RESET":
                await answer.reset()
            elif step == "STATUS":
                await answer.status("writing")
            else:
                await answer.write(step)
        log.faults.clear()
        await answer.flush()
        assert assembled(log) == answer.content
        positions = [one.position for one in log.logs.get(GENERATION, [])]
        assert positions == sorted(set(positions))
        assert all(position > BEGINNING for position in positions)

    asyncio.run(run())


def test_the_window_grows_with_the_number_of_answers() -> None:
    assert [window_of(active) for active in (1, 400, 100_000)] == [0.04, 0.1, 0.4]


@pytest.mark.parametrize(
    ("pieces", "text", "refuses"),
    [
        (["NOT IN DOCUM", "ENTATION"], "", True),
        ([" **NOT IN DOCUMENTATION** and more", " text"], "", True),
        (["NOT", " yet"], "NOT yet", False),
        ([" ", "\n", "Hello"], "Hello", False),
        (["NOT IN"], "NOT IN", False),
        ([], "", False),
    ],
)
def test_a_refusal_is_recognised_before_any_of_it_is_shown(pieces: list[str], text: str, refuses: bool) -> None:
    opening = Opening()
    shown = "".join([*(opening.feed(piece) for piece in pieces), opening.close()])
    assert (shown, opening.refuses) == (text, refuses)
