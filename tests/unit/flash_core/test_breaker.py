"""A dependency that keeps failing is left alone, then tried by one call."""

import asyncio

import pytest

from flash_core.clients.breaker import CircuitBreaker
from flash_core.errors import NotFoundError, OverloadedError, UpstreamUnavailableError


class Dial:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def dial() -> Dial:
    return Dial()


@pytest.fixture
def breaker(dial: Dial) -> CircuitBreaker:
    return CircuitBreaker("somebody", threshold=2, open_seconds=1.0, monotonic=dial)


async def call(breaker: CircuitBreaker, error: BaseException | None = None) -> bool:
    """Whether the call inside ran."""
    ran = False
    try:
        async with breaker.guard():
            ran = True
            if error is not None:
                raise error
    except (UpstreamUnavailableError, OverloadedError, NotFoundError, TimeoutError, ValueError):
        pass
    return ran


@pytest.mark.parametrize("failure", [UpstreamUnavailableError("away"), TimeoutError(), ValueError("a bug")])
async def test_it_opens_after_failures_in_a_row(breaker: CircuitBreaker, failure: Exception) -> None:
    assert await call(breaker, failure)
    assert await call(breaker, failure)
    assert breaker.is_open
    assert not await call(breaker)


async def test_while_it_is_open_it_says_what_failed(breaker: CircuitBreaker) -> None:
    for _ in range(2):
        await call(breaker, UpstreamUnavailableError("The disk is full."))
    with pytest.raises(UpstreamUnavailableError, match=r"somebody keeps failing .*: The disk is full\."):
        async with breaker.guard():
            pytest.fail("it is open")


@pytest.mark.parametrize("answer", [None, NotFoundError("not here"), OverloadedError("no room")])
async def test_any_answer_shows_that_it_lives(breaker: CircuitBreaker, answer: Exception | None) -> None:
    await call(breaker, TimeoutError())
    await call(breaker, answer)
    await call(breaker, TimeoutError())
    assert not breaker.is_open


async def test_after_a_while_one_probe_passes_and_its_success_closes_it(breaker: CircuitBreaker, dial: Dial) -> None:
    await call(breaker, TimeoutError())
    await call(breaker, TimeoutError())
    dial.now = 1.0
    async with breaker.guard():
        assert not await call(breaker)
    assert await call(breaker)
    assert await call(breaker)


async def test_a_probe_that_fails_opens_it_again(breaker: CircuitBreaker, dial: Dial) -> None:
    await call(breaker, TimeoutError())
    await call(breaker, TimeoutError())
    dial.now = 1.0
    assert await call(breaker, TimeoutError())
    assert not await call(breaker)
    dial.now = 2.0
    assert await call(breaker)


async def test_a_probe_that_is_answered_but_not_over_lets_the_others_pass(breaker: CircuitBreaker, dial: Dial) -> None:
    await call(breaker, TimeoutError())
    await call(breaker, TimeoutError())
    dial.now = 1.0
    async with breaker.guard() as answers:
        answers()
        assert await call(breaker)
    assert not breaker.is_open


async def test_an_answer_that_breaks_off_after_all_opens_it_again(breaker: CircuitBreaker, dial: Dial) -> None:
    await call(breaker, TimeoutError())
    await call(breaker, TimeoutError())
    dial.now = 1.0
    with pytest.raises(TimeoutError):
        await answered_then_broken(breaker)
    assert breaker.is_open


async def answered_then_broken(breaker: CircuitBreaker) -> None:
    async with breaker.guard() as answers:
        answers()
        raise TimeoutError


async def test_a_cancelled_probe_leaves_the_way_free_for_the_next(breaker: CircuitBreaker, dial: Dial) -> None:
    await call(breaker, TimeoutError())
    await call(breaker, TimeoutError())
    dial.now = 1.0
    with pytest.raises(asyncio.CancelledError):
        await call(breaker, asyncio.CancelledError())
    assert await call(breaker)
