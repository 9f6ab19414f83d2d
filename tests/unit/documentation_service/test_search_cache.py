"""What is remembered of searches, for whom, and until when."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from documentation_service.services.aliases import Aliases
from documentation_service.services.chores import VectorChores
from documentation_service.services.registry import DocumentRegistry
from documentation_service.services.search_cache import SECONDS, CachedSearch
from flash_core.errors import UpstreamUnavailableError
from flash_core.interfaces.search import SearchInterface
from flash_core.models.user import Principal
from flash_core.schemas.search import SearchRequest, SearchResponse
from flash_core.testing.cross_encoders import FakeReranker
from flash_core.testing.fakes import FakeEmbeddingProvider, FakeSingleFlight, FrozenClock
from flash_core.testing.vector_store import FakeVectorStore
from flash_core.testing.waiting import eventually
from tests.unit.documentation_service.fakes import FakeDatabase
from tests.unit.documentation_service.world import NOON, embedded, index_of, person, published, search_of, source

ANYONE = person()


@dataclass
class Counting(SearchInterface):
    inner: SearchInterface
    calls: int = 0
    may: asyncio.Event | None = None

    async def search(self, request: SearchRequest, principal: Principal) -> SearchResponse:
        self.calls += 1
        if self.may is not None:
            await self.may.wait()
        return await self.inner.search(request, principal)


@dataclass
class World:
    database: FakeDatabase = field(default_factory=FakeDatabase)
    embeddings: FakeEmbeddingProvider = field(default_factory=FakeEmbeddingProvider)
    vectors: FakeVectorStore = field(default_factory=FakeVectorStore)
    reranker: FakeReranker = field(default_factory=lambda: FakeReranker(model=None))
    flights: FakeSingleFlight = field(default_factory=FakeSingleFlight)
    now: float = 0.0

    def __post_init__(self) -> None:
        transaction = self.database.transaction
        self.origin = Counting(search_of(transaction, self.embeddings, self.vectors, reranker=self.reranker))
        self.cached = self.with_settings("")

    def with_settings(self, settings: str) -> CachedSearch:
        return CachedSearch(
            self.origin,
            self.flights,
            self.database.transaction,
            index_of(self.vectors, self.embeddings),
            self.reranker,
            settings=settings,
            monotonic=lambda: self.now,
        )

    async def find(self, query: str = "leave", reader: Principal = ANYONE, **options: Any) -> SearchResponse:
        return await self.cached.search(SearchRequest(query=query, **options), reader)


@pytest.fixture
async def world() -> World:
    world = World()
    handbook = source()
    live = await published(world.database.transaction, handbook, "Leave is 25 days.")
    await embedded(world.vectors, world.embeddings, live, handbook)
    return world


async def test_the_same_search_again_is_remembered_and_says_so(world: World) -> None:
    first, again = await world.find(explain=True), await world.find(explain=True)
    assert world.origin.calls == 1
    assert again.hits == first.hits != []
    assert first.explanation is not None
    assert again.explanation is not None
    assert (first.explanation.cached, again.explanation.cached) == (False, True)
    assert (set(again.timings_ms), "vector" in first.timings_ms) == ({"total"}, True)
    assert set(world.flights.cache.times_to_live.values()) == {SECONDS}


async def test_a_remembered_hit_says_when_its_source_was_checked_last(world: World) -> None:
    [hit] = (await world.find()).hits
    assert (hit.checked_at, hit.source_version) == (None, hit.version)
    async with world.database.transaction() as work:
        await work.sources.checked(hit.source_id, NOON)
        await work.commit()
    [again] = (await world.find()).hits
    assert (again.checked_at, world.origin.calls) == (NOON, 1)


async def test_white_space_and_composition_of_characters_make_no_other_query(world: World) -> None:
    await world.find("leave für days")
    await world.find("  leave fu\u0308r\n days ")
    assert world.origin.calls == 1


async def test_upper_case_makes_another_query_because_identifiers_are_split_by_it(world: World) -> None:
    await world.find("getLeave")
    await world.find("getleave")
    assert world.origin.calls == 2


@pytest.mark.parametrize(
    "options",
    [
        {"limit": 3},
        {"offset": 1},
        {"mode": "keyword"},
        {"rerank": False},
        {"explain": True},
        {"per_chunk": True},
        {"join_neighbours": True},
        {"filters": {"source_names": ["Handbook"]}},
        {"filters": {"updated_after": NOON}},
    ],
    ids=str,
)
async def test_every_field_of_the_request_makes_another_search(world: World, options: dict[str, Any]) -> None:
    await world.find()
    await world.find(**options)
    assert world.origin.calls == 2


async def test_people_share_what_they_find_by_their_groups_only(world: World) -> None:
    await world.find("leave", person("a", "b"))
    await world.find("leave", person("b", "a"))
    assert world.origin.calls == 1
    await world.find("leave", person("a"))
    await world.find("leave", ANYONE)
    assert world.origin.calls == 3


async def test_models_and_settings_are_part_of_what_is_remembered(world: World) -> None:
    made_by = [(await world.find()).made_by, (await world.find()).made_by]
    world.cached = world.with_settings("dense_weight=1")
    made_by.append((await world.find()).made_by)
    assert world.origin.calls == 2
    world.reranker.model = "new"
    made_by.append((await world.find()).made_by)
    assert world.origin.calls == 3
    assert made_by[0] == made_by[1]
    assert len(set(made_by)) == 3


async def test_the_version_is_told_and_changes_with_what_could_be_found(world: World) -> None:
    versions = [(await world.find()).index_version]
    chores = VectorChores(world.database.transaction, world.vectors)
    registry = DocumentRegistry(world.database.transaction, chores)
    other = source(name="Other")
    live = await published(world.database.transaction, other, "More leave.")
    versions.append((await world.find()).index_version)
    await registry.put_source(replace(other, groups=frozenset({"hr"})))
    versions.append((await world.find()).index_version)
    await registry.put_source(other)
    versions.append((await world.find()).index_version)
    await registry.delete_documents([live.id])
    versions.append((await world.find()).index_version)
    await Aliases(world.database.transaction, FrozenClock(NOON)).add("leave", ["holiday"])
    versions.append((await world.find()).index_version)
    await registry.put_source(replace(other, name="Renamed"))
    versions.append((await world.find()).index_version)
    assert len(set(versions)) == len(versions) - 1  # closed to the reader is as if it had never been
    assert versions[0] == versions[2]
    assert world.origin.calls == len(set(versions))
    assert all(0 < len(version) <= 32 for version in versions)


async def test_a_source_that_was_opened_is_found_as_soon_as_the_vector_store_has_heard_of_it(world: World) -> None:
    secret = source("board", name="Secret")
    live = await published(world.database.transaction, secret, "Leave for the board.")
    await embedded(world.vectors, world.embeddings, live, secret)
    chores = VectorChores(world.database.transaction, world.vectors)
    world.vectors.error = UpstreamUnavailableError("away")
    await DocumentRegistry(world.database.transaction, chores).put_source(replace(secret, groups=frozenset()))
    world.vectors.error = None
    assert len((await world.find()).hits) == 1
    await chores.run_once()
    assert len((await world.find()).hits) == 2


async def test_what_was_found_without_the_meaning_is_not_remembered(world: World) -> None:
    world.embeddings.error = UpstreamUnavailableError("away")
    assert len((await world.find()).hits) == 1
    world.embeddings.error = None
    response = await world.find()
    assert world.origin.calls == 2
    assert response.features is not None
    assert response.features["degraded"] == 0.0


async def test_what_the_reranker_missed_is_not_remembered(world: World) -> None:
    world.reranker.model, world.reranker.error = "reranker", UpstreamUnavailableError("away")
    await world.find()
    world.reranker.error = None
    assert "rerank" in (await world.find()).timings_ms
    assert world.origin.calls == 2


async def test_an_error_is_not_remembered(world: World) -> None:
    world.vectors.error = UpstreamUnavailableError("away")
    with pytest.raises(UpstreamUnavailableError):
        await world.find()
    world.vectors.error = None
    assert len((await world.find()).hits) == 1


async def test_the_same_searches_at_the_same_moment_are_one(world: World) -> None:
    world.origin.may = asyncio.Event()
    searches = [asyncio.create_task(world.find(explain=True)) for _ in range(5)]
    await eventually(lambda: world.origin.calls)
    world.origin.may.set()
    found = await asyncio.gather(*searches)
    assert world.origin.calls == 1
    assert sorted(one.explanation.cached for one in found if one.explanation) == [False, True, True, True, True]
