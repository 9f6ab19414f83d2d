"""Managing sources: who sees them, what documentation hears, and one sync at a time."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from flash_core.errors import ForbiddenError, InvalidInputError, NotFoundError, UpstreamUnavailableError
from flash_core.messaging.events import JobQueued
from flash_core.models.user import UserRole
from flash_core.schemas.indexing import JobCounts, JobState, SourceType
from flash_core.testing.fakes import FrozenClock
from indexing_service.interfaces.providers import Check
from indexing_service.services.connections import Providers
from indexing_service.services.sources import NewSource, SourceChanges, SourceManager
from tests.unit.indexing_service.fake_source import FakeProvider
from tests.unit.indexing_service.fakes import FakeDatabase, FakeDocumentRegistry, FakeVault
from tests.unit.indexing_service.world import ADMIN, EDITOR, NOON, USER, claimed

NO_ONE = frozenset[str]()


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


@pytest.fixture
def registry() -> FakeDocumentRegistry:
    return FakeDocumentRegistry()


@pytest.fixture
def sources(database: FakeDatabase, registry: FakeDocumentRegistry) -> SourceManager:
    providers: Providers = {SourceType.FOLDER: FakeProvider(), SourceType.UPLOAD: FakeProvider()}
    return SourceManager(database.unit_of_work, registry, providers, FakeVault(), FrozenClock(NOON))


async def test_a_new_source_is_known_to_documentation(sources: SourceManager, registry: FakeDocumentRegistry) -> None:
    made = await sources.create(NewSource("folder", "  My\n docs ", {"path": "/x"}, frozenset({"hr"}), None), ADMIN)
    assert (made.name, made.config, made.created_at) == ("My docs", {"path": "/x"}, NOON)
    known = registry.sources[made.id]
    assert (known.name, known.provider, known.groups) == ("My docs", "folder", ["hr"])
    assert await sources.get(made.id, ADMIN) == made


@pytest.mark.parametrize(
    ("kind", "name", "config"), [("gopher", "x", {}), ("folder", " ", {}), ("folder", "x", {"bad": 1})]
)
async def test_a_source_that_makes_no_sense_is_refused(
    sources: SourceManager, registry: FakeDocumentRegistry, kind: str, name: str, config: dict[str, int]
) -> None:
    with pytest.raises(InvalidInputError):
        await sources.create(NewSource(kind, name, config, NO_ONE, None), ADMIN)
    assert registry.sources == {}


async def test_only_administrators_choose_a_folder_of_the_server(
    sources: SourceManager, registry: FakeDocumentRegistry
) -> None:
    with pytest.raises(ForbiddenError):
        await sources.create(NewSource("folder", "x", {"path": "/etc"}, NO_ONE), EDITOR)
    made = await sources.create(NewSource("folder", "x", {"path": "/srv"}, NO_ONE), ADMIN)
    with pytest.raises(ForbiddenError):
        await sources.update(made.id, SourceChanges(config={"path": "/etc"}), EDITOR)
    assert (await sources.update(made.id, SourceChanges(name="y"), EDITOR)).config == {"path": "/srv"}
    assert list(registry.sources) == [made.id]


async def test_an_unknown_type_names_those_that_are_read(sources: SourceManager) -> None:
    with pytest.raises(InvalidInputError, match="Supported: folder"):
        await sources.create(NewSource("gopher", "x", {}, NO_ONE, None), ADMIN)


async def test_nothing_is_stored_that_documentation_does_not_know(
    sources: SourceManager, registry: FakeDocumentRegistry, database: FakeDatabase
) -> None:
    made = await sources.create(NewSource("folder", "x", {}, NO_ONE, None), ADMIN)
    registry.error = UpstreamUnavailableError("away")
    with pytest.raises(UpstreamUnavailableError):
        await sources.create(NewSource("folder", "y", {}, NO_ONE, None), ADMIN)
    with pytest.raises(UpstreamUnavailableError):
        await sources.update(made.id, SourceChanges(groups=frozenset({"hr"})), ADMIN)
    with pytest.raises(UpstreamUnavailableError):
        await sources.delete(made.id)
    assert list(database.state.sources.values()) == [made]


async def test_a_request_that_is_tried_again_makes_one_source(sources: SourceManager, database: FakeDatabase) -> None:
    new = NewSource("folder", "x", {}, NO_ONE, None)
    first = await sources.create(new, ADMIN, "a request")
    assert await sources.create(new, ADMIN, "a request") == first
    assert len({(await sources.create(new, ADMIN, name)).id for name in ("another", None, None)}) == 3
    assert len(database.state.sources) == 4


async def test_people_see_what_is_theirs_and_administrators_everything(sources: SourceManager) -> None:
    open_to_all = await sources.create(NewSource("folder", "open", {}, NO_ONE, None), ADMIN)
    of_hr = await sources.create(NewSource("folder", "hr", {}, frozenset({"hr"}), None), ADMIN)
    of_it = await sources.create(NewSource("folder", "it", {}, frozenset({"it"}), None), ADMIN)
    assert {one.id for one in await sources.page(USER, None, 10)} == {open_to_all.id, of_hr.id}
    assert [one.id for one in await sources.page(EDITOR, None, 10)] == [open_to_all.id]
    assert len(await sources.page(ADMIN, None, 10)) == 3
    assert (await sources.get(of_hr.id, USER)).id == of_hr.id
    for missing in (of_it.id, uuid4()):
        with pytest.raises(NotFoundError):
            await sources.get(missing, USER)


async def test_editors_open_and_change_nothing_that_is_closed_to_them(sources: SourceManager) -> None:
    closed = await sources.create(NewSource("upload", "hr", {}, frozenset({"hr"}), None), ADMIN)
    own = await sources.create(NewSource("upload", "hr", {}, frozenset({"hr"}), None), EDITOR)
    for editor in (EDITOR, replace(USER, roles=frozenset({UserRole.EDITOR}))):
        in_hr = "hr" in editor.groups
        for one, is_managed in ((closed, in_hr), (own, in_hr or editor is EDITOR)):
            if is_managed:
                await sources.check_managed(one.id, editor)
                assert (await sources.update(one.id, SourceChanges(name="new"), editor)).name == "new"
                continue
            with pytest.raises(NotFoundError):
                await sources.check_managed(one.id, editor)
            with pytest.raises(NotFoundError):
                await sources.update(one.id, SourceChanges(groups=NO_ONE), editor)
    with pytest.raises(NotFoundError):
        await sources.get(closed.id, EDITOR)
    with pytest.raises(NotFoundError):
        await sources.check_managed(own.id, USER)


async def test_what_is_left_out_of_a_change_stays(sources: SourceManager, registry: FakeDocumentRegistry) -> None:
    made = await sources.create(NewSource("folder", "x", {"path": "/x"}, frozenset({"hr"}), "daily"), ADMIN)
    renamed = await sources.update(made.id, SourceChanges(name="y"), ADMIN)
    assert (renamed.name, renamed.config, renamed.groups, renamed.schedule) == (
        "y", {"path": "/x"}, frozenset({"hr"}), "daily",
    )  # fmt: skip
    opened = await sources.update(
        made.id, SourceChanges(groups=NO_ONE, config={"path": "/z"}, schedule="hourly"), ADMIN
    )
    assert (opened.groups, opened.config, opened.schedule) == (NO_ONE, {"path": "/z"}, "hourly")
    assert registry.sources[made.id].groups == []
    with pytest.raises(InvalidInputError):
        await sources.update(made.id, SourceChanges(config={"bad": 1}), ADMIN)
    with pytest.raises(NotFoundError):
        await sources.update(uuid4(), SourceChanges(), ADMIN)


async def test_secrets_stay_where_they_went_before_whatever_else_changes(sources: SourceManager) -> None:
    config = {"url": "https://wiki.example.com/a", "page": "https://www.example.com/1"}
    made = await sources.create(NewSource("folder", "x", config, NO_ONE, credentials={"token": "s3cret"}), ADMIN)
    other_page = config | {"page": "https://elsewhere.example.com/2", "url": "https://wiki.example.com/b"}
    assert (await sources.update(made.id, SourceChanges(config=other_page), ADMIN)).config == other_page
    with pytest.raises(InvalidInputError, match="entered again"):
        await sources.update(made.id, SourceChanges(config=config | {"url": "https://elsewhere.example.com/a"}), ADMIN)
    with pytest.raises(InvalidInputError, match="entered again"):
        await sources.update(
            made.id, SourceChanges(config=config | {"repository": "git@elsewhere.example.com:a/b"}), ADMIN
        )
    moved = config | {"url": "https://elsewhere.example.com/a"}
    await sources.update(made.id, SourceChanges(config=moved, credentials={"token": "other"}), ADMIN)


async def test_a_deleted_source_is_gone_everywhere(
    sources: SourceManager, registry: FakeDocumentRegistry, database: FakeDatabase
) -> None:
    made = await sources.create(NewSource("folder", "x", {}, NO_ONE, None), ADMIN)
    await sources.sync(made.id, full=False)
    await sources.delete(made.id)
    assert registry.deleted_sources == {made.id}
    assert database.state.jobs == {}
    with pytest.raises(NotFoundError):
        await sources.delete(made.id)


async def test_a_source_is_checked(sources: SourceManager) -> None:
    made = await sources.create(NewSource("folder", "x", {}, NO_ONE, None), ADMIN)
    assert (await sources.check(made.id)).found == {"documents": 0}
    with pytest.raises(NotFoundError):
        await sources.check(uuid4())


async def test_a_source_that_says_nothing_has_an_answer_before_the_gateway_gives_up(
    database: FakeDatabase, registry: FakeDocumentRegistry
) -> None:
    class Silent(FakeProvider):
        async def check(self) -> Check:
            await asyncio.Event().wait()
            raise AssertionError

    sources = SourceManager(
        database.unit_of_work,
        registry,
        {SourceType.FOLDER: Silent()},
        FakeVault(),
        FrozenClock(NOON),
        check_seconds=0.01,
    )
    made = await sources.create(NewSource("folder", "x", {}, NO_ONE, None), ADMIN)
    checked = await asyncio.wait_for(sources.check(made.id), 5)
    assert (checked.ok, checked.found) == (False, {})
    assert checked.detail.startswith("The source did not answer within 0.01 s: it is slow or silent.")


async def test_a_sync_that_waits_is_not_doubled_and_does_all_that_was_asked_for(
    sources: SourceManager, database: FakeDatabase
) -> None:
    made = await sources.create(NewSource("folder", "x", {}, NO_ONE), ADMIN)
    job_id = await sources.sync(made.id, full=False)
    assert await sources.sync(made.id, full=True) == job_id
    assert await sources.sync(made.id, full=False, allow_deletions=True) == job_id
    waiting = database.state.jobs[job_id].job
    assert (waiting.full, waiting.allow_deletions) == (True, True)


async def test_a_sync_that_is_under_way_is_followed_by_one_that_sees_what_it_has_passed(
    sources: SourceManager, database: FakeDatabase
) -> None:
    made = await sources.create(NewSource("folder", "x", {}, NO_ONE), ADMIN)
    first = await sources.sync(made.id, full=False)
    held = await claimed(database.unit_of_work)
    assert held is not None
    second = await sources.sync(made.id, full=True)
    assert second != first
    assert await sources.sync(made.id, full=False) == second
    assert (database.state.jobs[first].job.full, database.state.jobs[second].job.full) == (False, True)
    assert await claimed(database.unit_of_work) is None
    async with database.unit_of_work() as work:
        await work.jobs.finish(first, JobState.SUCCEEDED, JobCounts(), None)
        await work.commit()
    after = await claimed(database.unit_of_work)
    assert after is not None
    assert (after.id, after.full) == (second, True)


async def test_a_sync_is_asked_for_once(sources: SourceManager, database: FakeDatabase) -> None:
    made = await sources.create(NewSource("folder", "x", {}, NO_ONE, None), ADMIN)
    job_id = await sources.sync(made.id, full=True)
    assert await sources.sync(made.id, full=False) == job_id
    [event] = database.events
    assert isinstance(event, JobQueued)
    assert event.job_id == job_id
    assert (await sources.get(made.id, ADMIN)).last_job_id == job_id
    with pytest.raises(NotFoundError):
        await sources.sync(uuid4(), full=False)
