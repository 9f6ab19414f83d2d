from collections.abc import AsyncIterator

import pytest

from tests.servers.confluence import running
from tests.servers.confluence_world import Confluence
from tests.unit.indexing_service.confluence.world import FACES, Clock, filled


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def confluence(clock: Clock) -> AsyncIterator[Confluence]:
    async with running(filled(clock)) as world:
        yield world


@pytest.fixture(params=FACES)
def face(request: pytest.FixtureRequest) -> str:
    """Cloud and Data Center keep the same promises."""
    return str(request.param)
