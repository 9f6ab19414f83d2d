"""A fleet's life as its operator sees it: real servers and gateway, stand-ins for the services."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from local_fleet.ports import pick
from local_fleet.probes import wait_until
from local_fleet.services import SERVICES

pytestmark = pytest.mark.timeout(120)
HERE = Path(__file__).parent
START_SECONDS = 60


@dataclass(frozen=True)
class Operator:
    """Somebody at a terminal, with one home and one port."""

    home: Path
    port: int
    repository: Path

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env=self.environment(**settings),
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(HERE / "standin_askflash.py"), *arguments]

    def environment(self, **settings: str) -> dict[str, str]:
        own = {"ASKFLASH_HOME": str(self.home), "ASKFLASH_PORT": str(self.port), "ASKFLASH_SAMPLE": "0"}
        return {**os.environ, "STANDIN_REPOSITORY": str(self.repository), **own, **settings}

    def start(self, **settings: str) -> str:
        result = self.run("up", "--detach", **settings)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.home / "run" / "fleet.json").read_text())
        return state

    def pid(self, name: str) -> int:
        return int((self.home / "run" / f"{name}.pid").read_text())

    def process(self, name: str) -> dict[str, Any]:
        return next(process for process in self.state()["processes"] if process["name"] == name)

    def pids(self) -> list[int]:
        """Everything that this fleet runs: supervisor, programs, and what those have started."""
        supervisor = psutil.Process(self.pid("supervisor"))
        return [supervisor.pid, *(child.pid for child in supervisor.children(recursive=True))]

    def answers(self) -> bool:
        try:
            return httpx2.get(f"http://127.0.0.1:{self.port}/", trust_env=False).status_code == 200
        except httpx2.TransportError:
            return False


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    repository = tmp_path_factory.mktemp("repository")
    page = repository / "services" / "web-ui" / "dist"
    page.mkdir(parents=True)
    (page / "index.html").write_text("the page")
    flash = repository / "flash"
    flash.write_text(f'#!/bin/sh\nexec {sys.executable} -S {HERE / "standin_flash.py"} "$@"\n')
    flash.chmod(0o755)
    return repository


@pytest.fixture(scope="session")
def used_home(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """A home that has been started once: making the databases takes longer than anything else."""
    operator = Operator(tmp_path_factory.mktemp("used") / "home", pick(set()), repository)
    operator.start()
    operator.run("down")
    return operator.home


@pytest.fixture
def new_operator(tmp_path: Path, repository: Path, used_home: Path) -> Iterator[Callable[[], Operator]]:
    operators: list[Operator] = []

    def new() -> Operator:
        operators.append(Operator(tmp_path / f"home {len(operators)}", pick(set()), repository))
        shutil.copytree(used_home, operators[-1].home, ignore=shutil.ignore_patterns("run"))
        return operators[-1]

    yield new
    for operator in operators:
        operator.run("down")


@pytest.fixture
def operator(new_operator: Callable[[], Operator]) -> Operator:
    return new_operator()


def gone(pids: list[int]) -> Callable[[], bool]:
    def probe() -> bool:
        return not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids)

    return probe


def test_a_fleet_starts_tells_how_to_use_it_and_stops_without_a_trace(operator: Operator) -> None:
    shutil.rmtree(operator.home)
    printed = operator.start()
    assert "[1/4] checking this machine" in printed
    assert f"ready at http://localhost:{operator.port}" in printed
    secrets = json.loads((operator.home / "secrets.json").read_text())
    assert secrets["admin_password"] in printed
    assert stat.S_IMODE((operator.home / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(operator.home.stat().st_mode) == 0o700
    status = operator.run("status")
    assert status.returncode == 0
    assert all(
        name in status.stdout for name in (*SERVICES, "postgres", "redis", "gateway", "supervisor", "MB in memory")
    )
    pids = operator.pids()
    assert operator.run("down").returncode == 0
    assert gone(pids)()
    assert operator.run("status").returncode == 1
    assert "no fleet is running" in operator.run("down").stdout


def test_a_second_start_keeps_ports_and_secrets_and_does_not_print_the_password(operator: Operator) -> None:
    operator.start()
    ports, secrets = operator.state()["ports"], (operator.home / "secrets.json").read_text()
    operator.run("down")
    printed = operator.start()
    assert (operator.state()["ports"], (operator.home / "secrets.json").read_text()) == (ports, secrets)
    assert json.loads(secrets)["admin_password"] not in printed
    assert "secrets.json" in printed


def test_the_same_home_twice_is_refused_and_another_home_runs_beside_it(new_operator: Callable[[], Operator]) -> None:
    first, second = new_operator(), new_operator()
    first.start()
    refused = first.run("up")
    assert refused.returncode == 1
    assert f"already running in {first.home} on port {first.port} — make down" in refused.stderr
    second.start()
    assert first.answers()
    assert second.answers()
    assert not set(first.state()["ports"].values()) & set(second.state()["ports"].values())
    second.run("down")
    assert first.answers()


def test_everything_listens_on_loopback_only(operator: Operator) -> None:
    operator.start()
    pids = set(operator.pids())
    listening = [one for one in psutil.net_connections("inet") if one.status == psutil.CONN_LISTEN and one.pid in pids]
    assert {one.laddr[:1] for one in listening} == {("127.0.0.1",)}
    expected = [operator.port, *operator.state()["ports"].values()]
    assert sorted(one.laddr[1:2] for one in listening) == sorted((port,) for port in expected)


def test_whatever_is_killed_comes_back(operator: Operator) -> None:
    operator.start()
    names = ["postgres", "redis", "gateway", "chat"]
    before = {name: operator.pid(name) for name in names}
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)

    def back() -> bool:
        processes = [operator.process(name) for name in names]
        return all(one["state"] == "running" and one["pid"] != before[one["name"]] for one in processes)

    assert wait_until(back, 15)
    assert {operator.process(name)["restarts"] for name in names} == {1}
    assert operator.answers()


def test_nothing_outlives_a_killed_supervisor_and_the_next_start_works(operator: Operator) -> None:
    operator.start()
    pids = operator.pids()
    os.kill(operator.pid("supervisor"), signal.SIGKILL)
    assert wait_until(gone(pids), 10)
    assert operator.run("status").returncode == 1
    operator.start()
    assert operator.answers()


def test_stale_files_with_the_pid_of_somebody_else_are_no_obstacle(operator: Operator) -> None:
    operator.start()
    operator.run("down")
    stale = operator.state() | {"pid": os.getpid(), "started_at": 1.0}
    (operator.home / "run" / "fleet.json").write_text(json.dumps(stale))
    assert "no fleet is running" in operator.run("down").stdout
    (operator.home / "data" / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    operator.start()
    assert operator.answers()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_foreground_fleet_cleanly(operator: Operator, number: signal.Signals) -> None:
    with subprocess.Popen(operator.command("up"), env=operator.environment(), stdout=subprocess.PIPE) as fleet:
        assert wait_until(operator.answers, START_SECONDS)
        pids = operator.pids()
        fleet.send_signal(number)
        output, _ = fleet.communicate(timeout=20)
    assert fleet.returncode == 0
    assert b"stopped after" in output
    assert gone(pids)()
    assert "database system is shut down" in (operator.home / "logs" / "postgres.log").read_text()


def test_a_signal_during_the_start_stops_what_has_started(operator: Operator) -> None:
    with subprocess.Popen(operator.command("up"), env=operator.environment(), stdout=subprocess.PIPE) as fleet:
        assert wait_until((operator.home / "run" / "redis.pid").exists, START_SECONDS)
        pids = operator.pids()
        fleet.send_signal(signal.SIGINT)
        fleet.communicate(timeout=20)
    assert gone(pids)()


def test_a_taken_port_is_named_with_its_holder_and_the_way_out(operator: Operator) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", operator.port))
        listener.listen()
        refused = operator.run("up")
    assert refused.returncode == 1
    assert f"pid {os.getpid()}" in refused.stderr
    assert "ASKFLASH_PORT=" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_internal_port_that_is_taken_meanwhile_is_exchanged(operator: Operator) -> None:
    operator.start()
    operator.run("down")
    taken = operator.state()["ports"]["chat"]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", taken))
        listener.listen()
        operator.start()
        assert operator.state()["ports"]["chat"] != taken
        operator.run("down")


def test_a_service_that_cannot_start_is_shown_with_the_end_of_its_log(operator: Operator) -> None:
    failed = operator.run("up", BROKEN_SERVICE="vector")
    assert failed.returncode == 1
    assert "vector is broken on purpose" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert operator.run("status").returncode == 1


def test_servers_given_from_outside_are_not_started(operator: Operator, redis_url: str, postgres_url: str) -> None:
    variables = [f"DATABASE_URL_{name}" for name in ("AUTH", "CHAT", "DOCUMENTATION", "INDEXING")]
    operator.start(REDIS_URL=redis_url, **dict.fromkeys(variables, postgres_url))
    names = {process["name"] for process in operator.state()["processes"]}
    assert names == {*SERVICES, "gateway"}


def test_a_missing_page_or_program_says_make_install(operator: Operator) -> None:
    (operator.repository / "flash").unlink()
    assert "make install" in operator.run("up").stderr


def test_a_home_that_cannot_be_written_is_explained(operator: Operator) -> None:
    shutil.rmtree(operator.home)
    operator.home.write_text("a file")
    refused = operator.run("up", "--detach")
    assert refused.returncode == 1
    assert "ASKFLASH_HOME" in refused.stderr
