"""The fakes and the real adapters, each behind the same fixture."""

from collections.abc import AsyncIterator
from functools import partial

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from auth_service.database.tables import METADATA
from auth_service.database.unit_of_work import SqlAuthUnitOfWork
from auth_service.interfaces import AuthUnitOfWorkFactory
from flash_core.database.context import open_database
from tests.unit.auth_service.fakes import FakeAuthDatabase


@pytest.fixture(params=["fake", "postgres"])
async def transaction(request: pytest.FixtureRequest) -> AsyncIterator[AuthUnitOfWorkFactory]:
    if request.param == "fake":
        yield FakeAuthDatabase()
        return
    url = request.getfixturevalue("postgres_url")
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    await engine.dispose()
    async with open_database(url) as database:
        yield partial(SqlAuthUnitOfWork, database.sessions)
