"""An index run leaves the processor to people."""

import os
import sys
from pathlib import Path

import pytest

from embedding_service.providers.background import background_threads, cores


def priority() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a priority is the process's")
def test_what_is_computed_in_the_background_yields_and_who_waits_for_it_does_not() -> None:
    before = priority()
    with background_threads(2) as threads:
        assert threads.submit(priority).result() >= 19
    assert priority() == before


@pytest.mark.parametrize(("quota", "expected"), [("50000 100000", 1), ("100000 100000", 1), ("150000 100000", 2)])
def test_a_containers_limit_is_the_number_of_its_cores(tmp_path: Path, quota: str, expected: int) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    assert cores(tmp_path / "cpu.max") == min(expected, cores(tmp_path / "missing"))


def test_without_a_limit_there_are_as_many_as_the_process_may_use(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("max 100000")
    assert cores(tmp_path / "cpu.max") == cores(tmp_path / "missing") >= 1
