"""A model that keeps failing is left alone, one that refuses the key even longer, and the operator is told why."""

from collections.abc import AsyncIterator

import pytest

from flash_core.clients.chat_protocol import ModelUnusableError
from flash_core.clients.guarded_model import GuardedModel
from flash_core.errors import FlashError, UpstreamRejectedError, UpstreamUnavailableError
from flash_core.interfaces.ai_provider import AIProviderInterface, Finished, TextPiece, WritingRequest
from flash_core.testing.ai_fakes import ScriptedProvider

AWAY = UpstreamUnavailableError("The model server is not ready (503).")
REFUSED = ModelUnusableError("The model server refuses the key (401). Check OPENAI_API_KEY.")
REQUEST = WritingRequest("Q?", [])


class Dial:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Room:
    """A guarded model, what it stands before and its clock."""

    def __init__(self) -> None:
        self.dial = Dial()
        self.model = ScriptedProvider(["One", " two"], name="openai")
        self.guarded = GuardedModel(self.model, self.dial)

    @property
    def calls(self) -> int:
        return len(self.model.requests)

    async def write(self, error: FlashError | None = None) -> FlashError | None:
        """How it failed, if it did."""
        self.model.error = error
        try:
            assert [item async for item in self.guarded.stream(REQUEST)]
        except FlashError as failure:
            return failure
        return None

    async def shown(self) -> str:
        """What the operator is told."""
        try:
            await self.guarded.health.check()
        except UpstreamUnavailableError as trouble:
            return str(trouble)
        return ""


@pytest.fixture
def room() -> Room:
    return Room()


async def test_five_failures_in_a_row_are_enough(room: Room) -> None:
    for _ in range(5):
        assert await room.write(AWAY)
    failure = await room.write()
    assert isinstance(failure, UpstreamUnavailableError)
    assert "keeps failing" in str(failure)
    assert room.calls == 5


async def test_then_one_probe_decides(room: Room) -> None:
    for _ in range(5):
        await room.write(AWAY)
    room.dial.now += 5
    assert await room.write(AWAY)
    assert await room.write()
    assert room.calls == 6
    room.dial.now += 5
    assert await room.write() is None
    assert await room.write() is None


async def test_the_first_word_of_a_probe_lets_the_others_in(room: Room) -> None:
    for _ in range(5):
        await room.write(AWAY)
    room.dial.now += 5
    room.model.error = None
    probe = room.guarded.stream(REQUEST)
    await anext(probe)
    assert await room.write() is None
    assert [item async for item in probe]


async def test_a_probe_that_breaks_off_after_all_closes_the_door_again(room: Room) -> None:
    for _ in range(6):
        await room.write(AWAY)
    room.dial.now += 5
    assert await room.write(AWAY)  # writes two words first
    assert await room.write()
    assert room.calls == 6


async def test_a_server_that_always_stops_in_the_middle_is_left_alone_too(room: Room) -> None:
    for _ in range(9):
        assert await room.write(AWAY)
    assert room.calls == 5


async def test_readers_who_leave_say_nothing_about_the_model(room: Room) -> None:
    for _ in range(4):
        await room.write(AWAY)
    for _ in range(5):
        stream = room.guarded.stream(REQUEST)
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]  # a generator, as the promise says
    assert room.model.closed == 9
    assert await room.write() is None


async def test_a_reader_who_leaves_with_the_end_in_hand_has_seen_a_success(room: Room) -> None:
    for _ in range(4):
        await room.write(AWAY)
    room.model.error = None
    async for item in room.guarded.stream(REQUEST):
        if isinstance(item, Finished):
            break
    for _ in range(4):
        await room.write(AWAY)
    assert await room.write() is None


async def test_a_refused_key_is_not_tried_again_for_a_while(room: Room) -> None:
    for _ in range(50):
        failure = await room.write(REFUSED)
        assert isinstance(failure, ModelUnusableError)
        assert "OPENAI_API_KEY" in str(failure)
    assert room.calls == 1
    room.dial.now += 15
    assert await room.write() is None
    assert await room.write() is None
    assert room.calls == 3


async def test_a_refused_request_does_not_stop_the_next(room: Room) -> None:
    for _ in range(5):
        assert await room.write(UpstreamRejectedError("The model server does not accept the request (400)."))
    assert room.calls == 5


async def test_the_operator_sees_what_is_wrong_and_that_it_is_right_again(room: Room) -> None:
    assert room.guarded.health.name == "model:openai"
    assert await room.shown() == ""
    await room.write(AWAY)
    assert "(503)" in await room.shown()
    await room.write()
    assert await room.shown() == ""


async def test_a_failure_is_shown_for_a_minute_a_refusal_until_it_works(room: Room) -> None:
    await room.write(AWAY)
    room.dial.now += 61
    assert await room.shown() == ""
    await room.write(REFUSED)
    room.dial.now += 3_600
    assert await room.shown() == str(REFUSED)
    await room.write()
    assert await room.shown() == ""


async def test_looking_costs_no_call(room: Room) -> None:
    await room.shown()
    assert room.calls == 0


class Endless(AIProviderInterface):
    """Ends without saying so."""

    name = "endless"

    async def stream(self, request: WritingRequest) -> AsyncIterator[TextPiece | Finished]:
        yield TextPiece("One")


async def test_an_end_that_nobody_said_is_not_made_up() -> None:
    items = [item async for item in GuardedModel(Endless()).stream(REQUEST)]
    assert items == [TextPiece("One")]
