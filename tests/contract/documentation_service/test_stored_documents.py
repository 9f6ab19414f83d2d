"""The documents that an index is built anew from: the service over HTTP, and the fake that indexing is tested with."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from documentation_service.services.stored import StoredDocuments
from flash_core.clients.documentation import StoredDocumentsClient
from flash_core.clients.http import Sibling
from flash_core.interfaces.documents import StoredDocumentsInterface
from flash_core.testing.fakes import FakeAuthenticator
from tests.unit.documentation_service.fakes import FakeDatabase
from tests.unit.documentation_service.served import Service, served
from tests.unit.documentation_service.world import published, source


class Kept:
    """Documents, and what stands before them."""

    def __init__(self, database: FakeDatabase, stored: StoredDocumentsInterface) -> None:
        self.database = database
        self.stored = stored


@pytest.fixture(params=["use-case", "client"])
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    if request.param == "use-case":
        database = FakeDatabase()
        yield Kept(database, StoredDocuments(database.transaction))
        return
    async with served() as service:
        yield Kept(service.database, _client(service))


def _client(service: Service) -> StoredDocumentsInterface:
    client: httpx2.AsyncClient = service.client
    return StoredDocumentsClient(Sibling(client, FakeAuthenticator(), "http://documentation"))


async def test_all_documents_come_page_by_page_and_then_no_more(kept: Kept) -> None:
    handbook = source("hr")
    lives = [
        await published(kept.database.transaction, handbook, f"Text {number}.", external_id=f"{number}.md")
        for number in range(60)
    ]
    first = await kept.stored.page(None)
    rest = await kept.stored.page(first[-1].document_id)
    assert [one.document_id for one in (*first, *rest)] == sorted(one.id for one in lives)
    assert await kept.stored.page(rest[-1].document_id) == []
    by_id = {one.id: one for one in lives}
    assert all(one.text == by_id[one.document_id].text for one in (*first, *rest))


async def test_what_is_gone_has_no_content_hash(kept: Kept) -> None:
    handbook = source()
    live = await published(kept.database.transaction, handbook, "Text")
    assert await kept.stored.content_hashes([live.id, handbook.id]) == {live.id: live.content_hash}


async def test_sources_are_at_another_version_when_the_index_has_changed(kept: Kept) -> None:
    handbook = source()
    await published(kept.database.transaction, handbook, "Text")
    before = kept.database.state.versions[handbook.id]
    await kept.stored.index_changed()
    assert kept.database.state.versions[handbook.id] == before + 1
