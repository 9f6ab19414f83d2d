"""What is remembered of documents between syncs, and what a job says of those that are gone."""

from uuid import UUID

from indexing_service.interfaces import Item, ItemState, Job
from indexing_service.interfaces.syncing import Known
from tests.contract.indexing_service.conftest import Store
from tests.unit.indexing_service.world import job, source, stored

HANDBOOK = source()


async def remembered(store: Store, *documents: Known) -> None:
    async with store.unit_of_work() as work:
        await work.known.put(HANDBOOK.id, documents)
        await work.commit()


async def a_job(store: Store, *items: Item) -> Job:
    sync = job(HANDBOOK)
    await stored(store.unit_of_work, HANDBOOK, sync)
    async with store.unit_of_work() as work:
        await work.items.add(sync.id, items)
        await work.commit()
    return sync


async def known(store: Store, of: UUID = HANDBOOK.id) -> dict[str, Known]:
    async with store.unit_of_work() as work:
        return await work.known.of(of)


async def test_a_document_is_remembered_as_it_was_taken_up_last(store: Store) -> None:
    await remembered(store, Known("a", "1", frozenset({"hr"}), "mark"), Known("b", "1"))
    await remembered(store, Known("a", "2", frozenset(), "mark", "It is empty."))
    assert await known(store) == {"a": Known("a", "2", frozenset(), "mark", "It is empty."), "b": Known("b", "1")}
    assert await known(store, source().id) == {}
    async with store.unit_of_work() as work:
        assert await work.known.named(HANDBOOK.id, ["b", "c"]) == {"b": Known("b", "1")}
        assert await work.known.named(HANDBOOK.id, []) == {}


async def test_a_renamed_document_stays_known_unless_its_new_name_is_taken(store: Store) -> None:
    await remembered(store, Known("a", "1"), Known("b", "2"), Known("c", "3"))
    async with store.unit_of_work() as work:
        await work.known.rename(HANDBOOK.id, {"a": "new", "b": "c", "gone": "other"})
        await work.commit()
    assert await known(store) == {"new": Known("new", "1"), "b": Known("b", "2"), "c": Known("c", "3")}


async def test_what_is_gone_is_forgotten_and_what_could_not_be_fetched_is_not(store: Store) -> None:
    names = ("gone", "refused", "missed", "empty", "fine", "unlisted", "deleted")
    await remembered(store, *[Known(one, "1", reason="It is empty." if one == "empty" else "") for one in names])
    listed = [
        Item(0, "gone", ItemState.GONE),
        Item(1, "refused", ItemState.WITHDRAWN),
        Item(2, "missed"),
        Item(3, "empty", ItemState.WITHDRAWN),
        Item(4, "fine", ItemState.UNCHANGED),
    ]
    sync = await a_job(store, *listed)
    async with store.unit_of_work() as work:
        await work.items.begin(sync.id, [2])
        await work.items.settle(sync.id, [Item(2, "missed", ItemState.WITHDRAWN, "It is not there.")])
        await work.items.mark_deleted(sync.id, ["gone", "deleted"])
        await work.known.forget_gone(HANDBOOK.id, sync.id, complete=False)
        await work.commit()
    assert sorted(await known(store)) == ["deleted", "empty", "fine", "missed", "unlisted"]
    async with store.unit_of_work() as work:
        await work.known.forget_gone(HANDBOOK.id, sync.id, complete=True)
        await work.commit()
    assert sorted(await known(store)) == ["empty", "fine", "missed"]


async def test_a_job_says_what_of_these_its_listing_does_not_hold_and_what_was_found_to_be_gone(store: Store) -> None:
    sync = await a_job(
        store,
        Item(0, "fine"),
        Item(1, "gone", ItemState.GONE),
        Item(2, "refused", ItemState.WITHDRAWN),
        Item(3, "missed"),
        Item(4, "failed", ItemState.FAILED),
    )
    async with store.unit_of_work() as work:
        await work.items.begin(sync.id, [3])
        await work.items.settle(sync.id, [Item(3, "missed", ItemState.WITHDRAWN)])
        asked = ["fine", "gone", "refused", "missed", "failed", "unlisted"]
        assert await work.items.not_listed(sync.id, asked) == ["gone", "refused", "missed", "unlisted"]
        assert await work.items.gone(sync.id) == ["gone", "missed"]


async def test_a_deletion_is_counted_once(store: Store) -> None:
    sync = await a_job(store, Item(0, "a"), Item(1, "b", ItemState.GONE))
    async with store.unit_of_work() as work:
        await work.items.mark_deleted(sync.id, ["b", "c"])
        await work.items.mark_deleted(sync.id, ["c", "d"])
        await work.items.mark_deleted(sync.id, [])
        counts = await work.items.counts(sync.id)
    assert (counts.found, counts.deleted) == (1, 3)
