"""What the tests of the common web parts begin with."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.flash_core.web import Small, small_service


@pytest.fixture
async def small() -> AsyncIterator[Small]:
    async with small_service() as service:
        yield service
