"""A sibling asks which documents a person may read now, and in which version."""

from tests.unit.documentation_service.served import UNKNOWN, Service
from tests.unit.documentation_service.world import published, source


async def test_what_is_there_and_may_be_read_is_named_with_its_version(service: Service) -> None:
    of = source()
    everyones = await published(service.database.transaction, of, "Leave is 25 days.", external_id="leave.md")
    theirs = await published(service.database.transaction, of, "Salaries.", "board", external_id="salaries.md")
    body = {"document_ids": [str(everyones.id), str(theirs.id), str(UNKNOWN)]}
    found = (await service.internal("POST", "/internal/documents/visible", body, who="member")).json()
    assert found == {"documents": [{"document_id": str(everyones.id), "version": everyones.content_hash}]}


async def test_it_is_asked_on_behalf_of_somebody(service: Service) -> None:
    body: dict[str, list[str]] = {"document_ids": []}
    assert (await service.internal("POST", "/internal/documents/visible", body)).status_code == 401
    assert (await service.call("POST", "/internal/documents/visible", json=body)).status_code == 401
