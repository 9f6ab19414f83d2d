"""One fleet for all of it, with a model that writes slowly and wires between its processes."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.chaos.wires.switchboard import running_switchboard
from tests.chaos.wires.traps import Traps
from tests.e2e.fleet import Fleet, User, running_fleet, signed_in
from tests.e2e.model import running_model

ANSWER = "Full-time employees get 27 vacation days a year [1]. " + "They are entered in advance and in writing. " * 4


@pytest.fixture(scope="session")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Fleet, Traps]]:
    home = tmp_path_factory.mktemp("chaos") / "home"
    with running_model() as model, running_switchboard(home) as (board, settings):
        model.behave(text=ANSWER, token_seconds=0.1)
        settings |= {"AI_PROVIDER": "openai", "OPENAI_BASE_URL": model.base_url, "AI_MAIN_MODEL": "test-model"}
        with running_fleet(home, OPENAI_API_KEY="x", INDEXING_LEASE_SECONDS="3", **settings) as fleet:
            yield fleet, board.traps


@pytest.fixture
def fleet(wired: tuple[Fleet, Traps]) -> Fleet:
    return wired[0]


@pytest.fixture
def traps(wired: tuple[Fleet, Traps]) -> Traps:
    return wired[1]


@pytest.fixture
async def admin(fleet: Fleet) -> AsyncIterator[User]:
    async with signed_in(fleet) as admin:
        yield admin
