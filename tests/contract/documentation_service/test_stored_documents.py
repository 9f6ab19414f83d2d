"""The documents that an index is built anew from: the service over HTTP, and the fake that indexing is tested with."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx2
import pytest

from documentation_service.interfaces import Source
from documentation_service.services.stored import StoredDocuments
from flash_core.clients.documentation import StoredDocumentsClient
from flash_core.clients.http import Sibling
from flash_core.interfaces.documents import StoredDocumentsInterface
from flash_core.schemas.documentation import PutDocumentRequest, StoredDocument
from flash_core.testing.fakes import FakeAuthenticator
from flash_core.utils.ids import new_id
from tests.unit.documentation_service.fakes import FakeDatabase
from tests.unit.documentation_service.served import Service, served
from tests.unit.documentation_service.world import NOON, published, source
from tests.unit.indexing_service.fakes import FakeDocumentRegistry
from tests.unit.indexing_service.rebuild_world import FakeStoredDocuments


class Kept:
    """Documents, and what stands before them."""

    def __init__(self, stored: StoredDocumentsInterface, database: FakeDatabase) -> None:
        self.stored = stored
        self._database = database

    async def publish(self, handbook: Source, text: str, name: str) -> tuple[UUID, str]:
        """The document's id and its content hash."""
        live = await published(self._database.transaction, handbook, text, external_id=name)
        return live.id, live.content_hash

    def version(self, of: Source) -> int:
        return self._database.state.versions[of.id]


class KeptInMemory(Kept):
    def __init__(self) -> None:
        self._registry = FakeDocumentRegistry()
        self._fake = FakeStoredDocuments(self._registry)
        super().__init__(self._fake, FakeDatabase())

    async def publish(self, handbook: Source, text: str, name: str) -> tuple[UUID, str]:
        document = PutDocumentRequest(
            source_id=handbook.id,
            external_id=name,
            title=name,
            path=[],
            url=None,
            text=text,
            groups=[],
            content_hash=f"hash of {text}",
            updated_at=NOON,
        )
        self._registry.live[document_id := new_id()] = document
        return document_id, document.content_hash

    def version(self, of: Source) -> int:
        return self._fake.changes


@pytest.fixture(params=["fake", "use-case", "client"])
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    if request.param == "fake":
        yield KeptInMemory()
    elif request.param == "use-case":
        database = FakeDatabase()
        yield Kept(StoredDocuments(database.transaction), database)
    else:
        async with served() as service:
            yield Kept(_client(service), service.database)


def _client(service: Service) -> StoredDocumentsInterface:
    client: httpx2.AsyncClient = service.client
    return StoredDocumentsClient(Sibling(client, FakeAuthenticator(), "http://documentation"))


async def test_all_documents_come_page_by_page_and_then_no_more(kept: Kept) -> None:
    handbook = source("hr")
    texts = {(await kept.publish(handbook, f"Text {at}.", f"{at}.md"))[0]: f"Text {at}." for at in range(60)}
    found: list[StoredDocument] = []
    while page := await kept.stored.page(found[-1].document_id if found else None):
        found += page
    assert [one.document_id for one in found] == sorted(texts)
    assert all(one.text == texts[one.document_id] for one in found)


async def test_what_is_gone_has_no_content_hash(kept: Kept) -> None:
    handbook = source()
    document_id, content_hash = await kept.publish(handbook, "Text", "a.md")
    current = await kept.stored.current([document_id, handbook.id])
    assert {one: version.content_hash for one, version in current.items()} == {document_id: content_hash}


async def test_sources_are_at_another_version_when_the_index_has_changed(kept: Kept) -> None:
    handbook = source()
    await kept.publish(handbook, "Text", "a.md")
    before = kept.version(handbook)
    await kept.stored.index_changed()
    assert kept.version(handbook) == before + 1
