"""What a search finds, for whom, and what it says when something is away."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from uuid import uuid4

import pytest

from documentation_service.config import SearchSettings
from documentation_service.interfaces import Alternatives, Expansion
from documentation_service.services.multilingual import is_multilingual
from documentation_service.services.registry import DocumentRegistry
from documentation_service.services.retrieval import POOLS
from documentation_service.services.search import DocumentSearch
from flash_core.errors import OverloadedError, UpstreamUnavailableError
from flash_core.interfaces.embedding import Priority, Purpose, Vectors
from flash_core.interfaces.reranker import RerankerInterface
from flash_core.models.document import Document
from flash_core.models.user import Principal
from flash_core.models.vector import CHUNKS, VectorHit, VectorQuery
from flash_core.schemas.search import SearchFilters, SearchHit, SearchRequest
from flash_core.testing.cross_encoders import FakeReranker
from flash_core.testing.fakes import FakeEmbeddingProvider
from flash_core.testing.vector_store import FakeVectorStore
from tests.unit.documentation_service.fakes import FakeChoreRunner, FakeDatabase, FakeQueryExpander
from tests.unit.documentation_service.world import NOON, embedded, person, published, search_of, source

ANYONE = person()


class CountingVectorStore(FakeVectorStore):
    """`rarity`: how much the words count, which is more in a collection where they are rarer."""

    def __init__(self) -> None:
        super().__init__()
        self.queries: list[VectorQuery] = []
        self.rarity = 1.0

    async def search(self, name: str, query: VectorQuery) -> list[VectorHit]:
        self.queries.append(query)
        return [self._weighed(hit, query) for hit in await super().search(name, query)]

    def _weighed(self, hit: VectorHit, query: VectorQuery) -> VectorHit:
        scores = {half: score * (self.rarity if half == "keyword" else 1) for half, score in hit.scores.items()}
        return replace(hit, score=hit.score * (self.rarity if query.mode == "keyword" else 1), scores=scores)


@dataclass
class World:
    database: FakeDatabase = field(default_factory=FakeDatabase)
    embeddings: FakeEmbeddingProvider = field(default_factory=FakeEmbeddingProvider)
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


class LateEmbeddings(FakeEmbeddingProvider):
    """Has no vector for a text with this word before the test ends."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self._word = word

    async def embed(
        self, texts: Sequence[str], *, purpose: Purpose = Purpose.PASSAGE, priority: Priority = Priority.INTERACTIVE
    ) -> Vectors:
        if any(self._word in text for text in texts):
            await asyncio.Event().wait()
        return await super().embed(texts, purpose=purpose, priority=priority)


class PooledVectorStore(CountingVectorStore):
    """Its hybrid scores depend on how many candidates are compared, as those of the real one do."""

    async def search(self, name: str, query: VectorQuery) -> list[VectorHit]:
        found = await super().search(name, replace(query, limit=query.limit * 3 // 2))
        worst = min((hit.scores.get("dense", 0.0) for hit in found), default=0.0)
        scaled = [replace(hit, score=_compared(hit, worst)) for hit in found]
        return sorted(scaled, key=lambda hit: (-hit.score, hit.id))[: query.limit]


def _compared(hit: VectorHit, worst: float) -> float:
    if "dense" not in hit.scores or "keyword" not in hit.scores:
        return hit.score / 2
    return 0.5 * (hit.scores["dense"] - worst) / (1 - worst) + 0.5 * hit.scores["keyword"]


@pytest.fixture
def world() -> World:
    return World()


async def test_a_search_in_an_empty_index_finds_nothing(world: World) -> None:
    response = await world.search.search(SearchRequest(query="leave"), ANYONE)
    assert response.hits == []
    assert response.features is not None
    assert set(response.features.values()) == {0.0}
    assert response.answerable is not None
    assert response.answerable < 0.05


async def test_a_hit_carries_its_passage_and_where_it_stands(world: World) -> None:
    live = await world.add("Intro.\n\nAnnual leave is 25 days.", passages=("Annual leave is 25 days.",), title="Leave")
    response = await world.search.search(SearchRequest(query="annual leave", explain=True), ANYONE)
    [hit] = response.hits
    assert live.text[hit.start : hit.end] == hit.text == "Annual leave is 25 days."
    assert (hit.document_id, hit.title, hit.path, hit.provider) == (live.id, "Leave", ["guides"], "folder")
    assert hit.version == live.content_hash
    assert set(response.timings_ms) == {"expand", "embed", "vector", "join", "total"}


async def test_a_hit_says_what_its_source_calls_the_version_and_when_it_was_checked(world: World) -> None:
    of = source()
    live = replace(await published(world.database.transaction, of, "Quokkas hop."), source_version="page 3")
    await embedded(world.vectors, world.embeddings, live, of)
    async with world.database.transaction() as work:
        assert await work.documents.publish(live)
        await work.sources.checked(of.id, NOON)
        await work.commit()
    hit = (await world.search.search(SearchRequest(query="quokkas"), ANYONE)).hits[0]
    assert (hit.source_version, hit.version, hit.checked_at) == ("page 3", live.content_hash, NOON)


async def test_a_document_that_is_being_described_anew_is_found_all_the_while(world: World) -> None:
    of = source()
    live = replace(await published(world.database.transaction, of, "Quokkas hop."), content_hash="content.old")
    await embedded(world.vectors, world.embeddings, live, of)
    async with world.database.transaction() as work:
        assert await work.documents.publish(live)
        await work.commit()
    for in_the_store, found in (("content.new", True), ("another.old", False)):
        await world.vectors.set_payload("chunks", {"content_hash": in_the_store}, document_ids=[live.id])
        assert bool(await world.find("quokkas")) == found


async def test_scores_are_shown_only_to_those_who_ask(world: World) -> None:
    await world.add("Annual leave is 25 days.")
    [hit] = (await world.search.search(SearchRequest(query="leave"), ANYONE)).hits
    assert hit.scores is None


async def test_one_hit_a_document_unless_chunks_are_asked_for(world: World) -> None:
    await world.add("Leave one. Leave two.", passages=("Leave one.", "Leave two."))
    assert len(await world.find("leave")) == 1
    assert len(await world.find("leave", per_chunk=True)) == 2


async def test_a_hit_brings_the_next_best_passages_of_its_document(world: World) -> None:
    passages = tuple(f"Leave{' day' * n}." for n in range(6))
    document = await world.add(" ".join(passages), passages=passages)
    await world.add("Sick leave.")
    hits = (await world.search.search(SearchRequest(query="leave"), ANYONE)).hits
    [hit] = [hit for hit in hits if hit.document_id == document.id]
    assert len(hit.passages) == 3
    assert len({hit.chunk_id, *(one.chunk_id for one in hit.passages)}) == 4
    assert [one.score for one in hit.passages] == sorted((one.score for one in hit.passages), reverse=True)
    assert all(one.text in passages for one in hit.passages)
    assert all(one.end - one.start == len(one.text) for one in hit.passages)
    [alone] = [hit for hit in hits if hit.document_id != document.id]
    assert alone.passages == []
    assert len(world.vectors.queries) == 1


async def test_a_hit_a_chunk_brings_no_other_passages(world: World) -> None:
    await world.add("Leave one. Leave two.", passages=("Leave one.", "Leave two."))
    hits = (await world.search.search(SearchRequest(query="leave", per_chunk=True), ANYONE)).hits
    assert [hit.passages for hit in hits] == [[], []]


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


@pytest.mark.parametrize("mode", ["hybrid", "dense", "keyword"])
@pytest.mark.parametrize("per_chunk", [False, True])
async def test_pages_of_any_size_are_parts_of_one_list(mode: str, *, per_chunk: bool) -> None:
    world, handbook, random = World(vectors=PooledVectorStore()), source(), Random(7)
    words = ["leave", "days", "policy", "travel", "hotel", "manager", "request", "parental", "sick", "notice", "team"]
    for n in range(20 if per_chunk else 70):
        passages = tuple(
            f"Note {n} {part}: {' '.join(random.choices(words, k=6))}." for part in range(5 if per_chunk else n % 3 + 1)
        )
        await world.add(" ".join(passages), passages=passages, of=handbook, external_id=f"{n}.md", title=words[n % 11])

    async def page(offset: int, limit: int) -> list[SearchHit]:
        asked = {"query": "parental leave request", "mode": mode, "per_chunk": per_chunk}
        found = await world.search.search(SearchRequest(offset=offset, limit=limit, **asked), ANYONE)
        return found.hits

    whole = [hit for offset in (0, 100) for hit in await page(offset, 100)]
    assert len({hit.chunk_id if per_chunk else hit.document_id for hit in whole}) == len(whole) > 60
    scores = [round(hit.score, 5) for hit in whole]
    assert scores == sorted(scores, reverse=True)
    for size in (9, 33, 200):
        pages = [await page(offset, size) for offset in range(0, len(whole), size)]
        assert [hit.chunk_id for hits in pages for hit in hits] == [hit.chunk_id for hit in whole]


async def test_filters_narrow_the_search(world: World) -> None:
    old = await world.add("Leave was 24 days.", updated_at=NOON - timedelta(days=30))
    await world.add("Leave is 25 days.")
    assert await world.find("leave", filters=SearchFilters(source_ids=[old.source_id])) == ["Leave was 24 days."]
    assert await world.find("leave", filters=SearchFilters(source_ids=[uuid4()])) == []
    after = SearchFilters(updated_after=NOON - timedelta(days=1))
    assert await world.find("leave", filters=after) == ["Leave is 25 days."]


async def test_keywords_alone_need_no_embedding(world: World) -> None:
    await world.add("Leave is 25 days.")
    world.embeddings = FakeEmbeddingProvider(error=AssertionError("not asked"))
    assert await world.find("leave", mode="keyword") == ["Leave is 25 days."]


async def test_meaning_alone_looks_at_no_words(world: World) -> None:
    await world.add("Leave is 25 days.")
    assert await world.find("leave is 25 days.", mode="dense") == ["Leave is 25 days."]
    assert world.vectors.queries[-1].text is None


@pytest.mark.parametrize("mode", ["hybrid", "dense"])
@pytest.mark.parametrize("error", [UpstreamUnavailableError("away"), OverloadedError("busy")])
async def test_without_embeddings_the_words_still_find_what_they_can(world: World, mode: str, error: Exception) -> None:
    await world.add("Leave is 25 days.")
    world.embeddings = FakeEmbeddingProvider(error=error)
    response = await world.search.search(SearchRequest(query="leave", mode=mode), ANYONE)
    assert [hit.text for hit in response.hits] == ["Leave is 25 days."]
    assert response.features is not None
    assert response.features["degraded"] == 1.0


@pytest.mark.parametrize("late", ["leave", "vacation"])
async def test_an_embedding_that_is_late_keeps_nobody_waiting(world: World, late: str) -> None:
    await world.add("Leave is 25 days.")
    world.embeddings = LateEmbeddings(late)
    world.settings = SearchSettings(embed_seconds=0.05)
    said = Alternatives("leave", ("vacation",), 0, 5)
    world.expander = FakeQueryExpander({"leave": Expansion("leave vacation", ("vacation",), (said,))})
    async with asyncio.timeout(5):
        response = await world.search.search(SearchRequest(query="leave"), ANYONE)
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
    assert features["count"] == 2.0


@pytest.mark.parametrize("mode", ["hybrid", "keyword"])
@pytest.mark.parametrize("per_chunk", [True, False])
async def test_no_score_tells_how_common_a_word_is_in_what_is_hidden(
    world: World, mode: str, *, per_chunk: bool
) -> None:
    await world.add("annual leave")
    await world.add("annual budget", external_id="b.md")
    request = SearchRequest.model_validate(
        {"query": "annual leave", "mode": mode, "explain": True, "per_chunk": per_chunk, "rerank": False}
    )
    common = await world.search.search(request, ANYONE)
    world.vectors.rarity = 7.0
    again = await world.search.search(request, ANYONE)
    for hit, before in zip(again.hits, common.hits, strict=True):
        assert hit.chunk_id == before.chunk_id
        assert hit.score == pytest.approx(before.score)
        assert hit.scores == pytest.approx(before.scores or {})
    assert again.features == common.features


async def test_the_query_is_embedded_as_one_and_first(world: World) -> None:
    await world.add("Leave is 25 days.")
    await world.find("leave")
    assert world.embeddings.calls == [(["leave"], Purpose.QUERY, Priority.INTERACTIVE)]


async def test_the_dense_half_weighs_less_in_languages_that_the_model_hardly_knows(world: World) -> None:
    await world.add("Leave is 25 days.")
    await world.find("how many days of leave are there")
    await world.find("wie viele Tage Urlaub gibt es in der Firma")
    english, german = (query.dense_weight for query in world.vectors.queries)
    assert english is not None
    assert german is not None
    assert german < english
    assert [query.language for query in world.vectors.queries] == ["english", "german"]


@pytest.mark.parametrize(
    ("model", "knows"),
    [
        ("all-MiniLM-L6-v2", False),
        ("multi-qa-mpnet-base-dot-v1", False),
        ("paraphrase-multilingual-MiniLM-L12-v2", True),
        ("intfloat/multilingual-e5-small", True),
        ("BAAI/bge-m3", True),
        ("text-embedding-3-small", True),
    ],
)
def test_models_that_read_many_languages_are_known_by_name(model: str, knows: bool) -> None:
    assert is_multilingual(model) is knows


async def test_a_multilingual_model_keeps_its_weight(world: World) -> None:
    world.embeddings = FakeEmbeddingProvider(name="multilingual-e5-small")
    await world.vectors.ensure(CHUNKS, dimension=world.embeddings.dimension, model=world.embeddings.name)
    await world.add("Leave is 25 days.")
    await world.find("wie viele Tage Urlaub gibt es in der Firma")
    assert world.vectors.queries[-1].dense_weight == SearchSettings().dense_weight


# What is searched for


SRE = Expansion(
    "SRE duties site reliability uptime",
    ("site reliability duties", "uptime duties"),
    (Alternatives("SRE", ("site reliability", "uptime"), 0, 3),),
)


async def test_other_words_for_the_same_find_it_too_and_are_told(world: World) -> None:
    await world.add("The duties in site reliability.")
    await world.add("Uptime is everything.", external_id="b.md")
    world.expander.known["SRE duties"] = SRE
    response = await world.search.search(SearchRequest(query="SRE duties", mode="keyword", explain=True), ANYONE)
    assert [hit.text for hit in response.hits] == ["The duties in site reliability.", "Uptime is everything."]
    assert response.expanded_query == SRE.keywords
    assert response.explanation is not None
    assert response.explanation.expansion == {"SRE": ["site reliability", "uptime"]}


async def test_the_query_s_variants_are_embedded_behind_it(world: World) -> None:
    await world.add("The duties in site reliability.")
    world.expander.known["SRE duties"] = SRE
    await world.find("SRE duties")
    assert [texts for texts, _, _ in world.embeddings.calls] == [["SRE duties"], list(SRE.variants)]
    [query] = world.vectors.queries
    assert len(query.variants) == 2
    assert [one.synonyms for one in query.alternatives] == [("site reliability", "uptime")]


async def test_without_the_vectors_of_its_variants_the_query_still_finds(world: World) -> None:
    class OnlyOnce(FakeEmbeddingProvider):
        async def embed(
            self, texts: Sequence[str], *, purpose: Purpose = Purpose.PASSAGE, priority: Priority = Priority.INTERACTIVE
        ) -> Vectors:
            vectors = await super().embed(texts, purpose=purpose, priority=priority)
            self.error = OverloadedError("busy")
            return vectors

    await world.add("The duties in site reliability.")
    world.expander.known["SRE duties"] = SRE
    world.embeddings = OnlyOnce()
    response = await world.search.search(SearchRequest(query="SRE duties", explain=True), ANYONE)
    assert len(response.hits) == 1
    assert response.explanation is not None
    assert response.explanation.degraded
    assert world.vectors.queries[-1].mode == "hybrid"


async def test_without_aliases_nothing_is_expanded(world: World) -> None:
    await world.add("Leave is 25 days.")
    response = await world.search.search(SearchRequest(query="leave", explain=True), ANYONE)
    assert response.expanded_query is None
    assert response.explanation is not None
    assert response.explanation.expansion == {}


async def test_a_source_is_meant_by_its_name(world: World) -> None:
    hr, it = source(name="HR Wiki"), source(name="IT")
    await world.add("Leave is 25 days.", of=hr)
    await world.add("Leave the laptop here.", of=it)
    named = SearchFilters(source_names=["the hr space"])
    assert await world.find("leave", filters=named) == ["Leave is 25 days."]
    both = SearchFilters(source_names=["HR"], source_ids=[hr.id, it.id])
    assert await world.find("leave", filters=both) == ["Leave is 25 days."]


async def test_a_name_that_is_no_source_is_searched_for(world: World) -> None:
    await world.add("Leave is 25 days.")
    await world.add("Leave in the lunar office.", external_id="b.md")
    assert len(await world.find("leave", filters=SearchFilters(source_names=["lunar"]))) == 2
    assert world.vectors.queries[-1].text == "leave lunar"
    assert world.vectors.queries[-1].filter.source_ids is None


async def test_the_name_of_a_hidden_source_means_nothing(world: World) -> None:
    await world.add("Leave is 25 days.")
    await world.add("Board matters and leave.", of=source("board", name="Board"))
    named = SearchFilters(source_names=["Board"])
    assert await world.find("leave", filters=named) == ["Leave is 25 days."]
    assert await world.find("leave", person("board"), filters=named) == ["Board matters and leave."]


async def test_a_name_outside_the_given_sources_narrows_nothing(world: World) -> None:
    hr = source(name="HR Wiki")
    await world.add("Leave is 25 days.", of=hr)
    await world.add("Leave the laptop here.", of=source(name="IT"))
    filters = SearchFilters(source_ids=[hr.id], source_names=["IT"])
    assert await world.find("leave", filters=filters) == ["Leave is 25 days."]


# In which order, and why


async def test_of_equal_documents_the_newer_is_first(world: World) -> None:
    handbook = source()
    await world.add("Leave is 25 days.", of=handbook, external_id="old.md", updated_at=NOON - timedelta(days=9))
    new = await world.add("Leave is 25 days.", of=handbook, external_id="new.md")
    for options in ({}, {"mode": "dense"}, {"mode": "keyword"}, {"per_chunk": True}):
        response = await world.search.search(SearchRequest(query="leave", explain=True, **options), ANYONE)
        assert response.hits[0].document_id == new.id
        assert [hit.scores and hit.scores["recency_tie_break"] for hit in response.hits] == [1.0, 1.0]


@pytest.mark.parametrize("per_chunk", [True, False])
async def test_every_part_of_a_score_is_told(world: World, per_chunk: bool) -> None:
    await world.add("annual leave")
    await world.add("annual budget", external_id="b.md")
    request = SearchRequest(query="annual leave", explain=True, per_chunk=per_chunk)
    response = await world.search.search(request, ANYONE)
    for hit in response.hits:
        assert hit.scores is not None
        assert set(hit.scores) >= {
            "dense", "dense_normalised", "keyword_normalised", "fused", "recency_tie_break",
        }  # fmt: skip
        assert hit.scores["fused"] == hit.score


@pytest.mark.parametrize("reranker", [FakeReranker(model=None), FakeReranker()])
@pytest.mark.parametrize("per_chunk", [False, True])
async def test_a_score_can_be_computed_from_what_is_explained(
    world: World, reranker: FakeReranker, *, per_chunk: bool
) -> None:
    world.reranker = reranker
    await world.add("annual leave is requested", title="Annual leave")
    await world.add("annual budget", external_id="b.md")
    found = await world.search.search(
        SearchRequest(query="annual leave guides", explain=True, per_chunk=per_chunk), ANYONE
    )
    why = found.explanation
    assert why is not None
    for hit in found.hits:
        scores = hit.scores or {}
        halves = why.dense_weight * scores["dense_normalised"] + (1 - why.dense_weight) * scores["keyword_normalised"]
        names = why.title_weight * scores["title"] + why.path_weight * scores["path"]
        fused = names + (1 - why.title_weight - why.path_weight) * halves
        assert scores["path"] > 0
        assert scores["fused"] == pytest.approx(fused)
        share = fused / why.best_fused if why.reranked else fused
        score = why.rerank_weight * scores.get("rerank", 0.0) + (1 - why.rerank_weight) * share
        assert hit.score == pytest.approx(score)


@pytest.mark.parametrize("per_chunk", [False, True])
async def test_who_asks_only_what_is_new_gets_the_newest_documents_and_an_answer(world: World, per_chunk: bool) -> None:
    handbook, days = (
        source(),
        {"Budget of the team.": 3, "Travel by train.": 1, "Old news.": 90, "What has changed.": 2},
    )
    for text, age in days.items():
        await world.add(text, of=handbook, external_id=text, updated_at=NOON - timedelta(days=age))
    since = SearchFilters(updated_after=NOON - timedelta(days=30))
    asked = SearchRequest(query="What has changed?", filters=since, per_chunk=per_chunk)
    response = await world.search.search(asked, ANYONE)
    assert [hit.text for hit in response.hits] == ["Travel by train.", "What has changed.", "Budget of the team."]
    assert [hit.score for hit in response.hits] == sorted((hit.score for hit in response.hits), reverse=True)
    assert (response.answerable or 0) > 0.9


async def test_what_changed_of_a_kind_is_answered_and_what_changed_about_a_subject_must_be_found(world: World) -> None:
    await world.add("Travel by train.", updated_at=NOON)
    for query, since, sure in (
        ("Which policies?", NOON - timedelta(days=1), True),
        ("Which policies?", NOON + timedelta(days=1), False),
        ("What changed about parental leave?", NOON - timedelta(days=1), False),
    ):
        asked = SearchRequest(query=query, filters=SearchFilters(updated_after=since))
        assert (((await world.search.search(asked, ANYONE)).answerable or 0) > 0.9) is sure


async def test_the_filters_are_explained_by_name(world: World) -> None:
    hr = source(name="HR Wiki")
    await world.add("Leave is 25 days.", of=hr)
    filters = SearchFilters(source_ids=[hr.id], updated_after=NOON - timedelta(days=1))
    request = SearchRequest(query="leave", explain=True, filters=filters)
    explanation = (await world.search.search(request, ANYONE)).explanation
    assert explanation is not None
    assert explanation.filters == {"sources": ["HR Wiki"], "updated_after": [(NOON - timedelta(days=1)).isoformat()]}


@pytest.mark.parametrize(("mode", "weight"), [("hybrid", 0.45), ("dense", 1.0), ("keyword", 0.0)])
async def test_the_weight_of_the_meaning_is_explained(world: World, mode: str, weight: float) -> None:
    request = SearchRequest(query="the leave of absence", mode=mode, explain=True)
    explanation = (await world.search.search(request, ANYONE)).explanation
    assert explanation is not None
    assert (explanation.language, explanation.dense_weight, explanation.degraded) == ("en", weight, False)


async def test_a_degraded_search_says_so(world: World) -> None:
    world.embeddings = FakeEmbeddingProvider(error=UpstreamUnavailableError("away"))
    explanation = (await world.search.search(SearchRequest(query="leave", explain=True), ANYONE)).explanation
    assert explanation is not None
    assert (explanation.degraded, explanation.dense_weight) == (True, 0.0)


async def test_a_reranker_orders_anew_where_there_is_one(world: World) -> None:
    await world.add("leave leave leave", title="Leave")
    await world.add("how to ask for leave of absence", external_id="b.md", title="Absence")
    world.reranker, world.settings = FakeReranker(), SearchSettings(rerank_weight=1.0)
    request = SearchRequest(query="how to ask for leave of absence", mode="keyword", explain=True)
    response = await world.search.search(request, ANYONE)
    assert response.hits[0].text == "how to ask for leave of absence"
    assert response.hits[0].scores is not None
    assert response.hits[0].scores["rerank"] == response.hits[0].score == 1.0
    assert response.explanation is not None
    assert response.explanation.reranked
    assert "rerank" in response.timings_ms


async def test_asking_for_a_reranker_that_is_not_there_works_without(world: World) -> None:
    await world.add("Leave is 25 days.")
    response = await world.search.search(SearchRequest(query="leave", rerank=True, explain=True), ANYONE)
    assert [hit.text for hit in response.hits] == ["Leave is 25 days."]
    assert response.explanation is not None
    assert not response.explanation.reranked
    assert response.features is not None
    assert response.features["rerank_missed"] == 0.0


async def test_neighbours_are_one_hit_when_that_is_wanted(world: World) -> None:
    parts = ("Annual leave is 25 days.", "Sick leave needs a note.")
    live = await world.add("\n\n".join(parts), passages=parts)
    assert len(await world.find("leave", per_chunk=True)) == 2
    assert await world.find("leave", per_chunk=True, join_neighbours=True) == [live.text]


async def test_words_are_sought_in_the_languages_of_what_is_searched(world: World) -> None:
    registry = DocumentRegistry(world.database.transaction, FakeChoreRunner())
    german = await world.add("Die Rechnungen werden am Monatsende eingereicht, und zwar beim Team.")
    await registry.put_document(german)
    english = await world.add("Invoices are handed in at the end of the month.")
    await registry.put_document(english)
    found = await world.search.search(SearchRequest(query="Rechnung", mode="keyword", explain=True), ANYONE)
    assert [hit.document_id for hit in found.hits] == [german.id]
    assert found.explanation is not None
    assert found.explanation.language == "en"


async def test_a_query_that_does_not_say_is_in_the_language_of_the_only_documents(world: World) -> None:
    registry = DocumentRegistry(world.database.transaction, FakeChoreRunner())
    await registry.put_document(await world.add("Die Rechnungen werden am Monatsende eingereicht, und zwar beim Team."))
    found = await world.search.search(SearchRequest(query="Reisekosten", explain=True), ANYONE)
    assert found.explanation is not None
    assert found.explanation.language == "de"
