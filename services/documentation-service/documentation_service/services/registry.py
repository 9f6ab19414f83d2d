"""Sources and documents as indexing hands them over. Every write may be repeated."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from documentation_service.interfaces import Chore, ChoreKind, ChoreRunnerInterface, Source, TransactionFactory
from flash_core.errors import ConflictError
from flash_core.models.document import Document
from flash_core.schemas.documentation import ResolvedDocument
from flash_core.utils.words import document_language

log = structlog.get_logger(__name__)


class DocumentRegistry:
    """The identity of documents, and which version of each can be found.

    What is deleted or closed is so for every search and every reading as soon as the rows say it; the vectors follow.
    """

    def __init__(self, transaction: TransactionFactory, chores: ChoreRunnerInterface) -> None:
        self._transaction = transaction
        self._chores = chores

    async def put_source(self, source: Source, *, fence: int | None = None) -> None:
        chore = Chore(ChoreKind.SOURCE_GROUPS, source.id)
        async with self._transaction() as work:
            before = await work.sources.put(source, fence=fence)
            changed = before is not None and before.groups != source.groups
            if changed:
                await work.chores.add([chore])
            await work.commit()
        if changed:
            log.info("source.groups_changed", source_id=str(source.id))
            await self._chores.attempt([chore])

    async def delete_source(self, source_id: UUID) -> int:
        """How many searchable documents went with it."""
        chore = Chore(ChoreKind.SOURCE_DELETED, source_id)
        async with self._transaction() as work:
            if not await work.sources.delete(source_id):
                return 0
            documents = await work.documents.delete_of(source_id)
            await work.chores.add([chore])
            await work.commit()
        log.info("source.deleted", source_id=str(source_id), documents=documents)
        await self._chores.attempt([chore])
        return documents

    async def resolve(self, source_id: UUID, external_ids: Sequence[str]) -> list[ResolvedDocument]:
        async with self._transaction() as work:
            resolved = await work.documents.resolve(source_id, external_ids)
            await work.commit()
        return resolved

    async def put_document(self, document: Document, *, fence: int | None = None) -> None:
        async with self._transaction() as work:
            if not await work.documents.publish(document, fence=fence):
                raise ConflictError("This document was deleted.")
            await work.sources.add_language(document.source_id, document_language(document.title, document.text))
            await work.commit()
        log.info("document.published", document_id=str(document.id), source_id=str(document.source_id))

    async def documents_of(self, source_id: UUID, *, after: str, limit: int) -> list[ResolvedDocument]:
        async with self._transaction() as work:
            return await work.documents.searchable_of(source_id, after=after, limit=limit)

    async def regroup(self, source_id: UUID, groups: Mapping[str, frozenset[str]], *, fence: int | None = None) -> None:
        async with self._transaction() as work:
            changed = await work.documents.regroup(source_id, groups, fence=fence)
            chores = [Chore(ChoreKind.DOCUMENT_GROUPS, one) for one in changed]
            await work.chores.add(chores)
            await work.commit()
        if chores:
            log.info("documents.regrouped", source_id=str(source_id), documents=len(chores))
            await self._chores.attempt(chores)

    async def rename(self, source_id: UUID, renamed: Mapping[str, str], *, fence: int | None = None) -> None:
        async with self._transaction() as work:
            documents = await work.documents.rename(source_id, renamed, fence=fence)
            await work.commit()
        if documents:
            log.info("documents.renamed", source_id=str(source_id), documents=documents)

    async def checked(self, source_id: UUID, at: datetime) -> None:
        async with self._transaction() as work:
            await work.sources.checked(source_id, at)
            await work.commit()

    async def delete_documents(self, document_ids: Sequence[UUID], *, fence: int | None = None) -> None:
        async with self._transaction() as work:
            deleted = await work.documents.delete(document_ids, fence=fence)
            chores = [Chore(ChoreKind.DOCUMENT_DELETED, one) for one in deleted]
            await work.chores.add(chores)
            await work.commit()
        if chores:
            log.info("documents.deleted", documents=len(chores))
            await self._chores.attempt(chores)
