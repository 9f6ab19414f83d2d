"""The registry that indexing talks to: the service over HTTP, and the fake that indexing is tested with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx2
import pytest
from asgi_lifespan import LifespanManager

from documentation_service.composition import Container
from documentation_service.main import SPEC
from documentation_service.services.aliases import Aliases
from documentation_service.services.calibrating import SourceCalibration
from documentation_service.services.chores import VectorChores
from documentation_service.services.discovery import AliasDiscovery
from documentation_service.services.library import Library
from documentation_service.services.registry import DocumentRegistry
from documentation_service.services.stored import StoredDocuments
from flash_core.clients.documentation import DocumentRegistryClient
from flash_core.clients.http import Sibling
from flash_core.errors import ConflictError, FencedError, NotFoundError
from flash_core.interfaces.documents import DocumentRegistryInterface
from flash_core.schemas.documentation import PutDocumentRequest, PutSourceRequest
from flash_core.testing.fakes import FakeAuthenticator, FakeEmbeddingProvider, FakeIdempotencyStore, FrozenClock
from flash_core.testing.vector_store import FakeVectorStore
from flash_core.utils.ids import new_id
from flash_core.web.app import create_app
from tests.unit.documentation_service.fakes import FakeDatabase
from tests.unit.documentation_service.world import NOON, index_of, search_of
from tests.unit.indexing_service.fakes import FakeDocumentRegistry

HANDBOOK = PutSourceRequest(name="Handbook", provider="folder", groups=["hr"])


@pytest.fixture(params=["fake", "service"])
async def registry(request: pytest.FixtureRequest) -> AsyncIterator[DocumentRegistryInterface]:
    if request.param == "fake":
        yield FakeDocumentRegistry()
        return
    transaction, vectors = FakeDatabase().transaction, FakeVectorStore()
    chores = VectorChores(transaction, vectors)
    tokens = FakeAuthenticator()

    @asynccontextmanager
    async def compose() -> AsyncIterator[Container]:
        yield Container(
            authenticator=tokens,
            idempotency=FakeIdempotencyStore(),
            search=search_of(transaction, FakeEmbeddingProvider(), vectors),
            library=Library(transaction, chores),
            registry=DocumentRegistry(transaction, chores),
            aliases=Aliases(transaction, FrozenClock(NOON)),
            discovery=AliasDiscovery(transaction),
            chores=chores,
            calibration=SourceCalibration(
                transaction, index_of(vectors, FakeEmbeddingProvider()), vectors, FrozenClock(NOON)
            ),
            stored=StoredDocuments(transaction),
        )

    async with (
        LifespanManager(create_app(replace(SPEC, compose=compose))) as manager,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=manager.app)) as client,
    ):
        yield DocumentRegistryClient(Sibling(client, tokens, "http://documentation"))


def version(source_id: object, external_id: str, content_hash: str = "1.1") -> PutDocumentRequest:
    return PutDocumentRequest(
        source_id=source_id,
        external_id=external_id,
        title="Page",
        path=[],
        url=None,
        text="Text",
        groups=[],
        content_hash=content_hash,
        updated_at=NOON,
    )


async def test_places_are_kept_and_versions_follow_each_other(registry: DocumentRegistryInterface) -> None:
    of = new_id()
    await registry.put_source(of, HANDBOOK)
    places = await registry.resolve(of, ["b", "a"])
    assert [place.external_id for place in places] == ["b", "a"]
    assert await registry.documents_of(of) == []
    for content_hash in ("1.1", "2.1"):
        await registry.put_document(places[0].document_id, version(of, "b", content_hash))
        [place] = await registry.resolve(of, ["b"])
        assert (place.document_id, place.content_hash) == (places[0].document_id, content_hash)


async def test_searchable_documents_come_by_external_id(registry: DocumentRegistryInterface) -> None:
    of = new_id()
    await registry.put_source(of, HANDBOOK)
    for place in await registry.resolve(of, ["c", "a", "b"]):
        await registry.put_document(place.document_id, version(of, place.external_id))
    first = await registry.documents_of(of, limit=2)
    rest = await registry.documents_of(of, after=first[-1].external_id, limit=2)
    assert [one.external_id for one in (*first, *rest)] == ["a", "b", "c"]


async def test_a_deleted_document_gets_a_new_place(registry: DocumentRegistryInterface) -> None:
    of = new_id()
    await registry.put_source(of, HANDBOOK)
    [place] = await registry.resolve(of, ["a"])
    await registry.put_document(place.document_id, version(of, "a"))
    await registry.delete_documents([place.document_id, new_id()])
    with pytest.raises(ConflictError):
        await registry.put_document(place.document_id, version(of, "a"))
    [again] = await registry.resolve(of, ["a"])
    assert again.document_id != place.document_id
    assert again.content_hash is None


async def test_a_deleted_source_is_gone_for_good(registry: DocumentRegistryInterface) -> None:
    assert await registry.delete_source(new_id()) == 0
    of = new_id()
    await registry.put_source(of, HANDBOOK)
    [place, _] = await registry.resolve(of, ["a", "b"])
    await registry.put_document(place.document_id, version(of, "a"))
    assert await registry.delete_source(of) == 1
    with pytest.raises(ConflictError):
        await registry.put_source(of, HANDBOOK)
    with pytest.raises(ConflictError):
        await registry.put_document(place.document_id, version(of, "a"))
    for unknown in (of, new_id()):
        with pytest.raises(NotFoundError):
            await registry.resolve(unknown, ["a"])


async def test_a_renamed_document_keeps_its_identity(registry: DocumentRegistryInterface) -> None:
    of = new_id()
    await registry.put_source(of, HANDBOOK)
    for place in await registry.resolve(of, ["a", "taken"]):
        await registry.put_document(place.document_id, version(of, place.external_id))
    [before, _, _] = await registry.resolve(of, ["a", "taken", "b"])
    for _ in range(2):
        await registry.rename(of, {"a": "b", "b": "taken", "never there": "c"})
    assert [one.external_id for one in await registry.documents_of(of)] == ["b", "taken"]
    [after] = await registry.resolve(of, ["b"])
    assert after.document_id == before.document_id
    await registry.put_document(after.document_id, version(of, "b"))


async def test_a_worker_that_lost_its_source_changes_nothing(registry: DocumentRegistryInterface) -> None:
    of = new_id()
    await registry.put_source(of, HANDBOOK.model_copy(update={"fence": 7}))
    [place] = await registry.resolve(of, ["a"])
    await registry.put_document(place.document_id, version(of, "a").model_copy(update={"fence": 7}))
    await registry.put_source(of, HANDBOOK.model_copy(update={"fence": 9}))
    for late in (
        registry.put_source(of, HANDBOOK.model_copy(update={"fence": 7})),
        registry.put_document(place.document_id, version(of, "a", "0.1").model_copy(update={"fence": 8})),
        registry.delete_documents([place.document_id], fence=8),
        registry.rename(of, {"a": "b"}, fence=8),
        registry.regroup(of, {"a": frozenset({"hr"})}, fence=8),
    ):
        with pytest.raises(FencedError):
            await late
    assert await registry.documents_of(of) == [place.model_copy(update={"content_hash": "1.1"})]
    await registry.put_source(of, HANDBOOK)  # an administrator's change is no worker's
    await registry.put_document(place.document_id, version(of, "a", "2.1").model_copy(update={"fence": 9}))
    await registry.delete_documents([place.document_id], fence=9)
    assert await registry.documents_of(of) == []


async def test_groups_of_documents_change_by_themselves(registry: DocumentRegistryInterface) -> None:
    of = new_id()
    await registry.put_source(of, HANDBOOK)
    [place, _] = await registry.resolve(of, ["a", "b"])
    named = version(of, "a").model_copy(update={"source_version": "page 3"})
    await registry.put_document(place.document_id, named)
    for _ in range(2):
        await registry.regroup(of, {"a": frozenset({"hr", "it"}), "b": frozenset({"hr"}), "c": frozenset()})
    [after] = await registry.documents_of(of)
    assert (after.content_hash, after.source_version) == ("1.1", "page 3")
    await registry.regroup(new_id(), {"a": frozenset()})


async def test_a_source_may_be_checked_whether_it_is_there_or_not(registry: DocumentRegistryInterface) -> None:
    of = new_id()
    await registry.put_source(of, HANDBOOK)
    for one in (of, new_id()):
        await registry.checked(one, NOON)
