"""The service that the tests of routes talk to."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.documentation_service.served import Service, served


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with served() as service:
        yield service
