"""Whoever does the chores never troubles the one who left them."""

from uuid import uuid4

import pytest

from documentation_service.interfaces import Chore, ChoreKind, ChoreRunnerInterface
from documentation_service.services.chores import VectorChores
from flash_core.errors import UpstreamUnavailableError
from flash_core.testing.vector_store import FakeVectorStore
from tests.unit.documentation_service.fakes import FakeChoreRunner, FakeDatabase


@pytest.mark.parametrize("kind", ["fake", "real"])
@pytest.mark.parametrize("is_away", [False, True])
async def test_an_attempt_raises_nothing(kind: str, is_away: bool) -> None:
    vectors, database = FakeVectorStore(), FakeDatabase()
    vectors.error = UpstreamUnavailableError("away") if is_away else None
    chore = Chore(ChoreKind.DOCUMENT_DELETED, uuid4())
    async with database.transaction() as work:
        await work.chores.add([chore])
        await work.commit()
    runner: ChoreRunnerInterface = FakeChoreRunner() if kind == "fake" else VectorChores(database.transaction, vectors)
    await runner.attempt([chore])
    await runner.attempt([])
