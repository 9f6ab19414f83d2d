"""What everybody who searches may count on: the search itself, and the one that remembers, alone and on Redis."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from documentation_service.services.search import DocumentSearch
from documentation_service.services.search_cache import CachedSearch
from flash_core.clients.redis import open_redis
from flash_core.clients.single_flight import RedisSingleFlight
from flash_core.errors import UpstreamUnavailableError
from flash_core.interfaces.search import SearchInterface
from flash_core.interfaces.single_flight import SingleFlightInterface
from flash_core.models.document import Document
from flash_core.models.user import Principal
from flash_core.schemas.search import SearchRequest
from flash_core.testing.cross_encoders import FakeReranker
from flash_core.testing.fakes import FakeEmbeddingProvider, FakeSingleFlight
from flash_core.testing.redis_keys import endless_keys
from flash_core.testing.vector_store import FakeVectorStore
from tests.unit.documentation_service.fakes import FakeDatabase
from tests.unit.documentation_service.world import embedded, index_of, person, published, search_of, source


@dataclass
class Index:
    """What is searched, and the search."""

    database: FakeDatabase = field(default_factory=FakeDatabase)
    embeddings: FakeEmbeddingProvider = field(default_factory=FakeEmbeddingProvider)
    vectors: FakeVectorStore = field(default_factory=FakeVectorStore)

    def __post_init__(self) -> None:
        self.search: SearchInterface = self.origin

    @property
    def origin(self) -> DocumentSearch:
        return search_of(self.database.transaction, self.embeddings, self.vectors)

    def remember(self, flights: SingleFlightInterface) -> None:
        self.search = CachedSearch(
            self.origin,
            flights,
            self.database.transaction,
            index_of(self.vectors, self.embeddings),
            FakeReranker(model=None),
            settings="",
        )

    async def add(self, text: str, *groups: str) -> Document:
        handbook = source()
        live = await published(self.database.transaction, handbook, text, *groups)
        await embedded(self.vectors, self.embeddings, live, handbook)
        return live

    async def found(self, reader: Principal, **options: object) -> list[str]:
        """Asked for twice: nobody may find another thing because somebody was there before."""
        request = SearchRequest.model_validate({"query": "leave", **options})
        first, second = [await self.search.search(request, reader) for _ in range(2)]
        assert first.hits == second.hits
        assert (first.index_version, first.answerable) == (second.index_version, second.answerable)
        return [hit.text for hit in first.hits]


@pytest.fixture(params=["search", "remembered", "remembered-on-redis"])
async def index(request: pytest.FixtureRequest) -> AsyncIterator[Index]:
    made = Index()
    if request.param != "remembered-on-redis":
        if request.param == "remembered":
            made.remember(FakeSingleFlight())
        yield made
        return
    async with open_redis(request.getfixturevalue("redis_url")) as redis:
        await redis.flushall()
        made.remember(RedisSingleFlight(redis))
        yield made
        assert await endless_keys(redis) == []


async def test_everyone_finds_what_their_groups_may_see(index: Index) -> None:
    await index.add("Leave is 25 days.")
    await index.add("Leave of the board.", "board")
    assert await index.found(person()) == ["Leave is 25 days."]
    assert sorted(await index.found(person("board"))) == ["Leave is 25 days.", "Leave of the board."]


async def test_what_is_deleted_replaced_or_closed_is_not_found_again(index: Index) -> None:
    deleted, replaced, closed = [await index.add(f"Leave is {days} days.") for days in (24, 25, 26)]
    assert len(await index.found(person())) == 3
    async with index.database.transaction() as work:
        await work.documents.delete([deleted.id])
        await work.documents.publish(replace(replaced, content_hash="another"))
        await work.documents.publish(replace(closed, groups=frozenset({"hr"})))
        await work.commit()
    assert await index.found(person()) == []
    assert await index.found(person("hr")) == ["Leave is 26 days."]


async def test_what_is_added_is_found_at_once(index: Index) -> None:
    assert await index.found(person()) == []
    await index.add("Leave is 25 days.")
    assert await index.found(person()) == ["Leave is 25 days."]


async def test_a_hit_is_the_same_in_every_detail_when_it_is_remembered(index: Index) -> None:
    live = await index.add("Leave is 25 days.")
    request = SearchRequest(query="leave", explain=True)
    first, second = [await index.search.search(request, person()) for _ in range(2)]
    assert first.hits == second.hits
    assert first.features == second.features
    [hit] = second.hits
    assert (hit.document_id, hit.updated_at, hit.version) == (live.id, live.updated_at, live.content_hash)


async def test_without_the_vector_store_it_is_unavailable(index: Index) -> None:
    index.vectors.error = UpstreamUnavailableError("away")
    with pytest.raises(UpstreamUnavailableError):
        await index.search.search(SearchRequest(query="leave"), person())
