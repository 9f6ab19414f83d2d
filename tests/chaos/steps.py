"""Places to die at: every step of a job, before it is done and after it, of whoever asks and of whoever is asked."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from redis import Redis

from tests.chaos.shelf import ended, settled
from tests.chaos.wires.traps import Moment, Trap, Traps
from tests.e2e.fleet import Fleet, User


@dataclass(frozen=True)
class Death:
    victim: str
    step: str
    moment: Moment
    nth: int = 1

    def __str__(self) -> str:
        return f"{self.victim} {self.moment} {self.step} {self.nth}"


def deaths(
    between_services: Mapping[str, str], in_databases: Iterable[str], times: Mapping[str, tuple[int, ...]]
) -> list[Death]:
    """Of all who take part; at the first time that a step is taken, or at those that `times` says."""
    steps = [(step, {step.partition(":")[0], asked}) for step, asked in between_services.items()]
    steps += [(step, {step.partition(":")[0]}) for step in in_databases]
    return [
        Death(victim, step, moment, nth)
        for step, victims in steps
        for nth in times.get(step, (1,))
        for moment in Moment
        for victim in sorted(victims)
    ]


def of_servers(*steps: str) -> tuple[Death, ...]:
    """PostgreSQL loses its processes, Redis all that it holds."""
    return tuple(Death(victim, step, Moment.AFTER) for victim in ("postgres", "redis") for step in steps)


def cases(every: Iterable[Death], *, short: Collection[Death]) -> list[Any]:
    """Parameters of a test; all but a `short` selection are long."""
    return [pytest.param(death, id=str(death), marks=[] if death in short else pytest.mark.long) for death in every]


async def died(
    death: Death, fleet: Fleet, admin: User, traps: Traps, begin: Callable[[], Awaitable[str]]
) -> dict[str, Any]:
    """The job that `begin` begins, at its end, when everything runs again; somebody died meanwhile."""
    trap = Trap(death.step, death.moment, lambda: _kill(fleet, death.victim), death.nth)
    with traps.set(trap):
        job_id = await begin()
        assert await asyncio.to_thread(trap.sprung.wait, 30), "it never came to this step"
        job = await ended(admin, job_id)
    await settled(fleet, admin)
    return job


def of_both(seen: Iterable[str]) -> set[str]:
    """The steps of those whose databases have a wire."""
    return {step for step in seen if step.startswith(("indexing:", "documentation:"))}


def _kill(fleet: Fleet, victim: str) -> None:
    if victim == "redis":
        password = json.loads((fleet.home / "secrets.json").read_text())["redis"]
        with Redis(port=fleet.state()["ports"]["redis"], password=password) as redis:
            redis.flushall()
    fleet.kill(victim)
