"""A service that is away in the middle of a sync: the job says that it waits, and goes on by itself afterwards."""

import asyncio
import os
import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from tests.chaos.shelf import CHANGED, cleared, ended, only_stored, reckoned, settled, shelved, stored, sync
from tests.chaos.wires.traps import Traps
from tests.e2e.fleet import Fleet, User, until

pytestmark = pytest.mark.timeout(300)
_A_MINUTE: Final = 60.0

Outage = Callable[[Fleet, Traps], AbstractContextManager[None]]


def _unreachable(service: str, _: Fleet, traps: Traps) -> AbstractContextManager[None]:
    return traps.away(service)


@contextmanager
def _frozen(service: str, fleet: Fleet, _: Traps) -> Iterator[None]:
    """It takes connections and never answers."""
    pid = fleet.pid(service)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize(
    ("outage", "seconds"),
    [
        pytest.param(partial(_unreachable, "vector"), 0, id="the vector service"),
        pytest.param(
            partial(_unreachable, "vector"), _A_MINUTE, id="the vector service, a minute", marks=pytest.mark.long
        ),
        pytest.param(partial(_unreachable, "embedding"), 0, id="the embedding service", marks=pytest.mark.long),
        pytest.param(partial(_unreachable, "documentation"), 0, id="the documentation service", marks=pytest.mark.long),
        pytest.param(partial(_frozen, "vector"), 0, id="a frozen vector service", marks=pytest.mark.long),
    ],
)
async def test_a_job_waits_for_what_is_away_and_goes_on_by_itself(
    outage: Outage, seconds: float, fleet: Fleet, admin: User, traps: Traps, tmp_path: Path
) -> None:
    await settled(fleet, admin)
    others = await stored(admin)
    shelf, source_id = await shelved(admin, tmp_path / "pages")
    shelf.second()
    with outage(fleet, traps):
        job_id = await sync(admin, source_id)

        async def waits() -> Any:
            job = await admin.get(f"/api/v1/indexing/jobs/{job_id}")
            return job if job["problems"] else None

        job = await until(waits, seconds=180)
        assert job["state"] in {"queued", "running"}
        assert job["problems"][0]["detail"].startswith("Waiting: ")
        await asyncio.sleep(seconds)
        assert (await admin.get(f"/api/v1/indexing/jobs/{job_id}"))["state"] in {"queued", "running"}
    job = await ended(admin, job_id, seconds=150)
    assert (job["state"], reckoned(job["counts"]), job["problems"]) == ("succeeded", reckoned(CHANGED), [])
    await settled(fleet, admin)
    assert await shelf.wrong(admin, source_id) == []
    await only_stored(admin, others + await shelf.passages(admin, source_id))
    await cleared(admin, source_id, others)


async def test_a_search_says_that_it_can_not_be_answered_while_the_vectors_are_away(
    fleet: Fleet, admin: User, traps: Traps
) -> None:
    await settled(fleet, admin)
    with traps.away("vector"):
        response = await admin.http.post("/api/v1/search", json={"query": f"never asked {secrets.token_hex(4)}"})
        assert (response.status_code, response.json()["type"]) == (503, "urn:flash:upstream-unavailable")
        assert int(response.headers["Retry-After"]) > 0

        async def degraded() -> bool:
            return bool((await admin.get("/api/v1/status"))["status"] != "ok")

        await until(degraded, seconds=60)
    await settled(fleet, admin)
