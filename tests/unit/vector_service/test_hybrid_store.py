"""The store's own decisions, with the engine faked."""

import pytest

from flash_core.errors import InvalidInputError, UpstreamUnavailableError
from flash_core.models.vector import VectorFilter, VectorQuery
from tests.unit.vector_service.fakes import DIMENSION, FakeVectorEngine, chunk, direction
from vector_service.services.engine_health import EngineHealth
from vector_service.services.hybrid_store import HybridVectorStore

ANYBODY = VectorFilter(frozenset())
NORTH, EAST = direction(1, 0, 0, 0), direction(0, 1, 0, 0)


@pytest.fixture
def engine() -> FakeVectorEngine:
    return FakeVectorEngine()


@pytest.fixture
async def store(engine: FakeVectorEngine) -> HybridVectorStore:
    store = HybridVectorStore(engine)
    await store.ensure("chunks", dimension=DIMENSION, model="m")
    await store.upsert("chunks", [chunk("near in meaning", NORTH), chunk("urlaub words", EAST)])
    return store


async def best(store: HybridVectorStore, query: VectorQuery) -> str:
    return str((await store.search("chunks", query))[0].payload["text"])


async def test_the_question_says_how_much_the_meaning_weighs(store: HybridVectorStore) -> None:
    for weight, expected in ((1.0, "near in meaning"), (0.0, "urlaub words")):
        assert await best(store, VectorQuery(ANYBODY, vector=NORTH, text="urlaub", dense_weight=weight)) == expected


async def test_a_hybrid_search_looks_deeper_than_its_limit(store: HybridVectorStore, engine: FakeVectorEngine) -> None:
    for mode in ("hybrid", "dense", "keyword"):
        await store.search("chunks", VectorQuery(ANYBODY, mode, NORTH, "urlaub", limit=1))
    await store.search("chunks", VectorQuery(ANYBODY, "hybrid", NORTH, "urlaub", limit=300))
    assert engine.probed == [[100, 100], [1], [1], [300, 300]]


async def test_components_are_told_before_and_after_normalisation(store: HybridVectorStore) -> None:
    first, second = await store.search("chunks", VectorQuery(ANYBODY, vector=NORTH, text="urlaub", dense_weight=0.9))
    assert first.scores == {"dense": pytest.approx(1.0), "dense_normalised": 1.0}
    assert second.scores["keyword_normalised"] == 1.0
    assert second.scores["dense_normalised"] == 0.0
    assert set(second.scores) == {"dense", "keyword", "dense_normalised", "keyword_normalised"}


async def test_a_question_of_stop_words_is_searched_by_meaning_alone(
    store: HybridVectorStore, engine: FakeVectorEngine
) -> None:
    assert len(await store.search("chunks", VectorQuery(ANYBODY, vector=NORTH, text="what is the"))) == 2
    assert await store.search("chunks", VectorQuery(ANYBODY, "keyword", text="what is the")) == []
    assert engine.probed == [[100]]


@pytest.mark.parametrize(
    "query",
    [
        VectorQuery(ANYBODY, "hybrid", NORTH, None),
        VectorQuery(ANYBODY, "hybrid", None, "text"),
        VectorQuery(ANYBODY, "dense", None, "text"),
        VectorQuery(ANYBODY, "keyword", NORTH, None),
    ],
    ids=["hybrid-without-text", "hybrid-without-vector", "dense-without-vector", "keyword-without-text"],
)
async def test_a_mode_needs_its_input(store: HybridVectorStore, query: VectorQuery) -> None:
    with pytest.raises(InvalidInputError, match=query.mode):
        await store.search("chunks", query)


async def test_a_collection_that_was_half_made_is_finished(engine: FakeVectorEngine) -> None:
    await engine.create("chunks_v1", dimension=DIMENSION, model="m")  # stopped before the alias
    info = await HybridVectorStore(engine).ensure("chunks", dimension=DIMENSION, model="m")
    assert (info.alias, info.version) == ("chunks", "chunks_v1")


async def test_health_is_the_engines(engine: FakeVectorEngine) -> None:
    health = EngineHealth(engine)
    await health.check()
    engine.error = UpstreamUnavailableError("away")
    with pytest.raises(UpstreamUnavailableError):
        await health.check()
