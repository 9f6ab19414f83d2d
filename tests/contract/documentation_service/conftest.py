"""The documentation database, in memory and for real."""

from collections.abc import AsyncIterator
from functools import partial

import pytest

from documentation_service.database.tables import METADATA
from documentation_service.database.unit_of_work import SqlDocumentationTransaction
from documentation_service.interfaces import TransactionFactory
from flash_core.database.context import open_database
from tests.unit.documentation_service.fakes import FakeDatabase


@pytest.fixture(params=["fake", "postgres"])
async def transaction(request: pytest.FixtureRequest) -> AsyncIterator[TransactionFactory]:
    if request.param == "fake":
        yield FakeDatabase().transaction
        return
    async with open_database(request.getfixturevalue("postgres_url")) as database:
        async with database.sessions() as session:
            connection = await session.connection()
            await connection.run_sync(METADATA.create_all)
            await session.commit()
        yield partial(SqlDocumentationTransaction, database.sessions)
