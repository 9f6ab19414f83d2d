"""What every engine promises."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from flash_core.errors import ConflictError, InvalidInputError, NotFoundError
from flash_core.interfaces.embedding import Vectors
from flash_core.models.vector import CollectionInfo, Payload
from tests.contract.vector_service.engines import ENGINES, opened
from tests.unit.vector_service.fakes import DIMENSION, direction, named
from vector_service.interfaces import (
    Above,
    AnyOf,
    Conditions,
    EnginePoint,
    NoneOf,
    NotAbove,
    Probe,
    SparseVector,
    VectorEngineInterface,
)

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning")
NORTH, NORTHEAST, EAST = direction(1, 0, 0, 0), direction(1, 1, 0, 0), direction(0, 1, 0, 0)
V1 = "chunks_v1"


@pytest.fixture(params=ENGINES)
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[VectorEngineInterface]:
    async with opened(request.param, tmp_path / "vectors") as engine:
        await engine.create(V1, dimension=DIMENSION, model="m")
        yield engine


def point(name: str, dense: Vectors, terms: dict[int, float] | None = None, **payload: object) -> EnginePoint:
    sparse = SparseVector(tuple(terms or ()), tuple((terms or {}).values()))
    fields: Payload = {"name": name, **payload}
    return EnginePoint(named(name), dense, sparse, fields)


async def found(engine: VectorEngineInterface, conditions: Conditions = (), limit: int = 10) -> list[str]:
    [hits] = await engine.nearest(V1, [Probe(NORTH, limit)], conditions)
    payloads = await engine.payloads(V1, [hit.id for hit in hits])
    return [str(payloads[hit.id]["name"]) for hit in hits]


async def test_a_collection_is_described(engine: VectorEngineInterface) -> None:
    assert await engine.describe(V1) == CollectionInfo("", V1, "m", DIMENSION, 0)
    await engine.point_alias("chunks", V1)
    await engine.upsert("chunks", [point("a", NORTH), point("b", EAST)])
    assert await engine.describe("chunks") == CollectionInfo("chunks", V1, "m", DIMENSION, 2)
    assert await engine.describe(V1) == CollectionInfo("chunks", V1, "m", DIMENSION, 2)


async def test_collections_are_named_without_their_aliases(engine: VectorEngineInterface) -> None:
    await engine.point_alias("chunks", V1)
    await engine.create("chunks_v2", dimension=2, model="m2", chunker="3/500")
    assert sorted(await engine.names()) == [V1, "chunks_v2"]
    assert await engine.describe("chunks_v2") == CollectionInfo("", "chunks_v2", "m2", 2, 0, "3/500")


async def test_a_name_is_given_once(engine: VectorEngineInterface) -> None:
    with pytest.raises(ConflictError):
        await engine.create(V1, dimension=DIMENSION, model="m")
    await engine.point_alias("chunks", V1)
    with pytest.raises(ConflictError):
        await engine.create("chunks", dimension=DIMENSION, model="m")


async def test_what_is_not_there_is_not_found(engine: VectorEngineInterface) -> None:
    with pytest.raises(NotFoundError):
        await engine.describe("nothing")
    with pytest.raises(NotFoundError):
        await engine.upsert("nothing", [point("a", NORTH)])
    with pytest.raises(NotFoundError):
        await engine.nearest("nothing", [Probe(NORTH, 1)], ())
    with pytest.raises(NotFoundError):
        await engine.point_alias("chunks", "nothing")
    with pytest.raises(NotFoundError):
        await engine.drop("nothing")


async def test_an_alias_moves(engine: VectorEngineInterface) -> None:
    await engine.create("chunks_v2", dimension=DIMENSION, model="m2")
    await engine.upsert("chunks_v2", [point("new", NORTH)])
    for version in (V1, "chunks_v2"):
        await engine.point_alias("chunks", version)
        assert (await engine.describe("chunks")).version == version
    assert set(await engine.payloads("chunks", [named("new")])) == {named("new")}


async def test_a_dropped_collection_may_be_made_again_and_is_empty(engine: VectorEngineInterface) -> None:
    await engine.upsert(V1, [point("a", NORTH)])
    await engine.drop(V1)
    with pytest.raises(NotFoundError):
        await engine.describe(V1)
    await engine.create(V1, dimension=DIMENSION, model="m")
    assert (await engine.describe(V1)).points == 0


async def test_nearest_by_cosine_is_best_first(engine: VectorEngineInterface) -> None:
    await engine.upsert(V1, [point("east", EAST), point("north", NORTH), point("between", NORTHEAST)])
    [hits] = await engine.nearest(V1, [Probe(NORTH, 2)], ())
    assert [hit.id for hit in hits] == [named("north"), named("between")]
    assert [hit.score for hit in hits] == pytest.approx([1, np.sqrt(0.5)], abs=1e-5)


async def test_sparse_scores_are_weighted_by_rarity(engine: VectorEngineInterface) -> None:
    common, rare, absent = 7, 4_000_000_000, 9
    await engine.upsert(
        V1,
        [
            point("both", NORTH, {common: 1.0, rare: 1.0}),
            point("common", NORTH, {common: 1.0}),
            point("common too", NORTH, {common: 1.0}),
            point("wordless", NORTH),
        ],
    )
    question = SparseVector((common, absent, rare), (1.0, 1.0, 1.0))
    [hits] = await engine.nearest(V1, [Probe(question, 10)], ())
    assert hits[0].id == named("both")
    assert {hit.id for hit in hits} == {named("both"), named("common"), named("common too")}
    [rarest] = await engine.nearest(V1, [Probe(SparseVector((rare,), (1.0,)), 10)], ())
    assert rarest[0].score > hits[1].score


async def test_several_probes_are_answered_in_order(engine: VectorEngineInterface) -> None:
    await engine.upsert(V1, [point("a", NORTH, {1: 1.0}), point("b", EAST, {2: 1.0})])
    answers = await engine.nearest(V1, [Probe(EAST, 1), Probe(SparseVector((1,), (1.0,)), 5)], ())
    assert [[hit.id for hit in hits] for hits in answers] == [[named("b")], [named("a")]]


async def test_conditions_narrow_the_search(engine: VectorEngineInterface) -> None:
    await engine.upsert(
        V1,
        [
            point("a", NORTH, document_groups=["*"], source_id="s1", updated_at=1.0),
            point("b", NORTHEAST, document_groups=["hr", "sales"], source_id="s1", updated_at=2.0),
            point("c", EAST, document_groups=["hr"], source_id="s2", updated_at=3.0),
        ],
    )
    assert await found(engine) == ["a", "b", "c"]
    assert await found(engine, [AnyOf("document_groups", ("*", "sales"))]) == ["a", "b"]
    assert await found(engine, [AnyOf("source_id", ("s1", "s2")), AnyOf("document_groups", ("hr",))]) == ["b", "c"]
    assert await found(engine, [NoneOf("source_id", ("s1",))]) == ["c"]
    assert await found(engine, [Above("updated_at", 2.0)]) == ["c"]
    assert await found(engine, [Above("updated_at", 1.5), AnyOf("source_id", ("s1",))]) == ["b"]
    assert await found(engine, [NotAbove("updated_at", 2.0)]) == ["a", "b"]
    assert await found(engine, [NotAbove("nothing", 2.0), NoneOf("source_id", ("s1",))]) == ["c"]
    assert await found(engine, [AnyOf("source_id", ("s3",))]) == []


async def test_all_points_come_in_pages_in_the_order_of_their_ids(engine: VectorEngineInterface) -> None:
    assert await engine.page(V1, None, 2) == ({}, None)
    names = ["a", "b", "c", "d", "e"]
    await engine.upsert(V1, [point(name, NORTH, document_id=name) for name in names])
    seen, first, sizes = [], None, []
    while True:
        points, first = await engine.page(V1, first, 2)
        seen += [(one, payload["document_id"]) for one, payload in points.items()]
        sizes.append(len(points))
        if first is None:
            break
    assert seen == sorted((named(name), name) for name in names)
    assert sizes == [2, 2, 1]
    with pytest.raises(NotFoundError):
        await engine.page("nothing", None, 2)


async def test_what_all_points_met_holds_no_longer_than_until_the_next_write(engine: VectorEngineInterface) -> None:
    open_to_sales: Conditions = [AnyOf("document_groups", ("*", "sales")), NoneOf("source_id", ("s9",))]
    await engine.upsert(
        V1,
        [
            point(name, vector, document_groups=["*"], source_id="s1")
            for name, vector in (("a", NORTH), ("b", NORTHEAST))
        ],
    )
    assert await found(engine, open_to_sales) == ["a", "b"]
    await engine.set_payload(V1, {"document_groups": ["hr"]}, [])
    assert await found(engine, open_to_sales) == []
    await engine.set_payload(V1, {"document_groups": ["sales"]}, [])
    assert await found(engine, open_to_sales) == ["a", "b"]
    await engine.upsert(V1, [point("c", NORTH, document_groups=["hr"]), point("d", NORTH, source_id="s9")])
    assert await found(engine, open_to_sales) == ["a", "b"]
    await engine.delete(V1, [NoneOf("source_id", ("s1",))])
    assert await found(engine, open_to_sales) == ["a", "b"]


async def test_the_same_id_replaces(engine: VectorEngineInterface) -> None:
    await engine.upsert(V1, [point("a", NORTH, {1: 1.0}, source_id="old", text="old")])
    await engine.upsert(V1, [point("a", EAST, {2: 1.0}, source_id="new")])
    assert await engine.payloads(V1, [named("a")]) == {named("a"): {"name": "a", "source_id": "new"}}
    assert (await engine.describe(V1)).points == 1
    assert await engine.nearest(V1, [Probe(SparseVector((1,), (1.0,)), 5)], ()) == [[]]


async def test_what_conditions_select_is_deleted(engine: VectorEngineInterface) -> None:
    names = {"a": "d1", "b": "d1", "c": "d2"}
    await engine.upsert(V1, [point(name, NORTH, document_id=doc, content_hash=name) for name, doc in names.items()])
    await engine.delete(V1, [AnyOf("document_id", ("d1",)), NoneOf("content_hash", ("b",))])
    assert sorted(await found(engine)) == ["b", "c"]
    await engine.delete(V1, [AnyOf("document_id", ("d9",))])
    assert (await engine.describe(V1)).points == 2


async def test_payload_fields_are_replaced_and_others_stay(engine: VectorEngineInterface) -> None:
    await engine.upsert(
        V1, [point("a", NORTH, document_id="d1", document_groups=["hr"]), point("b", EAST, document_id="d2")]
    )
    await engine.set_payload(V1, {"document_groups": ["*"], "title": "T"}, [AnyOf("document_id", ("d1",))])
    payloads = await engine.payloads(V1, [named("a"), named("b")])
    assert payloads[named("a")] == {"name": "a", "document_id": "d1", "document_groups": ["*"], "title": "T"}
    assert payloads[named("b")] == {"name": "b", "document_id": "d2"}
    assert await found(engine, [AnyOf("document_groups", ("*",))]) == ["a"]


async def test_payloads_of_what_is_not_there_are_left_out(engine: VectorEngineInterface) -> None:
    assert await engine.payloads(V1, [named("nobody")]) == {}
    assert await engine.payloads(V1, []) == {}


async def test_another_dimension_is_refused(engine: VectorEngineInterface) -> None:
    await engine.upsert(V1, [point("a", NORTH)])
    with pytest.raises(InvalidInputError):
        await engine.upsert(V1, [point("b", direction(1, 0))])
    with pytest.raises(InvalidInputError):
        await engine.nearest(V1, [Probe(direction(1, 0, 0, 0, 0), 1)], ())


async def test_many_points_at_once(engine: VectorEngineInterface) -> None:
    await engine.upsert(V1, [point(str(number), NORTH, {number: 1.0}) for number in range(450)])
    assert (await engine.describe(V1)).points == 450
    await engine.check()
