"""One fleet for all end-to-end tests, with a small documentation that the tests' questions are about."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.e2e.browser import opened_page
from tests.e2e.fleet import Fleet, User, running_fleet, signed_in

HANDBOOK = {
    "Vacation": (
        "# Vacation\n\nFull-time employees get 27 vacation days a year. "
        "Part-time employees get them in proportion.\n\n"
        "## Requesting vacation\n\nAsk your team lead at least two weeks ahead. "
        "Then enter the days in the Meridian tool.\n\n"
        "## Carrying days over\n\nUp to five unused days can be carried over until the end of March.\n"
    ),
    "Travel": (
        "# Travel\n\nBook trains with the Wanderlust portal. Flights need the approval of the finance team.\n\n"
        "## Meals\n\nThe meal allowance is 34 euros a day.\n"
    ),
    "Deployments": (
        "# Deployments\n\nProduction deployments happen on Tuesdays. "
        "The on-call engineer starts them with `ship --prod`.\n\n"
        "## Rolling back\n\nRun `ship --rollback` within one hour; afterwards a new release is needed.\n"
    ),
}


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with running_fleet(tmp_path_factory.mktemp("fleet"), OUTGOING_ALLOW="127.0.0.1") as fleet:
        asyncio.run(_prepare(fleet))
        yield fleet


async def _prepare(fleet: Fleet) -> None:
    async with signed_in(fleet) as admin:
        await admin.index(HANDBOOK)


@pytest.fixture
async def admin(fleet: Fleet) -> AsyncIterator[User]:
    async with signed_in(fleet) as admin:
        yield admin


@pytest.fixture
async def page(fleet: Fleet) -> AsyncIterator[Page]:
    async with opened_page(fleet) as page:
        yield page


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    return folder
