"""Passwords are hashed with the parameters of the decision, and not more than a few wait."""

import asyncio

import pytest
from argon2 import extract_parameters

from auth_service.providers.argon2_hasher import Argon2Hasher
from flash_core.errors import OverloadedError


async def test_the_parameters_are_the_ones_decided_on() -> None:
    hashed = await Argon2Hasher().hash("correct horse")
    parameters = extract_parameters(hashed)
    assert hashed.startswith("$argon2id$")
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19_456, 2, 1)


async def test_a_hash_that_is_none_fits_no_password() -> None:
    assert not await Argon2Hasher().verify("not a hash", "correct horse")


async def test_when_too_many_wait_the_next_is_told_to_come_back() -> None:
    hasher = Argon2Hasher()
    waiting = [asyncio.create_task(hasher.hash("correct horse")) for _ in range(100)]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError):
        await hasher.verify(None, "correct horse")
    for task in waiting:
        task.cancel()
    assert all(
        isinstance(one, asyncio.CancelledError) for one in await asyncio.gather(*waiting, return_exceptions=True)
    )
    assert await hasher.verify(None, "correct horse") is False
