"""The way of documents into the index, with every service on it faked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from flash_core.errors import FencedError, InvalidInputError, UpstreamUnavailableError
from flash_core.interfaces.embedding import Priority, Purpose, Vectors
from flash_core.models.document import EVERYONE
from flash_core.schemas.documentation import PutDocumentRequest, PutSourceRequest
from flash_core.schemas.indexing import SourceType
from flash_core.testing.fakes import FakeEmbeddingProvider
from flash_core.testing.vector_store import FakeVectorStore
from indexing_service.interfaces import ItemState, Outcome, Source, SourceDocument
from tests.unit.indexing_service.fake_rebuilds import pipeline_of
from tests.unit.indexing_service.fakes import FakeDocumentRegistry
from tests.unit.indexing_service.world import NOON, page, source

HANDBOOK = source("staff")
INDEXED, UNCHANGED = Outcome(ItemState.INDEXED), Outcome(ItemState.UNCHANGED)


@dataclass
class Embeddings(FakeEmbeddingProvider):
    """Refuses texts that hold `poison`, for ever, and all texts as often as `away` says."""

    poison: str = "\x00never"
    away: int = 0

    async def embed(
        self,
        texts: Sequence[str],
        *,
        purpose: Purpose = Purpose.PASSAGE,
        priority: Priority = Priority.INTERACTIVE,
    ) -> Vectors:
        if self.away > 0:
            self.away -= 1
            raise UpstreamUnavailableError("The model is away.")
        if any(self.poison in text for text in texts):
            raise InvalidInputError("The model chokes on this.")
        return await super().embed(texts, purpose=purpose, priority=priority)


@dataclass
class Index:
    registry: FakeDocumentRegistry = field(default_factory=FakeDocumentRegistry)
    embeddings: Embeddings = field(default_factory=Embeddings)
    vectors: FakeVectorStore = field(default_factory=FakeVectorStore)

    async def add(
        self, *documents: SourceDocument, of: Source = HANDBOOK, full: bool = False, fence: int = 1
    ) -> dict[str, Outcome]:
        known = PutSourceRequest(name=of.name, provider=of.type.value, groups=sorted(of.groups), fence=fence)
        await self.registry.put_source(of.id, known)
        pipeline = pipeline_of(self.registry, self.embeddings, self.vectors, retry_seconds=(0, 0))
        return {name: outcome async for name, outcome in pipeline.index(of, documents, full=full, fence=fence)}

    def check_consistent(self) -> None:
        """What the vector store holds is exactly the live versions."""
        live = {(str(key), one.content_hash) for key, one in self.registry.live.items()}
        assert {(one.payload["document_id"], one.payload["content_hash"]) for one in self.vectors.points()} == live


@pytest.fixture
def index() -> Index:
    return Index()


async def test_a_document_becomes_searchable_with_its_passages(index: Index) -> None:
    text = "# Leave\n\nAnnual leave is 25 days.\n"
    changed = page("hr/leave.md", text, path=("hr",), groups=frozenset({"hr"}), url="https://x.y")
    assert await index.add(changed) == {"hr/leave.md": INDEXED}
    [(document_id, live)] = index.registry.live.items()
    assert (live.title, live.text, live.path, live.groups, live.url) == ("Leave", text, ["hr"], ["hr"], "https://x.y")
    [point] = index.vectors.points()
    payload = point.payload
    assert payload["document_id"] == str(document_id)
    assert (payload["source_groups"], payload["document_groups"]) == (["staff"], ["hr"])
    assert text[int(str(payload["start"])) : int(str(payload["end"]))] == payload["text"]
    assert payload["updated_at"] == NOON.timestamp()
    assert (payload["provider"], payload["external_id"], payload["heading"]) == ("folder", "hr/leave.md", "Leave")
    assert np.allclose(point.vector, await index.embeddings.embed(["Leave\nLeave\nAnnual leave is 25 days."]))
    assert point.keywords.split("\n")[:4] == ["Hr", "Leave", "Leave", "Leave"]
    assert index.embeddings.calls[0][1:] == (Purpose.PASSAGE, Priority.BULK)
    index.check_consistent()


async def test_no_groups_are_everyone(index: Index) -> None:
    await index.add(page("a.md"), of=source())
    [point] = index.vectors.points()
    assert (point.payload["source_groups"], point.payload["document_groups"]) == ([EVERYONE], [EVERYONE])


async def test_several_documents_are_embedded_together(index: Index) -> None:
    await index.add(*(page(f"{n}.md", f"Text {n}.") for n in range(20)))
    assert len(index.embeddings.calls) == 1
    index.check_consistent()


async def test_a_long_document_is_embedded_in_parts(index: Index) -> None:
    text = "\n\n".join(f"## Part {n}\n\n" + "A sentence of some words. " * 30 for n in range(250))
    await index.add(page("long.md", text))
    assert len(index.embeddings.calls) > 2
    assert all(len(texts) <= 96 for texts, _, _ in index.embeddings.calls)
    index.check_consistent()


async def test_what_is_unchanged_is_not_embedded_again(index: Index) -> None:
    await index.add(page("a.md"))
    calls = len(index.embeddings.calls)
    later = page("a.md", modified_at=NOON + timedelta(days=1))
    assert await index.add(later) == {"a.md": UNCHANGED}
    assert len(index.embeddings.calls) == calls
    assert await index.add(later, full=True) == {"a.md": INDEXED}
    assert len(index.embeddings.calls) == calls + 1
    index.check_consistent()


async def test_a_new_version_replaces_the_one_before(index: Index) -> None:
    await index.add(page("a.md", "# One\n\nThe old text.\n\n## More\n\n" + "Old words. " * 100))
    assert await index.add(page("a.md", "# Two\n\nThe new text.")) == {"a.md": INDEXED}
    assert index.registry.titles() == ["Two"]
    assert [point.payload["title"] for point in index.vectors.points()] == ["Two"]
    index.check_consistent()


@pytest.mark.parametrize("later", [{}, {"groups": frozenset({"hr"})}], ids=["unchanged", "described anew"])
async def test_what_a_dying_worker_left_of_other_versions_goes(index: Index, later: dict[str, Any]) -> None:
    await index.add(page("a.md", "The old text."), page("b.md"))
    left = index.vectors.points()
    await index.add(page("a.md", "The new text."))
    await index.vectors.upsert("chunks", left)
    await index.add(page("a.md", "The new text.", **later), page("b.md", **later))
    assert "The old text." not in {point.payload["text"] for point in index.vectors.points()}
    index.check_consistent()


@pytest.mark.parametrize(
    "change",
    [{"groups": frozenset({"hr"})}, {"url": "https://new"}, {"updated_at": NOON + timedelta(days=1)}],
    ids=["groups", "url", "date"],
)
async def test_what_only_describes_a_document_costs_no_embedding(index: Index, change: dict[str, Any]) -> None:
    await index.add(page("a.md"))
    calls = len(index.embeddings.calls)
    assert await index.add(page("a.md", **change)) == {"a.md": INDEXED}
    assert len(index.embeddings.calls) == calls
    [live] = index.registry.live.values()
    [point] = index.vectors.points()
    assert point.payload["document_groups"] == (live.groups or [EVERYONE])
    assert point.payload["url"] == live.url
    assert point.payload["updated_at"] == live.updated_at.timestamp()
    index.check_consistent()


async def test_documents_without_text_are_withdrawn_with_a_reason(index: Index) -> None:
    outcomes = await index.add(page("empty.md", " \n"), page("binary.md", b"\x00\x01"), page("good.md"))
    assert outcomes["good.md"] == INDEXED
    assert outcomes["empty.md"] == Outcome(ItemState.WITHDRAWN, "It is empty.")
    assert outcomes["binary.md"] == Outcome(ItemState.WITHDRAWN, "It is not a text file.")


async def test_what_was_handed_in_and_can_not_be_read_has_failed_and_what_is_empty_has_not(index: Index) -> None:
    uploads = source(kind=SourceType.UPLOAD)
    outcomes = await index.add(page("empty.md", " \n"), page("binary.md", b"\x00\x01"), of=uploads)
    assert outcomes["empty.md"] == Outcome(ItemState.WITHDRAWN, "It is empty.")
    assert outcomes["binary.md"] == Outcome(ItemState.FAILED, "It is not a text file.")


async def test_a_document_that_breaks_its_parser_fails_alone(index: Index) -> None:
    bomb = page("bomb.pdf", b"!", format="pdf")
    outcomes = await index.add(bomb, page("good.md"))
    assert outcomes["good.md"] == INDEXED
    assert outcomes["bomb.pdf"].state is ItemState.FAILED
    assert "crashed" in outcomes["bomb.pdf"].reason


async def test_a_poison_document_fails_alone_with_its_reason(index: Index) -> None:
    index.embeddings.poison = "nightshade"
    outcomes = await index.add(page("a.md"), page("poison.md", "nightshade"), page("b.md"))
    assert outcomes == {
        "a.md": INDEXED, "b.md": INDEXED, "poison.md": Outcome(ItemState.FAILED, "The model chokes on this."),
    }  # fmt: skip
    index.check_consistent()


async def test_a_service_that_took_all_the_time_there_is_is_not_asked_again(index: Index) -> None:
    await index.add(page("other.md"))
    pipeline = pipeline_of(index.registry, index.embeddings, index.vectors, retry_seconds=(0, 0), patience_seconds=0)
    index.embeddings.away = 1
    with pytest.raises(UpstreamUnavailableError):
        await anext(aiter(pipeline.index(HANDBOOK, [page("a.md")], full=False, fence=1)))


async def test_a_service_that_is_away_for_a_moment_is_waited_for(index: Index) -> None:
    index.embeddings.away = 2
    assert await index.add(page("a.md")) == {"a.md": INDEXED}


@pytest.mark.parametrize("which", ["embeddings", "vectors", "registry"])
async def test_a_service_that_stays_away_is_nobodys_fault(index: Index, which: str) -> None:
    await index.add(page("other.md"))
    error = UpstreamUnavailableError("away")
    if which == "embeddings":
        index.embeddings.away = 1_000
    else:
        getattr(index, which).error = error
    pipeline = pipeline_of(index.registry, index.embeddings, index.vectors, retry_seconds=(0,))
    with pytest.raises(UpstreamUnavailableError):
        await anext(aiter(pipeline.index(HANDBOOK, [page("a.md")], full=False, fence=1)))


async def test_what_was_published_before_a_service_went_away_is_said(index: Index) -> None:
    class Leaving(FakeDocumentRegistry):
        async def put_document(self, document_id: UUID, document: PutDocumentRequest) -> None:
            if document.external_id == "b.md":
                raise UpstreamUnavailableError("away")
            await super().put_document(document_id, document)

    index.registry = registry = Leaving()
    await registry.put_source(HANDBOOK.id, PutSourceRequest(name="Handbook", provider="folder", groups=[]))
    pipeline = pipeline_of(registry, index.embeddings, index.vectors, retry_seconds=())
    done: list[str] = []
    with pytest.raises(UpstreamUnavailableError):  # noqa: PT012  # what came before the error is the point
        async for name, _ in pipeline.index(HANDBOOK, [page("a.md"), page("b.md"), page("c.md")], full=False, fence=1):
            done.append(name)
    assert done == ["a.md"]


async def test_a_registry_that_goes_away_at_the_last_step_is_nobodys_fault(index: Index) -> None:
    class Leaving(FakeDocumentRegistry):
        async def put_document(self, document_id: object, document: object) -> None:
            raise UpstreamUnavailableError("away")

    index.registry = Leaving()
    with pytest.raises(UpstreamUnavailableError):
        await index.add(page("a.md"), page("b.md"))


async def test_a_document_that_is_deleted_meanwhile_leaves_nothing_behind(index: Index) -> None:
    class Deleting(FakeDocumentRegistry):
        async def resolve(self, source_id: object, external_ids: object) -> list[object]:  # type: ignore[override]  # as there
            places = await super().resolve(source_id, external_ids)  # type: ignore[arg-type]  # as there
            await self.delete_documents([place.document_id for place in places])
            return places  # type: ignore[return-value]  # as there

    index.registry = Deleting()
    outcomes = await index.add(page("a.md"))
    assert outcomes["a.md"].state is ItemState.SKIPPED
    assert index.vectors.points() == []


async def test_a_refusal_at_the_last_step_is_the_documents_own(index: Index) -> None:
    class Refusing(FakeDocumentRegistry):
        async def put_document(self, document_id: object, document: object) -> None:
            raise InvalidInputError("Too odd.")

    index.registry = Refusing()
    assert await index.add(page("a.md")) == {"a.md": Outcome(ItemState.FAILED, "Too odd.")}


async def test_a_worker_that_was_overtaken_before_it_publishes_stops_and_harms_nothing(index: Index) -> None:
    class Overtaken(FakeDocumentRegistry):
        async def put_document(self, document_id: UUID, document: PutDocumentRequest) -> None:
            if document.fence == 1:
                await index.add(page("a.md", "The second version."), fence=2)
            await super().put_document(document_id, document)

    index.registry = Overtaken()
    with pytest.raises(FencedError):
        await index.add(page("a.md", "The first version."), fence=1)
    [live] = index.registry.live.values()
    assert live.text == "The second version."
    texts = [point.payload["text"] for point in index.vectors.points()]
    assert "The second version." in texts


@pytest.mark.parametrize("later", ["The second version.", "The first version."], ids=["edited", "the same"])
async def test_a_worker_that_is_overtaken_while_it_cleans_up_removes_nothing_of_the_later_one(
    index: Index, later: str
) -> None:
    class Slow(FakeVectorStore):
        async def delete(self, name: str, **which: Any) -> None:
            if which["fence"] == 2:
                await index.add(page("a.md", later, url="https://x.y"), fence=3)
            await super().delete(name, **which)

    await index.add(page("a.md", "The version before."), fence=1)
    slow = Slow()
    slow.collections, slow.aliases = index.vectors.collections, index.vectors.aliases
    index.vectors = slow
    await index.add(page("a.md", "The first version."), fence=2)
    index.check_consistent()
    assert [point.payload["text"] for point in index.vectors.points()] == [later]


async def test_what_an_earlier_version_left_behind_is_not_described_as_the_new_one(index: Index) -> None:
    class Stopped(FakeVectorStore):
        stops = False

        async def delete(self, name: str, **which: Any) -> None:
            if self.stops:
                raise UpstreamUnavailableError("away")
            await super().delete(name, **which)

    index.vectors = vectors = Stopped()
    await index.add(page("a.md", "The first version."))
    vectors.stops = True
    with pytest.raises(UpstreamUnavailableError):
        await index.add(page("a.md", "The second version."))
    vectors.stops = False
    await index.add(page("a.md", "The second version.", url="https://x.y"))
    index.check_consistent()
    assert [point.payload["text"] for point in vectors.points()] == ["The second version."]


async def test_what_is_described_anew_is_embedded_again_if_its_passages_are_lost(index: Index) -> None:
    await index.add(page("a.md", "The text."))
    await index.vectors.delete("chunks", source_id=HANDBOOK.id)
    assert await index.add(page("a.md", "The text.", url="https://x.y")) == {"a.md": INDEXED}
    index.check_consistent()
    assert len(index.vectors.points()) == 1


async def test_the_sources_own_name_of_a_version_is_kept_up_to_date(index: Index) -> None:
    assert await index.add(page("a.md", version="page 3")) == {"a.md": INDEXED}
    embedded = len(index.embeddings.calls)
    assert await index.add(page("a.md", version="page 4")) == {"a.md": UNCHANGED}
    [live] = index.registry.live.values()
    assert (live.source_version, len(index.embeddings.calls)) == ("page 4", embedded)


async def test_documents_wait_while_the_collections_model_is_not_served(index: Index) -> None:
    await index.add(page("a.md"))
    index.embeddings.name = "another"
    with pytest.raises(UpstreamUnavailableError, match="it is being rebuilt for another"):
        await index.add(page("b.md"))
