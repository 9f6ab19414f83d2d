"""What every vector store promises: the real one on each engine, its client, and the fake that other tests use."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from flash_core.errors import ConflictError, InvalidInputError, NotFoundError
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.models.vector import Alternative, ChunkPoint, CollectionInfo, SearchMode, VectorFilter, VectorQuery
from flash_core.testing.vector_store import FakeVectorStore
from tests.contract.vector_service.engines import ENGINES, opened
from tests.unit.vector_service.fakes import DIMENSION, FakeVectorEngine, chunk, direction, named
from tests.unit.vector_service.test_vector_api import serving, store_client
from vector_service.services.hybrid_store import HybridVectorStore

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning")
NORTH, NORTHEAST, EAST = direction(1, 0, 0, 0), direction(1, 1, 0, 0), direction(0, 1, 0, 0)
MODES: list[SearchMode] = ["hybrid", "dense", "keyword"]
SALES = frozenset({"sales"})


@pytest.fixture(params=["fake-store", "client", *ENGINES])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[VectorStoreInterface]:
    match request.param:
        case "fake-store":
            yield FakeVectorStore()
        case "client":
            async with serving(FakeVectorEngine()) as client:
                yield store_client(client)
        case kind:
            async with opened(kind, tmp_path / "vectors") as engine:
                yield HybridVectorStore(engine)


async def filled(store: VectorStoreInterface, *points: ChunkPoint) -> None:
    await store.ensure("chunks", dimension=DIMENSION, model="m")
    await store.upsert("chunks", points)


async def texts(store: VectorStoreInterface, wanted: VectorFilter, mode: SearchMode = "hybrid") -> list[str]:
    hits = await store.search("chunks", VectorQuery(wanted, mode, NORTH, "holiday"))
    return [str(hit.payload["text"]) for hit in hits]


async def test_ensuring_twice_is_ensuring_once(store: VectorStoreInterface) -> None:
    first = await store.ensure("chunks", dimension=DIMENSION, model="m")
    assert first == CollectionInfo("chunks", "chunks_v1", "m", DIMENSION, 0)
    assert await store.ensure("chunks", dimension=DIMENSION, model="m") == first
    assert await store.info("chunks") == await store.info("chunks_v1") == first


@pytest.mark.parametrize(("dimension", "model"), [(DIMENSION, "other"), (DIMENSION + 1, "m")])
async def test_a_collection_keeps_the_model_that_it_was_made_for(
    store: VectorStoreInterface, dimension: int, model: str
) -> None:
    first = await store.ensure("chunks", dimension=DIMENSION, model="m", chunker="2/1000")
    assert (first.model, first.chunker) == ("m", "2/1000")
    assert await store.ensure("chunks", dimension=dimension, model=model, chunker="3/500") == first


async def test_versions_stand_beside_each_other_in_the_order_of_their_numbers(store: VectorStoreInterface) -> None:
    assert await store.versions("chunks") == []
    await store.ensure("chunks", dimension=DIMENSION, model="m")
    for number in (10, 2):
        await store.create_version("chunks", f"chunks_v{number}", dimension=2, model="m2", chunker="3/500")
    await store.create_version("others", "others_v1", dimension=2, model="m2")
    assert await store.versions("chunks") == [
        CollectionInfo("chunks", "chunks_v1", "m", DIMENSION, 0),
        CollectionInfo("", "chunks_v2", "m2", 2, 0, "3/500"),
        CollectionInfo("", "chunks_v10", "m2", 2, 0, "3/500"),
    ]


async def test_which_version_of_its_document_a_point_is_of(store: VectorStoreInterface) -> None:
    old, new = chunk("holiday old", document="a", content_hash="v1"), chunk("holiday new", content_hash="v2")
    await filled(store, old, new)
    asked = [new.id, named("nothing"), old.id]
    assert await store.content_hashes("chunks", asked) == {new.id: "v2", old.id: "v1"}
    assert await store.content_hashes("chunks_v1", []) == {}


async def test_what_is_deleted_or_closed_is_so_in_every_version(store: VectorStoreInterface) -> None:
    gone, closed = chunk("holiday gone", document="a"), chunk("holiday closed", document="b")
    await filled(store, gone, closed)
    await store.create_version("chunks", "chunks_v2", dimension=DIMENSION, model="m2")
    await store.upsert("chunks_v2", [gone, closed])
    await store.delete("chunks", document_ids=[named("a")])
    await store.set_payload("chunks", {"source_groups": ["sales"]}, source_id=named("wiki"))
    for _ in range(2):
        assert await texts(store, VectorFilter(frozenset())) == []
        assert await texts(store, VectorFilter(SALES)) == ["holiday closed"]
        await store.point_alias("chunks", "chunks_v2")
    await store.delete("chunks_v2", source_id=named("wiki"))
    assert [one.points for one in await store.versions("chunks")] == [1, 0]


async def test_an_unknown_collection_is_not_found(store: VectorStoreInterface) -> None:
    everyone = VectorFilter(frozenset())
    with pytest.raises(NotFoundError):
        await store.info("nothing")
    with pytest.raises(NotFoundError):
        await store.upsert("nothing", [chunk("text")])
    for mode in MODES:
        with pytest.raises(NotFoundError):
            await store.search("nothing", VectorQuery(everyone, mode, NORTH, "holiday"))
    with pytest.raises(NotFoundError):
        await store.delete("nothing", source_id=named("wiki"))
    with pytest.raises(NotFoundError):
        await store.point_alias("chunks", "nothing")
    with pytest.raises(NotFoundError):
        await store.drop_version("nothing")


async def test_a_vector_of_another_dimension_is_refused(store: VectorStoreInterface) -> None:
    await store.ensure("chunks", dimension=DIMENSION, model="m")
    with pytest.raises(InvalidInputError):
        await store.upsert("chunks", [chunk("text", direction(1, 0))])


@pytest.mark.parametrize("mode", MODES)
async def test_the_best_comes_first_with_its_payload(store: VectorStoreInterface, mode: SearchMode) -> None:
    near, far = chunk("holiday holiday rules", NORTH), chunk("about holiday and much else", NORTHEAST)
    await filled(store, far, near, chunk("something different", EAST))
    hits = await store.search("chunks", VectorQuery(VectorFilter(frozenset()), mode, NORTH, "holiday rules"))
    assert [hit.id for hit in hits][:2] == [near.id, far.id]
    assert hits[0].payload == near.payload
    assert hits[0].score > hits[1].score
    halves = ["dense", "keyword"] if mode == "hybrid" else [mode]
    assert set(hits[0].scores) == {*halves, *(f"{half}_normalised" for half in halves if mode == "hybrid")}


@pytest.mark.parametrize("mode", MODES)
async def test_a_point_is_as_good_as_the_best_way_to_ask_finds_it(
    store: VectorStoreInterface, mode: SearchMode
) -> None:
    own, other = chunk("sre handbook", NORTH), chunk("site reliability handbook", EAST)
    both = chunk("sre is site reliability: one handbook of the two, and more", direction(0.9, 0.9, 0, 0))
    await filled(store, own, other, both, chunk("unrelated", direction(0, 0, 1, 0)))
    alternatives = [Alternative(0, 3, ("site reliability",))]
    query = VectorQuery(
        VectorFilter(frozenset()), mode, NORTH, "SRE handbook", variants=[EAST], alternatives=alternatives
    )
    plain = VectorQuery(VectorFilter(frozenset()), mode, NORTH, "SRE handbook")
    hits = await store.search("chunks", query)
    scores = {hit.id: hit.scores for hit in hits}
    before = {hit.id: hit.scores for hit in await store.search("chunks", plain)}
    for half in scores[other.id]:
        assert scores[other.id][half] > before.get(other.id, {}).get(half, 0.0)
        assert scores[both.id][half] <= max(scores[own.id][half], scores[other.id][half]) + 1e-6


async def test_no_more_than_the_limit(store: VectorStoreInterface) -> None:
    await filled(store, *(chunk(f"holiday {number}") for number in range(20)))
    assert len(await store.search("chunks", VectorQuery(VectorFilter(frozenset()), "hybrid", NORTH, "holiday", 7))) == 7


@pytest.mark.parametrize("mode", MODES)
async def test_only_what_the_groups_of_source_and_document_both_allow_is_found(
    store: VectorStoreInterface, mode: SearchMode
) -> None:
    await filled(
        store,
        chunk("holiday for everyone"),
        chunk("holiday for sales", document_groups=["sales", "hr"]),
        chunk("holiday for hr", document_groups=["hr"]),
        chunk("holiday in a sales source", source_groups=["sales"]),
        chunk("holiday in a hr source", source_groups=["hr"]),
        chunk("holiday for hr in a sales source", source_groups=["sales"], document_groups=["hr"]),
    )
    assert await texts(store, VectorFilter(frozenset()), mode) == ["holiday for everyone"]
    assert sorted(await texts(store, VectorFilter(SALES), mode)) == [
        "holiday for everyone",
        "holiday for sales",
        "holiday in a sales source",
    ]
    assert len(await texts(store, VectorFilter(SALES | {"hr"}), mode)) == 6


@pytest.mark.parametrize("mode", MODES)
async def test_filters_hold_together(store: VectorStoreInterface, mode: SearchMode) -> None:
    await filled(
        store,
        chunk("holiday a", source="wiki", document="a", updated_at=10),
        chunk("holiday b", source="wiki", document="b", updated_at=20),
        chunk("holiday c", source="git", document="c", updated_at=30),
    )
    nobody = frozenset[str]()
    assert sorted(await texts(store, VectorFilter(nobody, source_ids=[named("wiki")]), mode)) == [
        "holiday a",
        "holiday b",
    ]
    assert await texts(store, VectorFilter(nobody, document_ids=[named("c")]), mode) == ["holiday c"]
    assert await texts(store, VectorFilter(nobody, [named("wiki")], None, 10.0), mode) == ["holiday b"]
    assert await texts(store, VectorFilter(nobody, [named("git")], [named("a")]), mode) == []
    assert await texts(store, VectorFilter(nobody, source_ids=[]), mode) == []


async def test_a_documents_old_passages_go_and_its_new_ones_stay(store: VectorStoreInterface) -> None:
    await filled(
        store,
        chunk("holiday old", document="a", content_hash="v1"),
        chunk("holiday new", document="a", content_hash="v2"),
        chunk("holiday other", document="b", content_hash="v1"),
    )
    await store.delete("chunks", document_ids=[named("a")], except_content_hashes=["v2", "v9"])
    assert sorted(await texts(store, VectorFilter(frozenset()))) == ["holiday new", "holiday other"]


async def test_a_source_goes_with_all_its_passages(store: VectorStoreInterface) -> None:
    await filled(store, chunk("holiday a", source="wiki"), chunk("holiday b", source="git"))
    await store.delete("chunks", source_id=named("wiki"))
    assert await texts(store, VectorFilter(frozenset())) == ["holiday b"]
    assert (await store.info("chunks")).points == 1


async def test_what_was_written_under_a_later_fence_stays_as_it_is(store: VectorStoreInterface) -> None:
    """As large as microseconds since 1970."""
    now = 1_796_000_000_000_000
    old, late = chunk("holiday old", fence=now), chunk("holiday late", fence=now + 1, content_hash="v2")
    await filled(store, chunk("holiday before fences"), old, late)
    await store.set_payload("chunks", {"document_groups": ["sales"]}, document_ids=[named("handbook")], fence=now)
    assert await texts(store, VectorFilter(frozenset())) == ["holiday late"]
    await store.delete("chunks", document_ids=[named("handbook")], except_content_hashes=["v3"], fence=now)
    assert await texts(store, VectorFilter(SALES)) == ["holiday late"]
    await store.delete("chunks", document_ids=[named("handbook")], fence=now + 1)
    assert await texts(store, VectorFilter(SALES)) == []


async def test_points_come_in_pages_with_what_they_are_of(store: VectorStoreInterface) -> None:
    points = [chunk(f"text {at}", document=f"d{at}", content_hash=f"v{at}") for at in range(3)]
    await filled(store, *points)
    first, after = await store.page("chunks", None, 2)
    rest, end = await store.page("chunks", after, 2)
    assert [one.id for one in (*first, *rest)] == sorted(point.id for point in points)
    assert {(one.document_id, one.content_hash) for one in (*first, *rest)} == {
        (named(f"d{at}"), f"v{at}") for at in range(3)
    }
    assert (len(first), end) == (2, None)


async def test_everything_cannot_be_deleted_by_accident(store: VectorStoreInterface) -> None:
    await filled(store, chunk("holiday"))
    with pytest.raises(InvalidInputError):
        await store.delete("chunks", except_content_hashes=["v2", "v9"])
    with pytest.raises(InvalidInputError):
        await store.set_payload("chunks", {"document_groups": ["*"]})
    assert (await store.info("chunks")).points == 1


async def test_changed_groups_hold_at_once(store: VectorStoreInterface) -> None:
    await filled(store, chunk("holiday a", document="a"), chunk("holiday b", document="b"))
    await store.set_payload("chunks", {"document_groups": ["hr"]}, document_ids=[named("a")])
    assert await texts(store, VectorFilter(SALES)) == ["holiday b"]
    await store.set_payload("chunks", {"source_groups": ["sales"]}, source_id=named("wiki"))
    assert await texts(store, VectorFilter(frozenset())) == []
    assert await texts(store, VectorFilter(SALES)) == ["holiday b"]


async def test_a_new_version_is_filled_aside_and_then_takes_over(store: VectorStoreInterface) -> None:
    await filled(store, chunk("holiday old"))
    await store.create_version("chunks", "chunks_v2", dimension=2, model="m2")
    await store.upsert("chunks_v2", [chunk("holiday new", direction(1, 1))])
    assert await texts(store, VectorFilter(frozenset())) == ["holiday old"]
    await store.point_alias("chunks", "chunks_v2")
    assert await store.info("chunks") == CollectionInfo("chunks", "chunks_v2", "m2", 2, 1)
    [hit] = await store.search("chunks", VectorQuery(VectorFilter(frozenset()), "dense", direction(1, 0)))
    assert hit.payload["text"] == "holiday new"
    with pytest.raises(ConflictError):
        await store.drop_version("chunks_v2")
    await store.drop_version("chunks_v1")
    with pytest.raises(NotFoundError):
        await store.info("chunks_v1")


async def test_a_version_needs_a_name_of_its_own(store: VectorStoreInterface) -> None:
    await store.ensure("chunks", dimension=DIMENSION, model="m")
    for name in ("chunks", "chunks_v1"):
        with pytest.raises(ConflictError):
            await store.create_version("chunks", name, dimension=DIMENSION, model="m")


async def test_a_word_is_found_as_the_language_of_its_point_stems_it(store: VectorStoreInterface) -> None:
    await filled(store, replace(chunk("Die Reisekosten werden eingereicht"), language="german"))
    asked = VectorQuery(VectorFilter(frozenset()), "keyword", text="Reisekosten")
    hits = await store.search("chunks", replace(asked, also_languages=["german"]))
    assert [hit.payload["text"] for hit in hits] == ["Die Reisekosten werden eingereicht"]
