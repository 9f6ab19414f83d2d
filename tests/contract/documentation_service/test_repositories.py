"""The documentation database keeps its promises, in memory and in PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest

from documentation_service.database.tables import METADATA
from documentation_service.database.unit_of_work import SqlDocumentationTransaction
from documentation_service.interfaces import Alias, Chore, ChoreKind, DocumentQuery, TransactionFactory
from flash_core.database.context import open_database
from flash_core.errors import ConflictError, NotFoundError
from flash_core.models.document import Document
from flash_core.schemas.documentation import CurrentVersion
from flash_core.utils.ids import new_id
from tests.unit.documentation_service.world import NOON, document, published, source

SRE = Alias(new_id(), "SRE", ("site reliability engineering", "uptime crew"), NOON, NOON)
EVERY = frozenset[str]()


async def test_what_is_not_committed_is_forgotten(transaction: TransactionFactory) -> None:
    handbook = source()
    async with transaction() as work:
        await work.sources.put(handbook)
    async with transaction() as work:
        assert await work.sources.get(handbook.id) is None


async def test_putting_a_source_again_returns_how_it_was(transaction: TransactionFactory) -> None:
    handbook = source("hr")
    opened = replace(handbook, groups=EVERY, name="Open handbook")
    async with transaction() as work:
        assert await work.sources.put(handbook) is None
        assert await work.sources.put(opened) == handbook
        await work.commit()
    async with transaction() as work:
        assert await work.sources.get(handbook.id) == opened


async def test_a_deleted_source_never_comes_back(transaction: TransactionFactory) -> None:
    handbook = source()
    live = await published(transaction, handbook, "Text")
    async with transaction() as work:
        assert await work.sources.delete(handbook.id)
        assert not await work.sources.delete(handbook.id)
        assert await work.documents.delete_of(handbook.id) == 1
        await work.commit()
    async with transaction() as work:
        assert await work.sources.get(handbook.id) is None
        assert not await work.documents.publish(live)
        with pytest.raises(NotFoundError):
            await work.documents.resolve(handbook.id, ["page.md"])
    async with transaction() as work:
        with pytest.raises(ConflictError):
            await work.sources.put(handbook)


async def test_resolving_makes_ids_once_and_keeps_the_order(transaction: TransactionFactory) -> None:
    handbook = source()
    async with transaction() as work:
        await work.sources.put(handbook)
        first = await work.documents.resolve(handbook.id, ["b", "a", "b"])
        await work.commit()
    async with transaction() as work:
        again = await work.documents.resolve(handbook.id, ["a", "b"])
        assert await work.documents.resolve(handbook.id, []) == []
    assert [one.external_id for one in first] == ["b", "a", "b"]
    assert first[0] == first[2] != first[1]
    assert again == [first[1], first[0]]
    assert all(one.content_hash is None for one in first)


async def test_the_same_external_id_in_two_sources_is_two_documents(transaction: TransactionFactory) -> None:
    one, two = source(), source()
    ids = {(await published(transaction, each, "Text")).id for each in (one, two)}
    assert len(ids) == 2


async def test_a_document_is_found_when_its_version_is_published(transaction: TransactionFactory) -> None:
    handbook = source()
    live = await published(transaction, handbook, "The text", "hr", title="Leave")
    async with transaction() as work:
        [shown] = await work.documents.visible([live.id, uuid4()], frozenset({"hr"}))
        assert (shown.title, shown.path, shown.provider, shown.updated_at) == ("Leave", ("guides",), "folder", NOON)
        assert (shown.groups, shown.content_hash, shown.url) == (live.groups, live.content_hash, None)
        assert await work.documents.read(live.id, frozenset({"hr"})) == (shown, "The text")
        [place] = await work.documents.resolve(handbook.id, ["page.md"])
        assert (place.document_id, place.content_hash) == (live.id, live.content_hash)
        assert await work.documents.visible([], frozenset({"hr"})) == []


async def test_a_check_is_remembered_and_changes_nothing(transaction: TransactionFactory) -> None:
    handbook = source()
    async with transaction() as work:
        await work.sources.put(handbook)
        [before] = await work.sources.states(EVERY)
        for at in (NOON, NOON - timedelta(hours=1)):
            await work.sources.checked(handbook.id, at)
        assert await work.sources.states(EVERY) == [replace(before, checked_at=NOON)]


async def test_a_language_of_a_source_is_said_once(transaction: TransactionFactory) -> None:
    handbook = source()
    async with transaction() as work:
        await work.sources.put(handbook)
        [before] = await work.sources.states(EVERY)
        assert list(before.languages) == []
        for language in ("de", "en", "de"):
            await work.sources.add_language(handbook.id, language)
        await work.sources.add_language(uuid4(), "fr")
        assert await work.sources.states(EVERY) == [replace(before, languages=["de", "en"])]


async def test_nothing_of_an_unknown_source_is_renamed(transaction: TransactionFactory) -> None:
    async with transaction() as work:
        assert await work.documents.rename(uuid4(), {"a": "b"}) == 0


@pytest.mark.parametrize(
    ("of_source", "of_document", "of_reader", "seen"),
    [
        ((), (), (), True),
        (("hr",), (), (), False),
        (("hr",), (), ("hr", "it"), True),
        ((), ("hr",), ("it",), False),
        ((), ("hr", "it"), ("it",), True),
        (("hr",), ("it",), ("hr",), False),
        (("hr",), ("it",), ("hr", "it"), True),
    ],
)
async def test_source_and_document_must_both_be_open(
    transaction: TransactionFactory,
    of_source: tuple[str, ...],
    of_document: tuple[str, ...],
    of_reader: tuple[str, ...],
    seen: bool,
) -> None:
    live = await published(transaction, source(*of_source), "Text", *of_document)
    reader = frozenset(of_reader)
    async with transaction() as work:
        assert bool(await work.documents.visible([live.id], reader)) is seen
        assert bool(await work.documents.read(live.id, reader)) is seen
        assert bool(await work.documents.page(DocumentQuery(reader, 10))) is seen


async def test_a_document_without_a_version_is_seen_by_nobody(transaction: TransactionFactory) -> None:
    handbook = source()
    async with transaction() as work:
        await work.sources.put(handbook)
        [place] = await work.documents.resolve(handbook.id, ["page.md"])
        assert await work.documents.visible([place.document_id], EVERY) == []
        assert await work.documents.read(place.document_id, EVERY) is None
        assert await work.documents.page(DocumentQuery(EVERY, 10)) == []
        assert await work.documents.searchable_of(handbook.id, after="", limit=10) == []
        assert await work.documents.delete_of(handbook.id) == 0


async def test_pages_go_on_where_the_last_ended(transaction: TransactionFactory) -> None:
    handbook = source()
    ids = [(await published(transaction, handbook, "Text", external_id=f"{n}.md", title=f"Page {n}")).id for n in "abc"]
    async with transaction() as work:
        first = await work.documents.page(DocumentQuery(EVERY, 2))
        rest = await work.documents.page(DocumentQuery(EVERY, 2, after=first[-1].id))
        assert [one.id for one in (*first, *rest)] == sorted(ids)
        assert await work.documents.page(DocumentQuery(EVERY, 2, source_id=uuid4())) == []
        [found] = await work.documents.page(DocumentQuery(EVERY, 5, source_id=handbook.id, words="PAGE B"))
        assert found.id == ids[1]
        assert [one.external_id for one in await work.documents.page(DocumentQuery(EVERY, 5, words="c.md"))] == ["c.md"]
        assert await work.documents.page(DocumentQuery(EVERY, 5, words="%")) == []


async def test_texts_come_in_pages_to_those_who_may_read_them(transaction: TransactionFactory) -> None:
    handbook, closed = source(), source("hr")
    first = await published(transaction, handbook, "Open text", external_id="a")
    second = await published(transaction, handbook, "Own text", "hr", external_id="b")
    third = await published(transaction, closed, "Closed text")
    async with transaction() as work:
        reader = frozenset({"hr"})
        [one, two] = await work.documents.texts(reader, None, 2, characters=4)
        [three] = await work.documents.texts(reader, two.document.id, 2, characters=100)
        assert [found.document.id for found in (one, two, three)] == [first.id, second.id, third.id]
        assert [found.text for found in (one, two, three)] == ["Open", "Own ", "Closed text"]
        assert [found.for_everyone for found in (one, two, three)] == [True, False, False]
        [alone] = await work.documents.texts(EVERY, None, 10, characters=100)
        assert (alone.document.id, alone.for_everyone) == (first.id, True)


async def test_a_sources_documents_come_by_external_id_in_code_point_order(transaction: TransactionFactory) -> None:
    handbook = source()
    for name in ("b", "A", "é", "a"):
        await published(transaction, handbook, "Text", external_id=name)
    async with transaction() as work:
        first = await work.documents.searchable_of(handbook.id, after="", limit=3)
        rest = await work.documents.searchable_of(handbook.id, after=first[-1].external_id, limit=3)
    assert [one.external_id for one in (*first, *rest)] == ["A", "a", "b", "é"]


async def test_a_deleted_document_can_not_be_published(transaction: TransactionFactory) -> None:
    live = await published(transaction, source(), "Text")
    async with transaction() as work:
        assert await work.documents.delete([live.id, uuid4()]) == [live.id]
        await work.commit()
    async with transaction() as work:
        assert await work.documents.delete([live.id]) == []
        assert not await work.documents.publish(live)


async def test_a_document_of_another_source_is_not_replaced(transaction: TransactionFactory) -> None:
    mine, other = source(), source()
    live = await published(transaction, mine, "Text")
    async with transaction() as work:
        await work.sources.put(other)
        assert not await work.documents.publish(document(live.id, other, "Stolen"))


async def test_the_same_chore_twice_is_one_and_is_taken_once(transaction: TransactionFactory) -> None:
    one, two = Chore(ChoreKind.DOCUMENT_DELETED, uuid4()), Chore(ChoreKind.SOURCE_GROUPS, uuid4())
    async with transaction() as work:
        await work.chores.add([one, two])
        await work.chores.add([one])
        await work.chores.add([])
        await work.commit()
    async with transaction() as work:
        assert sorted(await work.chores.due(10)) == sorted([one, two])
        assert len(await work.chores.due(1)) == 1
    async with transaction() as work:
        assert await work.chores.take([two, one]) == sorted([one, two])
        await work.commit()
    async with transaction() as work:
        assert await work.chores.take([one]) == []
        assert await work.chores.due(10) == []


async def test_an_alias_is_found_by_its_id_and_by_its_term_in_any_case(transaction: TransactionFactory) -> None:
    async with transaction() as work:
        assert await work.aliases.of_term("SRE") is None
        await work.aliases.put(SRE)
        for found in (await work.aliases.get(SRE.id), await work.aliases.of_term(" sre")):
            assert found == SRE
        await work.aliases.put(replace(SRE, synonyms=("ops",)))
        assert [alias.synonyms for alias in await work.aliases.every()] == [("ops",)]
        assert await work.aliases.get(uuid4()) is None
        assert await work.aliases.delete(SRE.id)
        assert not await work.aliases.delete(SRE.id)
        assert await work.aliases.of_term("SRE") is None


async def test_aliases_come_in_pages_by_id(transaction: TransactionFactory) -> None:
    aliases = [replace(SRE, id=new_id(), term=f"term {n}") for n in range(3)]
    async with transaction() as work:
        for alias in reversed(aliases):
            await work.aliases.put(alias)
        first = await work.aliases.page(None, 2)
        assert [*first, *await work.aliases.page(first[-1].id, 2)] == aliases == await work.aliases.every()
        assert await work.aliases.count() == 3


async def test_a_change_of_the_aliases_makes_a_new_version_when_it_is_committed(
    transaction: TransactionFactory,
) -> None:
    async with transaction() as work:
        assert await work.aliases.version() == 0
        await work.aliases.begin_change()
        await work.aliases.put(SRE)
    async with transaction() as work:
        assert await work.aliases.version() == 0
    for change in range(2):
        async with transaction() as work:
            await work.aliases.begin_change()
            async with transaction() as reader:
                assert await reader.aliases.version() == change
            await work.commit()
    async with transaction() as work:
        assert await work.aliases.version() == 2


# What a search finds out about sources


async def version_of(transaction: TransactionFactory, source_id: UUID) -> int:
    async with transaction() as work:
        return next(one.version for one in await work.sources.states(EVERY) if one.id == source_id)


async def test_every_change_raises_the_version_of_the_source_and_of_no_other(transaction: TransactionFactory) -> None:
    handbook, other = source(), source(name="Other")
    live = await published(transaction, handbook, "Text")
    await published(transaction, other, "Text")
    before = await version_of(transaction, other.id)
    versions = [await version_of(transaction, handbook.id)]
    for change in ("regroup", "publish", "delete", "rename"):
        async with transaction() as work:
            if change == "regroup":
                assert await work.documents.regroup(handbook.id, {"page.md": frozenset({"it"})}) == [live.id]
            elif change == "publish":
                assert await work.documents.publish(replace(live, groups=frozenset({"hr"})))
            elif change == "delete":
                assert await work.documents.delete([live.id, uuid4()]) == [live.id]
            else:
                await work.sources.put(replace(handbook, name="Guide"))
            await work.commit()
        versions.append(await version_of(transaction, handbook.id))
    assert versions == sorted(set(versions))
    assert await version_of(transaction, other.id) == before


async def test_what_changes_nothing_leaves_the_version(transaction: TransactionFactory) -> None:
    handbook = source()
    await published(transaction, handbook, "Text")
    before = await version_of(transaction, handbook.id)
    async with transaction() as work:
        await work.sources.put(handbook)
        await work.documents.resolve(handbook.id, ["page.md", "another.md"])
        assert await work.documents.delete([uuid4()]) == []
        await work.commit()
    async with transaction() as work:  # not committed
        await work.sources.put(replace(handbook, name="Guide"))
    assert await version_of(transaction, handbook.id) == before


async def test_documents_are_regrouped_where_their_groups_are_others(transaction: TransactionFactory) -> None:
    handbook, hr = source(), frozenset({"hr"})
    one = await published(transaction, handbook, "One", external_id="1")
    two = await published(transaction, handbook, "Two", "hr", external_id="2")
    async with transaction() as work:
        assert await work.documents.regroup(handbook.id, {"1": hr, "2": hr, "none": hr}) == [one.id]
        assert await work.documents.regroup(handbook.id, {"1": hr, "2": EVERY}) == [two.id]
        assert await work.documents.regroup(uuid4(), {"1": EVERY}) == []
        assert await work.documents.groups_of([one.id, two.id, uuid4()]) == {one.id: hr, two.id: EVERY}
        assert [seen.id for seen in await work.documents.visible([one.id, two.id], EVERY)] == [two.id]
        await work.commit()


async def test_a_source_is_not_settled_while_the_groups_of_a_document_are_not_told(
    transaction: TransactionFactory,
) -> None:
    handbook, other = source(), source()
    live = await published(transaction, handbook, "Text")
    await published(transaction, other, "Text")
    async with transaction() as work:
        await work.chores.add([Chore(ChoreKind.DOCUMENT_GROUPS, live.id)])
        assert {one.id: one.settled for one in await work.sources.states(EVERY)} == {handbook.id: False, other.id: True}


async def test_a_document_says_what_its_source_calls_it_and_when_that_was_compared(
    transaction: TransactionFactory,
) -> None:
    handbook = source()
    live = replace(await published(transaction, handbook, "Text"), source_version="page 3")
    async with transaction() as work:
        assert await work.documents.publish(live)
        await work.sources.checked(handbook.id, NOON)
        [seen] = await work.documents.visible([live.id], EVERY)
        [place] = await work.documents.resolve(handbook.id, ["page.md"])
    assert (seen.source_version, seen.checked_at, place.source_version) == ("page 3", NOON, "page 3")


async def test_states_are_those_of_the_sources_that_one_may_see(transaction: TransactionFactory) -> None:
    handbook, secret, gone = source(), source("hr", name="Secret"), source(name="Gone")
    async with transaction() as work:
        for one in (handbook, secret, gone):
            await work.sources.put(one)
        await work.sources.delete(gone.id)
        await work.chores.add([Chore(ChoreKind.SOURCE_GROUPS, secret.id), Chore(ChoreKind.SOURCE_DELETED, handbook.id)])
        await work.commit()
    async with transaction() as work:
        [shown] = await work.sources.states(EVERY)
        both = await work.sources.states(frozenset({"hr"}))
    assert (shown.id, shown.name, shown.settled) == (handbook.id, "Handbook", True)
    assert [(one.id, one.settled) for one in both] == sorted([(handbook.id, True), (secret.id, False)])


async def test_an_excerpt_is_counted_in_code_points_and_of_that_version_only(transaction: TransactionFactory) -> None:
    live = await published(transaction, source(), "Grüße 👋🏽, 東京! The end.")
    async with transaction() as work:
        for start, end in ((0, 5), (4, 10), (8, len(live.text)), (0, len(live.text) + 5)):
            assert await work.documents.excerpt(live.id, live.content_hash, start, end) == live.text[start:end]
        assert await work.documents.excerpt(live.id, "another", 0, 5) is None
        assert await work.documents.excerpt(uuid4(), live.content_hash, 0, 5) is None


async def test_changes_of_the_same_source_wait_for_each_other(postgres_url: str) -> None:
    """A deletion locks sources before documents, as a publication does: neither waits for the other for ever."""
    async with open_database(postgres_url) as database:
        async with database.sessions() as session:
            await (await session.connection()).run_sync(METADATA.create_all)
            await session.commit()
        transaction = partial(SqlDocumentationTransaction, database.sessions)
        sources = [source(name=str(n)) for n in range(3)]
        live = [await published(transaction, one, "Text", external_id=f"{n}") for one in sources for n in range(4)]

        async def publish(one: Document) -> None:
            async with transaction() as work:
                await work.documents.publish(one)
                await work.commit()

        async def delete(ids: list[UUID]) -> None:
            async with transaction() as work:
                await work.documents.delete(ids)
                await work.commit()

        ids = [one.id for one in live[::2]]
        await asyncio.gather(*(publish(one) for one in live), delete(ids), delete(ids[::-1]), *map(publish, live))
        versions = [await version_of(transaction, one.id) for one in sources]
        assert min(versions) > 4


# What an index is built anew from


async def test_an_index_that_changed_raises_the_versions_of_all_sources(transaction: TransactionFactory) -> None:
    sources = [source(), source(name="Other")]
    for one in sources:
        await published(transaction, one, "Text")
    before = [await version_of(transaction, one.id) for one in sources]
    async with transaction() as work:
        await work.sources.touch()
        await work.commit()
    assert [await version_of(transaction, one.id) for one in sources] == [version + 1 for version in before]


async def test_stored_documents_come_in_pages_of_so_much_text(transaction: TransactionFactory) -> None:
    handbook, closed = source(), source("board", name="Closed")
    lives = [
        await published(transaction, of, "x" * 10, "hr", external_id=f"{number}.md")
        for number, of in enumerate([handbook, closed, handbook])
    ]
    async with transaction() as work:
        await work.documents.resolve(handbook.id, ["not-searchable-yet.md"])
        await work.commit()
    lives.sort(key=lambda one: one.id)
    async with transaction() as work:
        first = await work.documents.stored(None, 10, characters=25)
        rest = await work.documents.stored(first[-1].document_id, 10, characters=1)
        assert [one.document_id for one in (*first, *rest)] == [one.id for one in lives]
        assert (len(first), len(rest)) == (2, 1)
        assert await work.documents.stored(lives[-1].id, 10, characters=25) == []
        assert len(await work.documents.stored(None, 1, characters=25)) == 1
        [one, *_] = first
        assert (one.text, one.groups, one.content_hash) == (lives[0].text, ["hr"], lives[0].content_hash)
        current = await work.documents.current([lives[1].id, uuid4()])
        assert current == {lives[1].id: CurrentVersion(content_hash=lives[1].content_hash, groups=["hr"])}


async def test_a_deleted_sources_documents_are_not_stored(transaction: TransactionFactory) -> None:
    handbook = source()
    live = await published(transaction, handbook, "Text")
    async with transaction() as work:
        assert await work.sources.delete(handbook.id)
        await work.commit()
    async with transaction() as work:
        assert await work.documents.stored(None, 10, characters=100) == []
        assert await work.documents.current([live.id]) == {}
