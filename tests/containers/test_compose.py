"""The compose file, built and brought up for real: a question gets a cited answer out of containers.

Needs a container engine; a missing one fails the test rather than skipping it. `COMPOSE_FILES` (separated by colons)
chooses the files: by default without a Qdrant server, because not every engine can pull its image.
"""

import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.fleet import ROOT, Fleet, free_port, signed_in, until

pytestmark = [pytest.mark.containers, pytest.mark.timeout(1_500)]
FILES = os.environ.get("COMPOSE_FILES", "docker-compose.yml:deploy/compose.embedded-qdrant.yml")
HANDBOOK = "# Vacation\n\nFull-time employees get 27 vacation days a year.\n"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    documents = tmp_path_factory.mktemp("documents")
    documents.chmod(0o755)
    (documents / "vacation.md").write_text(HANDBOOK)
    fleet = Fleet(Path(documents), free_port(), secrets.token_urlsafe(12))
    environment = {
        **os.environ,
        "COMPOSE_FILE": FILES,
        "COMPOSE_PROJECT_NAME": f"askflash-test-{secrets.token_hex(3)}",
        "ASKFLASH_PORT": str(fleet.port),
        "ASKFLASH_ADMIN_PASSWORD": fleet.password,
        "ASKFLASH_DOCUMENTS": str(documents),
    }

    def compose(*arguments: str) -> None:
        subprocess.run(["docker", "compose", *arguments], cwd=ROOT, env=environment, check=True)

    compose("build")
    try:
        compose("up", "--detach", "--wait", "--wait-timeout", "180")
        yield fleet
    except BaseException:
        compose("ps", "--all")
        compose("logs", "--tail", "30")
        raise
    finally:
        compose("down", "--volumes", "--timeout", "20")


async def test_a_question_is_answered_out_of_containers(fleet: Fleet) -> None:
    async with signed_in(fleet) as admin:
        folder = {"type": "folder", "name": "Documents", "config": {"path": "/documents"}}
        source = await admin.post("/api/v1/sources", folder, expect=201)
        job = await admin.post(f"/api/v1/sources/{source['id']}/sync", {}, expect=202)
        assert (await admin.finished_job(job["job_id"]))["counts"]["indexed"] == 1
        async with admin.socket() as socket:
            await socket.ask("How many vacation days do full-time employees get?")
            answer = (await socket.until("done", "error"))[-1]["answer"]
        assert "27" in answer["content"]
        assert answer["citations"]
        assert (await admin.http.get("/")).headers["content-type"].startswith("text/html")

        async def healthy() -> bool:
            return bool((await admin.get("/api/v1/status"))["status"] == "ok")

        assert await until(healthy, seconds=30)
