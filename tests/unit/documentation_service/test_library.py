"""Who may list, read and delete which documents."""

from uuid import uuid4

import pytest

from documentation_service.interfaces import Chore, ChoreKind, DocumentQuery
from documentation_service.services.library import Library
from flash_core.errors import ForbiddenError, NotFoundError
from flash_core.models.user import UserRole
from tests.unit.documentation_service.fakes import FakeChoreRunner, FakeDatabase
from tests.unit.documentation_service.world import person, published, source

ADMIN = person(roles=[UserRole.ADMIN])


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


@pytest.fixture
def runner() -> FakeChoreRunner:
    return FakeChoreRunner()


@pytest.fixture
def library(database: FakeDatabase, runner: FakeChoreRunner) -> Library:
    return Library(database.transaction, runner)


async def test_members_read_and_others_hear_that_there_is_nothing(library: Library, database: FakeDatabase) -> None:
    live = await published(database.transaction, source(), "Secret", "hr")
    _, text = await library.read(live.id, person("hr"))
    assert text == "Secret"
    for stranger in (person(), person("it"), ADMIN):
        with pytest.raises(NotFoundError):
            await library.read(live.id, stranger)
        assert await library.page(DocumentQuery(stranger.groups, 10)) == []


async def test_an_editor_deletes_what_the_editor_sees(
    library: Library, database: FakeDatabase, runner: FakeChoreRunner
) -> None:
    live = await published(database.transaction, source(), "Secret", "hr")
    with pytest.raises(NotFoundError):
        await library.delete(live.id, person("it", roles=[UserRole.EDITOR]))
    await library.delete(live.id, person("hr", roles=[UserRole.EDITOR]))
    assert runner.attempted == [Chore(ChoreKind.DOCUMENT_DELETED, live.id)]


async def test_an_administrator_deletes_by_id_what_the_administrator_may_not_read(
    library: Library, database: FakeDatabase
) -> None:
    live = await published(database.transaction, source("board"), "Secret")
    await library.delete(live.id, ADMIN)
    with pytest.raises(NotFoundError):
        await library.delete(live.id, ADMIN)


async def test_a_plain_user_deletes_nothing(library: Library, database: FakeDatabase) -> None:
    live = await published(database.transaction, source(), "Open")
    with pytest.raises(ForbiddenError):
        await library.delete(live.id, person())
    with pytest.raises(NotFoundError):
        await library.read(uuid4(), person())
