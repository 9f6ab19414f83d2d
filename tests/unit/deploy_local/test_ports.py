"""Which ports a fleet takes, and what it says of taken ones."""

import os
import socket
from collections.abc import Iterator

import pytest

from local_fleet import ports


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_picked_port_is_free_and_not_one_that_the_system_hands_out() -> None:
    first = ports.pick(set())
    assert ports.is_free(first)
    assert 20_000 <= first < 32_768


def test_ports_are_kept_where_they_are_still_free(taken: int) -> None:
    free = ports.pick(set())
    chosen = ports.keep_or_pick(["a", "b", "c"], {"a": free, "b": taken})
    assert chosen["a"] == free
    assert chosen["b"] != taken
    assert len(set(chosen.values())) == 3


def test_two_names_never_share_a_port() -> None:
    free = ports.pick(set())
    chosen = ports.keep_or_pick(["a", "b"], {"a": free, "b": free})
    assert chosen["a"] != chosen["b"]


def test_the_holder_of_a_taken_port_is_named(taken: int) -> None:
    assert f"pid {os.getpid()}" in ports.obstacle(taken, "127.0.0.1")
    assert ports.obstacle(ports.pick({taken}), "127.0.0.1") == ""


def test_an_address_of_another_machine_is_an_obstacle() -> None:
    assert ports.obstacle(ports.pick(set()), "192.0.2.1")
