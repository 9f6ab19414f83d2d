"""Which collection a search looks at, while models come and go."""

from dataclasses import dataclass, field

import pytest

from documentation_service.config import SearchSettings
from documentation_service.interfaces import LiveCollection
from documentation_service.services.expansion import AliasExpander
from documentation_service.services.live_index import FRESH_SECONDS, IndexModelHealth, LiveIndex
from documentation_service.services.search import DocumentSearch
from documentation_service.services.search_cache import CachedSearch
from flash_core.errors import NotFoundError, UpstreamUnavailableError
from flash_core.models.vector import CHUNKS
from flash_core.schemas.search import SearchRequest, SearchResponse
from flash_core.testing.cross_encoders import FakeReranker
from flash_core.testing.fakes import FakeEmbeddingModels, FakeEmbeddingProvider, FakeSingleFlight
from flash_core.testing.vector_store import FakeVectorStore
from tests.unit.documentation_service.fakes import FakeDatabase
from tests.unit.documentation_service.world import embedded, person, published, source


@dataclass
class World:
    """One document, in collections of two models."""

    old: FakeEmbeddingProvider = field(default_factory=FakeEmbeddingProvider)
    new: FakeEmbeddingProvider = field(default_factory=lambda: FakeEmbeddingProvider(32, "new"))
    vectors: FakeVectorStore = field(default_factory=FakeVectorStore)
    database: FakeDatabase = field(default_factory=FakeDatabase)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.models = FakeEmbeddingModels([self.old, self.new])
        self.index = LiveIndex(self.vectors, self.models, monotonic=lambda: self.now)
        transaction, reranker = self.database.transaction, FakeReranker(model=None)
        search = DocumentSearch(
            transaction, self.index, self.vectors, AliasExpander(transaction), reranker, SearchSettings()
        )
        self.search = CachedSearch(search, FakeSingleFlight(), transaction, self.index, reranker, settings="")

    async def found(self) -> SearchResponse:
        return await self.search.search(SearchRequest(query="leave", explain=True), person())

    async def swap(self) -> None:
        self.vectors.aliases[CHUNKS] = "chunks_v2"
        self.now += FRESH_SECONDS


@pytest.fixture
async def world() -> World:
    world = World()
    handbook = source()
    live = await published(world.database.transaction, handbook, "Leave is 25 days.")
    await embedded(world.vectors, world.old, live, handbook)
    await world.vectors.create_version(CHUNKS, "chunks_v2", dimension=32, model="new")
    world.vectors.aliases[CHUNKS] = "chunks_v2"
    await embedded(world.vectors, world.new, live, handbook)
    world.vectors.aliases[CHUNKS] = "chunks_v1"
    return world


async def test_a_question_is_embedded_by_the_model_of_the_collection_that_is_searched(world: World) -> None:
    world.new.calls.clear()
    first = await world.found()
    assert (len(world.old.calls), world.new.calls) == (2, [])  # the passages before, and the question
    await world.swap()
    second = await world.found()
    assert (len(world.old.calls), len(world.new.calls)) == (2, 1)
    assert [hit.text for hit in first.hits] == [hit.text for hit in second.hits] == ["Leave is 25 days."]
    assert not any((answer.features or {})["degraded"] for answer in (first, second))


async def test_until_the_swap_is_heard_of_the_old_collection_is_searched_with_the_old_model(world: World) -> None:
    await world.found()
    world.vectors.aliases[CHUNKS] = "chunks_v2"
    world.now += FRESH_SECONDS / 2
    assert await world.index.current() == LiveCollection("chunks_v1", "fake")
    assert (await world.found()).hits


async def test_searches_of_the_old_collection_are_not_given_again_after_the_swap(world: World) -> None:
    await world.found()
    again = await world.found()
    await world.swap()
    after = await world.found()
    assert again.explanation is not None
    assert after.explanation is not None
    assert (again.explanation.cached, after.explanation.cached) == (True, False)


async def test_without_the_collections_model_its_words_are_searched_and_the_status_says_so(world: World) -> None:
    check = IndexModelHealth(world.index, world.models)
    await check.check()
    world.models.providers.remove(world.old)
    answer = await world.found()
    assert [hit.text for hit in answer.hits] == ["Leave is 25 days."]
    assert (answer.features or {})["degraded"] == 1
    with pytest.raises(UpstreamUnavailableError, match="holds vectors of fake; new is served"):
        await check.check()


async def test_what_was_known_counts_while_the_vector_store_is_away(world: World) -> None:
    world.vectors.error = UpstreamUnavailableError("away")
    with pytest.raises(UpstreamUnavailableError):
        await world.index.current()
    world.vectors.error = None
    known = await world.index.current()
    world.vectors.error = UpstreamUnavailableError("away")
    world.now += FRESH_SECONDS
    assert await world.index.current() == known


async def test_before_anything_is_indexed_the_model_that_is_set_is_used() -> None:
    world = World()
    assert await world.index.current() is None
    assert (await (await world.index.embeddings(None)).model()).name == "fake"
    await IndexModelHealth(world.index, world.models).check()
    with pytest.raises(NotFoundError):
        await (await world.index.embeddings(LiveCollection("chunks_v9", "unknown"))).model()
