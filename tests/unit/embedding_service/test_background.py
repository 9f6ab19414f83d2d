"""An index run leaves the processor to people."""

import os
import sys
import threading

import pytest

from embedding_service.providers.background import background_threads, in_background

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a priority is the process's")


def priority() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def test_what_is_computed_in_the_background_yields_and_who_waits_for_it_does_not() -> None:
    before = priority()
    assert in_background(priority) >= 10
    with background_threads() as threads:
        assert threads.submit(priority).result() >= 10
    assert priority() == before


def test_threads_that_are_started_in_the_background_yield_too() -> None:
    found: list[int] = []

    def start() -> None:
        thread = threading.Thread(target=lambda: found.append(priority()))
        thread.start()
        thread.join()

    in_background(start)
    assert found[0] >= 10
