"""The monitoring service as it really stands, with a Redis and without its siblings."""

import httpx2
import pytest
from asgi_lifespan import LifespanManager

from flash_core.clients.identity import ServiceTokens
from flash_core.web.app import create_app
from monitoring_service.composition import compose
from monitoring_service.config import Settings
from monitoring_service.main import SPEC

KEY = "k" * 32


@pytest.fixture(autouse=True)
def environment(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("INTERNAL_KEY", KEY)


async def test_without_its_siblings_it_still_tells_what_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings().services():
        monkeypatch.setenv(f"{name.replace('-', '_').upper()}_URL", "http://127.0.0.1:1")
    async with compose() as container:
        status = await container.fleet_status.now()
        document = await container.api_document.merged()
    assert status.status == "down"
    assert {service.name for service in status.services if service.status == "ok"} == {"monitoring", "redis"}
    assert [queue.name for queue in status.queues] == ["ai"]
    assert document["paths"] == {}


async def test_the_service_starts_from_its_environment() -> None:
    async with (
        LifespanManager(create_app(SPEC)) as manager,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=manager.app), base_url="http://m") as client,
    ):
        assert (await client.get("/health/ready")).status_code == 204
        headers = {"X-Flash-Service-Token": ServiceTokens(KEY, "tests").issue()}
        assert (await client.get("/api/v1/status", headers=headers)).status_code == 401
