"""The vector store hears of every deletion and every change of groups, at last."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import pytest

from documentation_service.interfaces import Chore, ChoreKind, Source
from documentation_service.services.chores import VectorChores
from flash_core.errors import UpstreamUnavailableError
from flash_core.models.document import EVERYONE
from flash_core.testing.fakes import FakeEmbeddingProvider
from flash_core.testing.vector_store import FakeVectorStore
from flash_core.testing.waiting import eventually
from tests.unit.documentation_service.fakes import FakeDatabase
from tests.unit.documentation_service.world import embedded, published, source


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


@pytest.fixture
def vectors() -> FakeVectorStore:
    return FakeVectorStore()


@pytest.fixture
def chores(database: FakeDatabase, vectors: FakeVectorStore) -> VectorChores:
    return VectorChores(database.transaction, vectors, poll_seconds=0.001)


async def stored(database: FakeDatabase, vectors: FakeVectorStore, of: Source, name: str = "a") -> Chore:
    live = await published(database.transaction, of, f"Text of {name}", external_id=name)
    await embedded(vectors, FakeEmbeddingProvider(), live, of)
    return Chore(ChoreKind.DOCUMENT_DELETED, live.id)


async def added(database: FakeDatabase, chores: Sequence[Chore]) -> None:
    async with database.transaction() as work:
        await work.chores.add(chores)
        await work.commit()


async def test_vectors_of_deleted_documents_go(
    chores: VectorChores, database: FakeDatabase, vectors: FakeVectorStore
) -> None:
    of = source()
    one, two = await stored(database, vectors, of, "a"), await stored(database, vectors, of, "b")
    await added(database, [one])
    await chores.attempt([one])
    assert [point.payload["document_id"] for point in vectors.points()] == [str(two.target_id)]
    assert not database.state.chores


async def test_vectors_of_a_deleted_source_go(
    chores: VectorChores, database: FakeDatabase, vectors: FakeVectorStore
) -> None:
    of = source()
    await stored(database, vectors, of)
    chore = Chore(ChoreKind.SOURCE_DELETED, of.id)
    await added(database, [chore])
    await chores.attempt([chore])
    assert vectors.points() == []


async def test_groups_of_documents_are_told_as_they_are_when_the_chore_is_done(
    chores: VectorChores, database: FakeDatabase, vectors: FakeVectorStore
) -> None:
    of = source()
    deleted = [await stored(database, vectors, of, name) for name in ("a", "b", "c")]
    async with database.transaction() as work:
        groups = {"a": frozenset({"it", "hr"}), "b": frozenset({"hr", "it"}), "c": frozenset[str]()}
        await work.documents.regroup(of.id, groups)
        await work.commit()
    due = [Chore(ChoreKind.DOCUMENT_GROUPS, one.target_id) for one in deleted]
    await added(database, [*due, Chore(ChoreKind.DOCUMENT_GROUPS, uuid4())])
    assert await chores.run_once() == 4
    told = {point.payload["document_id"]: point.payload["document_groups"] for point in vectors.points()}
    assert [told[str(one.target_id)] for one in deleted] == [["hr", "it"], ["hr", "it"], [EVERYONE]]


@pytest.mark.parametrize(("groups", "payload"), [(("it", "hr"), ["hr", "it"]), ((), [EVERYONE])])
async def test_groups_are_told_as_they_are_when_the_chore_is_done(
    chores: VectorChores,
    database: FakeDatabase,
    vectors: FakeVectorStore,
    groups: tuple[str, ...],
    payload: list[str],
) -> None:
    of = source("old")
    await stored(database, vectors, of)
    chore = Chore(ChoreKind.SOURCE_GROUPS, of.id)
    await added(database, [chore, Chore(ChoreKind.SOURCE_GROUPS, uuid4())])
    async with database.transaction() as work:
        await work.sources.put(Source(of.id, of.name, of.provider, frozenset(groups)))
        await work.commit()
    assert await chores.run_once() == 2
    assert [point.payload["source_groups"] for point in vectors.points()] == [payload]


async def test_a_store_without_a_collection_has_nothing_to_forget(chores: VectorChores, database: FakeDatabase) -> None:
    chore = Chore(ChoreKind.DOCUMENT_DELETED, uuid4())
    await added(database, [chore])
    await chores.attempt([chore])
    assert not database.state.chores


async def test_what_the_store_is_away_for_is_done_when_it_is_back(
    chores: VectorChores, database: FakeDatabase, vectors: FakeVectorStore
) -> None:
    chore = await stored(database, vectors, source())
    await added(database, [chore])
    vectors.error = UpstreamUnavailableError("away")
    await chores.attempt([chore])
    assert list(database.state.chores) == [chore]
    worker = asyncio.create_task(chores.run())
    await asyncio.sleep(0.005)
    vectors.error = None
    await eventually(lambda: not database.state.chores)
    assert vectors.points() == []
    assert await chores.run_once() == 0
    worker.cancel()
    assert isinstance((await asyncio.gather(worker, return_exceptions=True))[0], asyncio.CancelledError)
