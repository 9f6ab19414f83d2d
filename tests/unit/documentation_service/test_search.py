"""What a search finds, for whom, and what it says when something is away."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import uuid4

import pytest

from documentation_service.config import SearchSettings
from documentation_service.services.retrieval import POOLS
from documentation_service.services.search import DocumentSearch
from flash_core.errors import OverloadedError, UpstreamUnavailableError
from flash_core.interfaces.embedding import EmbeddingModel, EmbeddingProviderInterface, Priority, Purpose, Vectors
from flash_core.interfaces.reranker import RerankerInterface
from flash_core.models.document import Document
from flash_core.models.user import Principal
from flash_core.models.vector import VectorHit, VectorQuery
from flash_core.schemas.search import SearchFilters, SearchRequest
from flash_core.testing.cross_encoders import FakeReranker
from flash_core.testing.fakes import FakeEmbeddingProvider
from flash_core.testing.vector_store import FakeVectorStore
from tests.unit.documentation_service.fakes import FakeDatabase, FakeQueryExpander
from tests.unit.documentation_service.world import NOON, embedded, person, published, search_of, source

ANYONE = person()


@dataclass
class AwayProvider(EmbeddingProviderInterface):
    error: Exception

    async def model(self) -> EmbeddingModel:
        raise self.error

    async def embed(
        self, texts: object, *, purpose: Purpose = Purpose.PASSAGE, priority: Priority = Priority.INTERACTIVE
    ) -> Vectors:
        raise self.error


class CountingVectorStore(FakeVectorStore):
    def __init__(self) -> None:
        super().__init__()
        self.queries: list[VectorQuery] = []

    async def search(self, name: str, query: VectorQuery) -> list[VectorHit]:
        self.queries.append(query)
        return await super().search(name, query)


@dataclass
class World:
    database: FakeDatabase = field(default_factory=FakeDatabase)
    embeddings: EmbeddingProviderInterface = field(default_factory=FakeEmbeddingProvider)
    vectors: CountingVectorStore = field(default_factory=CountingVectorStore)
    expander: FakeQueryExpander = field(default_factory=FakeQueryExpander)
    reranker: RerankerInterface = field(default_factory=lambda: FakeReranker(model=None))
    settings: SearchSettings = field(default_factory=SearchSettings)

    @property
    def search(self) -> DocumentSearch:
        return search_of(
            self.database.transaction,
            self.embeddings,
            self.vectors,
            expander=self.expander,
            reranker=self.reranker,
            settings=self.settings,
        )

    async def add(self, text: str, *groups: str, passages: tuple[str, ...] = (), **about: object) -> Document:
        handbook = about.pop("of", None) or source()
        live = await published(self.database.transaction, handbook, text, *groups, **about)  # type: ignore[arg-type]  # as there
        await embedded(self.vectors, FakeEmbeddingProvider(), live, handbook, *passages)  # type: ignore[arg-type]  # as there
        return live

    async def find(self, query: str, reader: Principal = ANYONE, **options: object) -> list[str]:
        response = await self.search.search(SearchRequest(query=query, **options), reader)
        return [hit.text for hit in response.hits]


@pytest.fixture
def world() -> World:
    return World()


async def test_a_search_in_an_empty_index_finds_nothing(world: World) -> None:
    response = await world.search.search(SearchRequest(query="leave"), ANYONE)
    assert response.hits == []
    assert response.features == {
        "dense_top": 0.0, "dense_second": 0.0, "keyword_top": 0.0, "count": 0.0, "degraded": 0.0, "rerank_missed": 0.0,
    }  # fmt: skip


async def test_a_hit_carries_its_passage_and_where_it_stands(world: World) -> None:
    live = await world.add("Intro.\n\nAnnual leave is 25 days.", passages=("Annual leave is 25 days.",), title="Leave")
    response = await world.search.search(SearchRequest(query="annual leave", explain=True), ANYONE)
    [hit] = response.hits
    assert live.text[hit.start : hit.end] == hit.text == "Annual leave is 25 days."
    assert (hit.document_id, hit.title, hit.path, hit.provider) == (live.id, "Leave", ["guides"], "folder")
    assert hit.version == live.content_hash
    assert set(response.timings_ms) == {"expand", "embed", "vector", "join", "total"}


async def test_scores_are_shown_only_to_those_who_ask(world: World) -> None:
    await world.add("Annual leave is 25 days.")
    [hit] = (await world.search.search(SearchRequest(query="leave"), ANYONE)).hits
    assert hit.scores is None


async def test_one_hit_a_document_unless_chunks_are_asked_for(world: World) -> None:
    await world.add("Leave one. Leave two.", passages=("Leave one.", "Leave two."))
    assert len(await world.find("leave")) == 1
    assert len(await world.find("leave", per_chunk=True)) == 2


async def test_the_groups_are_part_of_the_vector_query(world: World) -> None:
    await world.add("The salaries are secret.", "hr")
    assert await world.find("salaries") == []
    assert await world.find("salaries", person("hr")) == ["The salaries are secret."]
    assert world.vectors.queries[-1].filter.groups == frozenset({"hr"})


async def test_the_rows_have_the_last_word(world: World) -> None:
    deleted = await world.add("Leave is 25 days.")
    replaced = await world.add("Leave is 26 days.")
    closed = await world.add("Leave is 27 days.")
    async with world.database.transaction() as work:
        await work.documents.delete([deleted.id])
        await work.documents.publish(replace(replaced, content_hash="another"))
        await work.documents.publish(replace(closed, groups=frozenset({"hr"})))
        await work.commit()
    assert await world.find("leave") == []
    assert await world.find("leave", person("hr")) == ["Leave is 27 days."]
    assert len(world.vectors.points()) == 3


async def test_as_many_documents_come_as_were_asked_for(world: World) -> None:
    handbook = source()
    many = tuple(f"Leave note {n}." for n in range(150))
    await world.add(" ".join(many), passages=many, of=handbook, external_id="long.md")
    for n in range(12):
        await world.add(f"Days off and leave, part {n}.", of=handbook, external_id=f"{n}.md")
    assert len(await world.find("leave", limit=13)) == 13
    assert len(await world.find("leave", limit=10, offset=10)) == 3
    assert [query.limit for query in world.vectors.queries[:2]] == list(POOLS[:2])


async def test_a_deep_page_starts_with_a_larger_pool(world: World) -> None:
    await world.add("Leave is 25 days.")
    assert await world.find("leave", limit=100, offset=900) == []
    assert [query.limit for query in world.vectors.queries] == [POOLS[-1]]


async def test_filters_narrow_the_search(world: World) -> None:
    old = await world.add("Leave was 24 days.", updated_at=NOON - timedelta(days=30))
    await world.add("Leave is 25 days.")
    assert await world.find("leave", filters=SearchFilters(source_ids=[old.source_id])) == ["Leave was 24 days."]
    assert await world.find("leave", filters=SearchFilters(source_ids=[uuid4()])) == []
    after = SearchFilters(updated_after=NOON - timedelta(days=1))
    assert await world.find("leave", filters=after) == ["Leave is 25 days."]


async def test_keywords_alone_need_no_embedding(world: World) -> None:
    await world.add("Leave is 25 days.")
    world.embeddings = AwayProvider(AssertionError("not asked"))
    assert await world.find("leave", mode="keyword") == ["Leave is 25 days."]


async def test_meaning_alone_looks_at_no_words(world: World) -> None:
    await world.add("Leave is 25 days.")
    assert await world.find("leave is 25 days.", mode="dense") == ["Leave is 25 days."]
    assert world.vectors.queries[-1].text is None


@pytest.mark.parametrize("mode", ["hybrid", "dense"])
@pytest.mark.parametrize("error", [UpstreamUnavailableError("away"), OverloadedError("busy")])
async def test_without_embeddings_the_words_still_find_what_they_can(world: World, mode: str, error: Exception) -> None:
    await world.add("Leave is 25 days.")
    world.embeddings = AwayProvider(error)
    response = await world.search.search(SearchRequest(query="leave", mode=mode), ANYONE)
    assert [hit.text for hit in response.hits] == ["Leave is 25 days."]
    assert response.features is not None
    assert response.features["degraded"] == 1.0


async def test_without_the_vector_store_there_is_no_answer(world: World) -> None:
    world.vectors.error = UpstreamUnavailableError("away")
    with pytest.raises(UpstreamUnavailableError):
        await world.find("leave")


async def test_the_features_tell_how_sure_the_list_is(world: World) -> None:
    await world.add("annual leave")
    await world.add("annual budget", external_id="b.md")
    response = await world.search.search(SearchRequest(query="annual leave"), ANYONE)
    features = response.features or {}
    assert 1.0 >= features["dense_top"] > features["dense_second"] > 0
    assert (features["keyword_top"], features["count"]) == (1.0, 2.0)


async def test_the_query_is_embedded_as_one_and_first(world: World) -> None:
    await world.add("Leave is 25 days.")
    await world.find("leave")
    provider = world.embeddings
    assert isinstance(provider, FakeEmbeddingProvider)
    assert provider.calls == [(["leave"], Purpose.QUERY, Priority.INTERACTIVE)]


async def test_the_dense_half_weighs_less_in_languages_that_the_model_hardly_knows(world: World) -> None:
    await world.add("Leave is 25 days.")
    await world.find("how many days of leave are there")
    await world.find("wie viele Tage Urlaub gibt es in der Firma")
    english, german = (query.dense_weight for query in world.vectors.queries)
    assert english is not None
    assert german is not None
    assert german < english
    assert [query.language for query in world.vectors.queries] == ["english", "german"]
