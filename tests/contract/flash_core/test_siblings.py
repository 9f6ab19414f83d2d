"""What the typed clients of the services promise: the same as the fakes that stand in for them in other tests."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from flash_core.clients.documentation import DocumentRegistryClient, SearchClient, VisibleDocumentsClient
from flash_core.clients.intent import IntentClient
from flash_core.errors import ConflictError, NotFoundError, UpstreamUnavailableError
from flash_core.interfaces.documents import DocumentRegistryInterface, VisibleDocumentsInterface
from flash_core.interfaces.intent import IntentInterface
from flash_core.interfaces.search import SearchInterface
from flash_core.models.user import Principal, UserRole
from flash_core.schemas.ai import IntentRequest
from flash_core.schemas.documentation import PutDocumentRequest, PutSourceRequest
from flash_core.schemas.search import SearchHit, SearchRequest
from flash_core.testing.ai_fakes import FakeIntent, FakeSearch, FakeVisibleDocuments
from tests.contract.flash_core.siblings import intent_over_http, registry_over_http, search_over_http, visible_over_http
from tests.unit.indexing_service.fakes import FakeDocumentRegistry

KINDS = ["fake", "client"]
ALICE = Principal(uuid4(), frozenset({UserRole.USER}), frozenset({"staff"}))

# Search


@pytest.mark.parametrize("kind", KINDS)
async def test_a_search_is_made_on_behalf_of_its_user(kind: str) -> None:
    hit = SearchHit(
        document_id=uuid4(),
        external_id="a.md",
        chunk_id=uuid4(),
        source_id=uuid4(),
        provider="folder",
        title="A",
        path=["A"],
        heading="",
        url=None,
        text="Text.",
        start=0,
        end=5,
        score=0.5,
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    fake = FakeSearch(hits=[hit])
    async with search_over_http(fake) as documentation:
        search: SearchInterface = fake if kind == "fake" else SearchClient(documentation)
        found = await search.search(SearchRequest(query="text"), ALICE)
    assert found.hits == [hit]
    [(request, principal)] = fake.asked
    assert (request.query, principal) == ("text", ALICE)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_search_that_cannot_be_made_is_unavailable(kind: str) -> None:
    fake = FakeSearch(errors=[UpstreamUnavailableError("away")] * 3)
    async with search_over_http(fake) as documentation:
        search: SearchInterface = fake if kind == "fake" else SearchClient(documentation)
        with pytest.raises(UpstreamUnavailableError):
            await search.search(SearchRequest(query="text"), ALICE)


# Intent


@pytest.mark.parametrize("kind", KINDS)
async def test_a_question_is_understood_or_it_is_said_that_it_cannot_be_now(kind: str) -> None:
    fake = FakeIntent()
    async with intent_over_http(fake) as ai_intent:
        intent: IntentInterface = fake if kind == "fake" else IntentClient(ai_intent, seconds=1)
        answer = await intent.analyse(IntentRequest(question="How many days?"))
        assert answer.standalone_question == "How many days?"
        fake.error = UpstreamUnavailableError("away")
        with pytest.raises(UpstreamUnavailableError):
            await intent.analyse(IntentRequest(question="How many days?"))
    assert len(fake.requests) == 2


# What may be read


@pytest.mark.parametrize("kind", KINDS)
async def test_what_a_user_may_read_is_said_with_its_version_or_that_it_cannot_be_said(kind: str) -> None:
    known, gone = uuid4(), uuid4()
    fake = FakeVisibleDocuments({known: "v1", uuid4(): "v2"})
    async with visible_over_http(fake) as documentation:
        visible: VisibleDocumentsInterface = (
            fake if kind == "fake" else VisibleDocumentsClient(documentation, seconds=1)
        )
        assert await visible.versions([known, gone], ALICE) == {known: "v1"}
        assert fake.asked == [ALICE]
        fake.error = UpstreamUnavailableError("away")
        with pytest.raises(UpstreamUnavailableError):
            await visible.versions([known], ALICE)


# Documents

SOURCE = uuid4()
HANDBOOK = PutSourceRequest(name="Handbook", provider="folder", groups=[])


def document(external_id: str, content_hash: str = "h1") -> PutDocumentRequest:
    return PutDocumentRequest(
        source_id=SOURCE,
        external_id=external_id,
        title=external_id,
        path=[],
        url=None,
        text="Text.",
        groups=["staff"],
        content_hash=content_hash,
        updated_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=1),
    )


@pytest.fixture(params=KINDS)
async def registry(request: pytest.FixtureRequest) -> AsyncIterator[DocumentRegistryInterface]:
    fake = FakeDocumentRegistry()
    if request.param == "fake":
        yield fake
        return
    async with registry_over_http(fake) as documentation:
        yield DocumentRegistryClient(documentation)


async def resolved(registry: DocumentRegistryInterface, external_id: str) -> UUID:
    [found] = await registry.resolve(SOURCE, [external_id])
    return found.document_id


async def test_documents_get_their_ids_once_and_are_listed_when_they_can_be_found(
    registry: DocumentRegistryInterface,
) -> None:
    await registry.put_source(SOURCE, HANDBOOK)
    first, second = await registry.resolve(SOURCE, ["b.md", "a.md"])
    assert (first.external_id, second.external_id, first.content_hash) == ("b.md", "a.md", None)
    assert await resolved(registry, "b.md") == first.document_id
    for one in (first, second):
        await registry.put_document(one.document_id, document(one.external_id))
    listed = await registry.documents_of(SOURCE)
    assert [(one.external_id, one.content_hash) for one in listed] == [("a.md", "h1"), ("b.md", "h1")]
    assert [one.external_id for one in await registry.documents_of(SOURCE, after="a.md", limit=1)] == ["b.md"]


async def test_a_document_deleted_after_it_was_resolved_stays_deleted(registry: DocumentRegistryInterface) -> None:
    await registry.put_source(SOURCE, HANDBOOK)
    document_id = await resolved(registry, "a.md")
    await registry.delete_documents([document_id])
    with pytest.raises(ConflictError):
        await registry.put_document(document_id, document("a.md"))
    assert await registry.documents_of(SOURCE) == []


async def test_a_renamed_document_keeps_its_id(registry: DocumentRegistryInterface) -> None:
    await registry.put_source(SOURCE, HANDBOOK)
    document_id = await resolved(registry, "a.md")
    await registry.rename(SOURCE, {"a.md": "b.md"} | {f"{at}": f"{at}.md" for at in range(1_000)})
    assert await resolved(registry, "b.md") == document_id
    await registry.checked(SOURCE, datetime(2026, 1, 1, tzinfo=UTC))


async def test_a_source_takes_its_documents_along(registry: DocumentRegistryInterface) -> None:
    await registry.put_source(SOURCE, HANDBOOK)
    document_id = await resolved(registry, "a.md")
    await registry.put_document(document_id, document("a.md"))
    assert await registry.delete_source(SOURCE) == 1
    assert await registry.delete_source(SOURCE) == 0
    with pytest.raises(NotFoundError):
        await registry.resolve(SOURCE, ["a.md"])
