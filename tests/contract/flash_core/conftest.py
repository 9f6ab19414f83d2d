"""The real servers that some implementations need."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from flash_core.clients.redis import open_redis
from flash_core.testing.redis_keys import endless_keys


@pytest.fixture
async def bus(redis_url: str) -> AsyncIterator[Redis]:
    """The services' own client of an empty Redis."""
    async with open_redis(redis_url) as client:
        await client.flushall()
        yield client
        assert await endless_keys(client) == []


@pytest.fixture
async def gone() -> AsyncIterator[Redis]:
    """A Redis that is not there."""
    async with open_redis("redis://127.0.0.1:1/0") as client:
        yield client
