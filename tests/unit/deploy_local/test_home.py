"""What a fleet keeps in its home."""

import errno
import io
import os
import stat
from pathlib import Path

import pytest

from flash_core.testing.waiting import eventually
from local_fleet.errors import FleetError
from local_fleet.home import Home
from local_fleet.process import last_lines, rotate
from local_fleet.progress import Progress
from local_fleet.secrets_file import load_or_create
from local_fleet.state import FleetState, ProcessState, StateFile, alive, start_time


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    return home


def test_a_home_belongs_to_one_supervisor_at_a_time(home: Home) -> None:
    assert not home.is_locked()
    with home.locked() as free:
        assert free
        assert home.is_locked()
        with home.locked() as again:
            assert not again
    assert not home.is_locked()


def test_a_home_that_was_never_there_is_not_locked(tmp_path: Path) -> None:
    assert not Home(tmp_path / "nowhere").is_locked()


def test_a_home_in_an_impossible_place_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FleetError, match="ASKFLASH_HOME"):
        Home(tmp_path / "file" / "home").create()


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = load_or_create(path, ["auth"], {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(first.internal_key) >= 32
    assert load_or_create(path, ["auth"], {}) == first
    with_more = load_or_create(path, ["auth", "chat"], {})
    assert with_more.databases["auth"] == first.databases["auth"]
    assert with_more.databases["chat"]


def test_the_operator_may_choose_the_administrator(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    load_or_create(path, [], {})
    chosen = load_or_create(path, [], {"admin_password": "correct horse"})
    assert (chosen.admin_email, chosen.admin_password) == ("admin@askflash.local", "correct horse")
    assert load_or_create(path, [], {}) == chosen


def test_the_state_survives_a_round_trip(home: Home) -> None:
    state = FleetState(pid=12, port=8080, ports={"chat": 1}, processes=[ProcessState("chat", 1, 34, 5.0, 2, "running")])
    state.save(home)
    assert FleetState.load(home) == state
    assert (home.run / "chat.pid").read_text() == "34\n"
    state.processes[0].pid = 0
    state.save(home)
    assert not (home.run / "chat.pid").exists()


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"unknown": 1}', '{"processes": [{}]}', '{"processes": 3}'])
def test_a_damaged_state_is_a_blank_one(home: Home, damage: str) -> None:
    home.state.write_text(damage)
    assert FleetState.load(home) == FleetState()


def test_a_pid_counts_only_with_its_start_time() -> None:
    assert alive(os.getpid(), start_time(os.getpid())) is not None
    assert alive(os.getpid(), start_time(os.getpid()) - 60) is None
    assert alive(0, 0.0) is None
    assert alive(2**22 + 1, 0.0) is None


def test_logs_of_the_last_starts_are_kept(home: Home) -> None:
    log = home.log("chat")
    for start in range(6):
        rotate(log)
        log.write_text(f"start {start}")
    kept = {path.name: path.read_text() for path in home.logs.iterdir()}
    assert kept == {
        "chat.log": "start 5",
        "chat.log.1": "start 4",
        "chat.log.2": "start 3",
        "chat.log.3": "start 2",
    }


def test_the_end_of_a_log_is_short(home: Home) -> None:
    log = home.log("chat")
    assert last_lines(log) == ""
    log.write_text("\n".join(str(number) for number in range(10_000)))
    assert last_lines(log, 2) == "9998\n9999"


def test_a_full_disk_is_refused_before_anything_starts(home: Home) -> None:
    with pytest.raises(FleetError, match="MB are free"):
        home.create(needed_bytes=1 << 60)


async def test_a_state_that_can_not_be_written_now_is_written_when_it_can(home: Home) -> None:
    (in_the_way := home.run / "fleet.json.new").mkdir()
    file = StateFile(FleetState(port=8080), home, again_seconds=0.001)
    file.save()
    assert not home.state.exists()
    in_the_way.rmdir()
    await eventually(home.state.exists)
    assert FleetState.load(home).port == 8080


def test_what_can_not_be_said_on_a_full_disk_stops_nothing() -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    with Progress(1, Full()).step("databases"):
        pass
