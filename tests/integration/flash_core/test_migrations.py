"""One Alembic environment for all services: from nothing to what `tables.py` says, once, however many start."""

import asyncio

import pytest

from flash_core.cli import WITH_DATABASE, package_of
from flash_core.database.migrate import check, upgrade
from flash_core.errors import UpstreamUnavailableError
from tests.integration.flash_core.test_cli import flash


@pytest.mark.parametrize("service", WITH_DATABASE)
def test_the_migrations_lead_to_what_the_tables_say(service: str, postgres_url: str) -> None:
    upgrade(package_of(service), postgres_url)
    check(package_of(service), postgres_url)
    upgrade(package_of(service), postgres_url)


async def test_replicas_that_start_together_migrate_one_after_the_other(postgres_url: str) -> None:
    environment = {"INTERNAL_KEY": "k" * 32, "DATABASE_URL_AUTH": postgres_url}
    ended = await asyncio.gather(*(flash("migrate", "auth", **environment) for _ in range(3)))
    assert [status for status, _ in ended] == [0, 0, 0], ended
    await asyncio.to_thread(check, "auth_service", postgres_url)


def test_a_database_that_is_away_is_unavailable() -> None:
    with pytest.raises(UpstreamUnavailableError):
        upgrade("auth_service", "postgresql+asyncpg://nobody@127.0.0.1:1/none")
