"""What the status says, and when the fleet counts as down."""

from datetime import UTC, datetime

import pytest

from flash_core.errors import UpstreamUnavailableError
from flash_core.schemas.monitoring import QueueStatus, ServiceStatus, StatusResponse
from flash_core.testing.fakes import FrozenClock
from monitoring_service.services.fleet_status import FleetStatus
from tests.unit.monitoring_service.fakes import FakeQueueProbe, FakeServiceProbe, check

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
AWAY = UpstreamUnavailableError("It can't be reached.")


async def status(
    *probes: FakeServiceProbe, queues: FakeQueueProbe | None = None, jobs: FakeQueueProbe | None = None
) -> StatusResponse:
    return await FleetStatus(
        probes, queues or FakeQueueProbe(), jobs or FakeQueueProbe(), FrozenClock(NOON), "2.0"
    ).now()


def line(response: StatusResponse, name: str) -> ServiceStatus:
    [found] = [service for service in response.services if service.name == name]
    return found


async def test_a_fleet_that_is_well_says_so() -> None:
    queue = QueueStatus(name="ai", waiting=1, in_progress=2, oldest_seconds=0.5, dead=0)
    response = await status(
        FakeServiceProbe("auth", [check("database"), check("redis")]),
        FakeServiceProbe("chat", [check("database"), check("redis")]),
        queues=FakeQueueProbe([queue]),
    )
    assert response.status == "ok"
    assert [service.name for service in response.services] == [
        "auth",
        "chat",
        "monitoring",
        "redis",
        "database:auth",
        "database:chat",
    ]
    assert (response.queues, response.checked_at) == ([queue], NOON)
    assert line(response, "auth").version == "1.0"
    assert line(response, "monitoring").version == "2.0"


@pytest.mark.parametrize(
    ("name", "overall"),
    [
        ("auth", "down"),
        ("chat", "down"),
        ("ai-main", "down"),
        ("ai-intent", "degraded"),
        ("documentation", "degraded"),
        ("vector", "degraded"),
        ("embedding", "degraded"),
        ("indexing", "degraded"),
    ],
)
async def test_without_an_essential_service_the_fleet_is_down(name: str, overall: str) -> None:
    response = await status(FakeServiceProbe("other"), FakeServiceProbe(name, error=AWAY))
    assert response.status == overall
    gone = line(response, name)
    assert (gone.status, gone.latency_ms, gone.detail) == ("down", None, "It can't be reached.")


async def test_a_shared_dependency_is_listed_once_by_its_worst_answer() -> None:
    response = await status(
        FakeServiceProbe("vector", [check("qdrant")]),
        FakeServiceProbe("documentation", [check("qdrant", "No answer within 3 s.")]),
        FakeServiceProbe("indexing", [check("qdrant")]),
    )
    assert (line(response, "qdrant").status, line(response, "qdrant").detail) == ("down", "No answer within 3 s.")
    assert line(response, "documentation").status == "degraded"
    assert line(response, "documentation").detail == "qdrant: No answer within 3 s."
    assert response.status == "degraded"


@pytest.mark.parametrize(("service", "overall"), [("chat", "down"), ("indexing", "degraded")])
async def test_every_service_has_a_database_of_its_own(service: str, overall: str) -> None:
    response = await status(
        FakeServiceProbe("other", [check("database")]), FakeServiceProbe(service, [check("database", "away")])
    )
    assert line(response, f"database:{service}").status == "down"
    assert line(response, "database:other").status == "ok"
    assert response.status == overall


async def test_queues_that_cannot_be_asked_are_a_redis_that_is_down() -> None:
    response = await status(FakeServiceProbe("auth", [check("redis")]), queues=FakeQueueProbe(error=AWAY))
    assert line(response, "redis").status == "down"
    assert (response.status, response.queues) == ("down", [])


AI = QueueStatus(name="ai", waiting=1, in_progress=2, oldest_seconds=0.5, dead=0)
WOKEN = QueueStatus(name="indexing", waiting=0, in_progress=0, oldest_seconds=0, dead=1)


async def test_jobs_that_wait_or_run_are_the_indexing_queue() -> None:
    jobs = QueueStatus(name="indexing", waiting=3, in_progress=2, oldest_seconds=40, dead=0)
    response = await status(queues=FakeQueueProbe([AI, WOKEN]), jobs=FakeQueueProbe([jobs]))
    assert response.queues == [AI, jobs.model_copy(update={"dead": 1})]


async def test_jobs_that_cannot_be_asked_about_are_not_shown_as_none() -> None:
    response = await status(
        FakeServiceProbe("indexing", error=AWAY),
        queues=FakeQueueProbe([AI, WOKEN]),
        jobs=FakeQueueProbe(error=AWAY),
    )
    assert (response.status, response.queues) == ("degraded", [AI])
