"""All searchable documents with their texts, for an index that is built anew."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import structlog

from documentation_service.interfaces import TransactionFactory
from flash_core.interfaces.documents import StoredDocumentsInterface
from flash_core.schemas.documentation import CurrentVersion, StoredDocument

log = structlog.get_logger(__name__)
_DOCUMENTS_A_PAGE: Final = 50
_CHARACTERS_A_PAGE: Final = 200_000


class StoredDocuments(StoredDocumentsInterface):
    def __init__(self, transaction: TransactionFactory) -> None:
        self._transaction = transaction

    async def page(self, after: UUID | None) -> list[StoredDocument]:
        async with self._transaction() as work:
            return await work.documents.stored(after, _DOCUMENTS_A_PAGE, characters=_CHARACTERS_A_PAGE)

    async def current(self, document_ids: Sequence[UUID]) -> dict[UUID, CurrentVersion]:
        async with self._transaction() as work:
            return await work.documents.current(document_ids)

    async def index_changed(self) -> None:
        async with self._transaction() as work:
            await work.sources.touch()
            await work.commit()
        log.info("index.changed")
