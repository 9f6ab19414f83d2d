"""What everyone who wants the same thing at the same moment gets: the fake, and the one on Redis."""

import asyncio
from dataclasses import dataclass, field

import pytest
from redis.asyncio import Redis

from flash_core.clients.single_flight import RedisSingleFlight
from flash_core.errors import NotFoundError
from flash_core.interfaces.single_flight import Fetched, Made, SingleFlightInterface
from flash_core.testing.fakes import FakeSingleFlight
from flash_core.testing.waiting import eventually


@pytest.fixture(params=["fake", "redis"])
def flight(request: pytest.FixtureRequest, bus: Redis) -> SingleFlightInterface:
    return FakeSingleFlight() if request.param == "fake" else RedisSingleFlight(bus)


@dataclass
class Slow:
    """Makes `value` when it may; counts how often it was asked."""

    value: bytes = b"made"
    keep: bool = True
    error: Exception | None = None
    may: asyncio.Event = field(default_factory=asyncio.Event)
    calls: int = 0
    cancelled: int = 0

    async def __call__(self) -> Made:
        self.calls += 1
        try:
            await self.may.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        return Made(self.value, keep=self.keep)


def ready(value: bytes = b"made", *, keep: bool = True) -> Slow:
    origin = Slow(value, keep)
    origin.may.set()
    return origin


async def test_the_origin_is_asked_once_and_the_cache_afterwards(flight: SingleFlightInterface) -> None:
    origin = ready()
    assert await flight.fetch("kind:a", origin, ttl_seconds=60) == Fetched(b"made", shared=False)
    assert await flight.fetch("kind:a", origin, ttl_seconds=60) == Fetched(b"made", shared=True)
    assert origin.calls == 1


async def test_another_key_is_another_value(flight: SingleFlightInterface) -> None:
    await flight.fetch("kind:a", ready(b"a"), ttl_seconds=60)
    assert (await flight.fetch("kind:b", ready(b"b"), ttl_seconds=60)).value == b"b"


async def test_who_comes_while_it_is_made_waits_for_the_same(flight: SingleFlightInterface) -> None:
    origin = Slow()
    tasks = [asyncio.create_task(flight.fetch("kind:a", origin, ttl_seconds=60)) for _ in range(5)]
    await eventually(lambda: origin.calls > 0)
    origin.may.set()
    fetched = await asyncio.gather(*tasks)
    assert origin.calls == 1
    assert sorted(one.shared for one in fetched) == [False, True, True, True, True]
    assert {one.value for one in fetched} == {b"made"}


async def test_what_is_not_to_be_kept_is_made_again(flight: SingleFlightInterface) -> None:
    assert await flight.fetch("kind:a", ready(keep=False), ttl_seconds=60) == Fetched(b"made", shared=False)
    assert await flight.fetch("kind:a", ready(b"again"), ttl_seconds=60) == Fetched(b"again", shared=False)


async def test_an_error_reaches_all_who_waited_and_is_forgotten(flight: SingleFlightInterface) -> None:
    origin = Slow(error=NotFoundError("nothing"))
    tasks = [asyncio.create_task(flight.fetch("kind:a", origin, ttl_seconds=60)) for _ in range(2)]
    await eventually(lambda: origin.calls > 0)
    origin.may.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in outcomes] == [NotFoundError, NotFoundError]
    assert (await flight.fetch("kind:a", ready(), ttl_seconds=60)).value == b"made"


async def test_who_gives_up_takes_nothing_from_the_others(flight: SingleFlightInterface) -> None:
    origin = Slow()
    first, second = (asyncio.create_task(flight.fetch("kind:a", origin, ttl_seconds=60)) for _ in range(2))
    await eventually(lambda: origin.calls > 0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    origin.may.set()
    assert (await second).value == b"made"
    assert origin.calls == 1


async def test_when_all_give_up_the_origin_is_stopped_and_the_next_begins_anew(flight: SingleFlightInterface) -> None:
    origin = Slow()
    only = asyncio.create_task(flight.fetch("kind:a", origin, ttl_seconds=60))
    await eventually(lambda: origin.calls > 0)
    only.cancel()
    with pytest.raises(asyncio.CancelledError):
        await only
    assert (await flight.fetch("kind:a", ready(b"anew"), ttl_seconds=60)).value == b"anew"
    assert origin.cancelled == 1


# Several processes, as several objects on one Redis


async def test_processes_wait_for_the_one_that_makes_it(bus: Redis) -> None:
    origin, never = Slow(), Slow()
    one = asyncio.create_task(RedisSingleFlight(bus).fetch("kind:a", origin, ttl_seconds=60))
    await eventually(lambda: origin.calls > 0)
    others = [asyncio.create_task(RedisSingleFlight(bus).fetch("kind:a", never, ttl_seconds=60)) for _ in range(3)]
    await asyncio.sleep(0.03)
    origin.may.set()
    assert await one == Fetched(b"made", shared=False)
    assert await asyncio.gather(*others) == [Fetched(b"made", shared=True)] * 3
    assert never.calls == 0


async def test_when_the_one_that_makes_it_fails_another_process_takes_over(bus: Redis) -> None:
    failing, working = Slow(error=NotFoundError("nothing")), ready()
    one = asyncio.create_task(RedisSingleFlight(bus).fetch("kind:a", failing, ttl_seconds=60))
    await eventually(lambda: failing.calls > 0)
    other = asyncio.create_task(RedisSingleFlight(bus).fetch("kind:a", working, ttl_seconds=60))
    failing.may.set()
    with pytest.raises(NotFoundError):
        await one
    assert await other == Fetched(b"made", shared=False)


async def test_nobody_waits_for_ever_for_a_process_that_died(bus: Redis) -> None:
    await bus.set("making:kind:a", "somebody who is gone", px=60_000)
    fetched = await RedisSingleFlight(bus).fetch("kind:a", ready(), ttl_seconds=60, patience_seconds=0.05)
    assert fetched == Fetched(b"made", shared=False)
    assert await bus.get("making:kind:a") == b"somebody who is gone"


async def test_who_makes_it_has_as_long_as_it_takes(bus: Redis) -> None:
    origin, never = Slow(), Slow()
    one, other = RedisSingleFlight(bus, lease_seconds=0.1), RedisSingleFlight(bus, lease_seconds=0.1)
    making = asyncio.create_task(one.fetch("kind:a", origin, ttl_seconds=60))
    await eventually(lambda: origin.calls > 0)
    waiting = asyncio.create_task(other.fetch("kind:a", never, ttl_seconds=60, patience_seconds=60))
    await asyncio.sleep(0.4)
    origin.may.set()
    assert await making == Fetched(b"made", shared=False)
    assert await waiting == Fetched(b"made", shared=True)
    assert never.calls == 0


async def test_a_process_that_died_is_not_waited_for_longer_than_its_lease(bus: Redis) -> None:
    await bus.set("making:kind:a", "somebody who is gone", px=100)
    fetched = await asyncio.wait_for(
        RedisSingleFlight(bus).fetch("kind:a", ready(), ttl_seconds=60, patience_seconds=60), 5
    )
    assert fetched == Fetched(b"made", shared=False)


async def test_a_value_made_between_looking_and_locking_is_taken(bus: Redis) -> None:
    await bus.set("making:kind:a", "somebody", px=60_000)
    waiting = asyncio.create_task(RedisSingleFlight(bus).fetch("kind:a", Slow(), ttl_seconds=60))
    await asyncio.sleep(0.01)
    await bus.set("kind:a", b"theirs", ex=60)
    await bus.delete("making:kind:a")
    assert await waiting == Fetched(b"theirs", shared=True)
    assert await bus.exists("making:kind:a") == 0


async def test_the_lock_goes_and_the_value_stays_for_its_time(bus: Redis) -> None:
    await RedisSingleFlight(bus).fetch("kind:a", ready(), ttl_seconds=60)
    assert await bus.keys() == [b"kind:a"]
    assert 0 < await bus.ttl("kind:a") <= 60


async def test_without_redis_every_process_asks_its_own_origin(gone: Redis) -> None:
    origin = ready()
    assert await RedisSingleFlight(gone).fetch("kind:a", origin, ttl_seconds=60) == Fetched(b"made", shared=False)
    assert origin.calls == 1
