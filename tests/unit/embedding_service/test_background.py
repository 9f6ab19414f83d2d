"""An index run leaves the processor to people."""

import os
import sys

import pytest

from embedding_service.providers.background import background_threads

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a priority is the process's")


def priority() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def test_what_is_computed_in_the_background_yields_and_who_waits_for_it_does_not() -> None:
    before = priority()
    with background_threads(2) as threads:
        assert threads.submit(priority).result() >= 19
    assert priority() == before
