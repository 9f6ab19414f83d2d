"""Stems are the same however many threads ask for them at once."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from flash_core.utils.words import stem

WORDS = [
    f"{root}{ending}"
    for root in ("nation", "relat", "hope", "sens", "condit", "organ", "electr", "adjust")
    for ending in ("ization", "ational", "fulness", "ibilities", "ionally", "izer", "icity", "ment", "ing", "ed")
] * 10


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads that take turns as often as the interpreter lets them."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("hasty_threads")
def test_threads_do_not_share_a_stemmer() -> None:
    alone = [stem.__wrapped__(word) for word in WORDS]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda _: [stem.__wrapped__(word) for word in WORDS], range(4)))
    assert together == [alone] * 4
