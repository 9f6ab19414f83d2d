"""What indexing hands over, and what follows from it in the vector store."""

from dataclasses import replace
from uuid import uuid4

import pytest

from documentation_service.interfaces import Chore, ChoreKind
from documentation_service.services.registry import DocumentRegistry
from flash_core.errors import ConflictError, NotFoundError
from tests.unit.documentation_service.fakes import FakeChoreRunner, FakeDatabase
from tests.unit.documentation_service.world import document, published, source

HANDBOOK = source("hr")


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


@pytest.fixture
def runner() -> FakeChoreRunner:
    return FakeChoreRunner()


@pytest.fixture
def registry(database: FakeDatabase, runner: FakeChoreRunner) -> DocumentRegistry:
    return DocumentRegistry(database.transaction, runner)


async def test_a_new_or_unchanged_source_leaves_nothing_to_do(
    registry: DocumentRegistry, runner: FakeChoreRunner
) -> None:
    await registry.put_source(HANDBOOK)
    await registry.put_source(replace(HANDBOOK, name="Another name"))
    assert runner.attempted == []


async def test_changed_groups_are_told_to_the_vector_store(
    registry: DocumentRegistry, runner: FakeChoreRunner, database: FakeDatabase
) -> None:
    await registry.put_source(HANDBOOK)
    await registry.put_source(replace(HANDBOOK, groups=frozenset({"it"})))
    chore = Chore(ChoreKind.SOURCE_GROUPS, HANDBOOK.id)
    assert runner.attempted == [chore]
    assert list(database.state.chores) == [chore]


async def test_a_deleted_source_takes_its_documents_along(
    registry: DocumentRegistry, runner: FakeChoreRunner, database: FakeDatabase
) -> None:
    await published(database.transaction, HANDBOOK, "One", external_id="1")
    await published(database.transaction, HANDBOOK, "Two", external_id="2")
    assert await registry.delete_source(HANDBOOK.id) == 2
    assert await registry.delete_source(HANDBOOK.id) == 0
    assert runner.attempted == [Chore(ChoreKind.SOURCE_DELETED, HANDBOOK.id)]
    with pytest.raises(NotFoundError):
        await registry.resolve(HANDBOOK.id, ["1"])
    with pytest.raises(ConflictError):
        await registry.put_source(HANDBOOK)


async def test_a_version_is_published_where_its_document_is_known(registry: DocumentRegistry) -> None:
    await registry.put_source(HANDBOOK)
    [place] = await registry.resolve(HANDBOOK.id, ["page.md"])
    await registry.put_document(document(place.document_id, HANDBOOK, "Text"))
    [listed] = await registry.documents_of(HANDBOOK.id, after="", limit=10)
    assert (listed.document_id, listed.content_hash is not None) == (place.document_id, True)
    with pytest.raises(ConflictError):
        await registry.put_document(document(uuid4(), HANDBOOK, "Text"))


async def test_regrouped_documents_are_told_to_the_vector_store(
    registry: DocumentRegistry, runner: FakeChoreRunner, database: FakeDatabase
) -> None:
    one = await published(database.transaction, HANDBOOK, "One", external_id="1")
    await published(database.transaction, HANDBOOK, "Two", "hr", external_id="2")
    for _ in range(2):
        await registry.regroup(HANDBOOK.id, dict.fromkeys(["1", "2"], frozenset({"hr"})))
    assert runner.attempted == list(database.state.chores) == [Chore(ChoreKind.DOCUMENT_GROUPS, one.id)]


async def test_deleting_documents_leaves_a_chore_for_each_that_was_there(
    registry: DocumentRegistry, runner: FakeChoreRunner, database: FakeDatabase
) -> None:
    live = await published(database.transaction, HANDBOOK, "One")
    await registry.delete_documents([live.id, uuid4()])
    await registry.delete_documents([live.id])
    assert runner.attempted == [Chore(ChoreKind.DOCUMENT_DELETED, live.id)]
