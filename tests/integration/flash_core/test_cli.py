"""`flash`, as operators and launchers run it."""

import asyncio
import signal
import socket
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from flash_core.testing.waiting import eventually

FLASH = str(Path(sysconfig.get_path("scripts")) / "flash")
KEY = "k" * 32


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def flash(*arguments: str, **environment: str) -> tuple[int, str]:
    """Run it to its end: exit status and what it said."""
    process = await asyncio.create_subprocess_exec(
        FLASH,
        *arguments,
        env={"PATH": "/usr/bin:/bin", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


@asynccontextmanager
async def serving(redis_url: str, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        FLASH,
        "serve",
        "monitoring",
        "--port",
        str(port),
        env={"PATH": "/usr/bin:/bin", "INTERNAL_KEY": KEY, "REDIS_URL": redis_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_a_service_serves_until_it_is_told_to_stop(redis_url: str, stop: signal.Signals) -> None:
    port = free_port()
    async with serving(redis_url, port) as process, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:

        async def ready() -> bool:
            try:
                return (await client.get("/health/ready")).status_code == 204
            except httpx2.TransportError:
                return False

        await eventually(ready, seconds=20)
        large = await client.post("/nowhere", content=b"x" * ((1 << 20) + 1))
        assert (large.status_code, large.headers["content-type"]) == (413, "application/problem+json")
        process.send_signal(stop)
        assert process.stdout is not None
        output = (await process.stdout.read()).decode()
        assert await process.wait() in {0, -stop}
    assert "Traceback" not in output
    assert '"event": "service.stopped"' in output
    assert KEY not in output


async def test_a_port_that_is_taken_is_said_and_counts_as_a_failure(redis_url: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        status, output = await flash("serve", "monitoring", "--port", port, INTERNAL_KEY=KEY, REDIS_URL=redis_url)
    assert status not in {0, 2}
    assert "address already in use" in output


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({}, "INTERNAL_KEY: Field required"),
        ({"INTERNAL_KEY": "too short a secret"}, "INTERNAL_KEY: Value should have at least 32 items"),
        ({"INTERNAL_KEY": KEY, "LOG_LEVEL": "loud"}, "LOG_LEVEL: Input should be"),
    ],
)
async def test_wrong_settings_are_named_in_one_line_without_their_values(
    environment: dict[str, str], complaint: str
) -> None:
    status, output = await flash("serve", "monitoring", **environment)
    assert status == 2
    assert complaint in output
    assert output.count("\n") == 1
    assert "secret" not in output


async def test_a_migration_without_a_database_says_so(redis_url: str) -> None:
    status, output = await flash(
        "migrate", "auth", INTERNAL_KEY=KEY, DATABASE_URL_AUTH="postgresql://a:hidden@127.0.0.1:1/none"
    )
    assert (status, output) == (1, "flash migrate auth: The database did not answer.\n")


async def test_an_unknown_service_is_a_usage_error() -> None:
    status, output = await flash("serve", "coffee")
    assert status == 2
    assert "invalid choice: 'coffee'" in output
