"""One auth service on fakes for each test."""

import pytest

from tests.unit.auth_service.world import World


@pytest.fixture
def world() -> World:
    return World()
