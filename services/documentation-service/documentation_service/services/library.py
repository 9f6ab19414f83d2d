"""Reading documents, for people: everyone sees what their groups may see."""

from collections.abc import Sequence
from uuid import UUID

from documentation_service.interfaces import (
    Chore,
    ChoreKind,
    ChoreRunnerInterface,
    DocumentQuery,
    LiveDocument,
    TransactionFactory,
)
from flash_core.errors import ForbiddenError, NotFoundError
from flash_core.models.user import Principal


class Library:
    """Administrators read what their groups read, nothing more: to manage documents is not to know them. They may
    delete any document by its id, though, as someone must be able to.
    """

    def __init__(self, transaction: TransactionFactory, chores: ChoreRunnerInterface) -> None:
        self._transaction = transaction
        self._chores = chores

    async def page(self, query: DocumentQuery) -> list[LiveDocument]:
        async with self._transaction() as work:
            return await work.documents.page(query)

    async def visible(self, document_ids: Sequence[UUID], reader: Principal) -> list[LiveDocument]:
        """Those of them that are there and that the reader may read."""
        async with self._transaction() as work:
            return await work.documents.visible(document_ids, reader.groups)

    async def read(self, document_id: UUID, reader: Principal) -> tuple[LiveDocument, str]:
        async with self._transaction() as work:
            found = await work.documents.read(document_id, reader.groups)
        if found is None:
            raise _not_there(document_id)
        return found

    async def delete(self, document_id: UUID, editor: Principal) -> None:
        """Gone from search, reading and citations when this returns; also a version that is still being indexed."""
        if not editor.is_editor:
            raise ForbiddenError("Only editors and administrators may delete documents.")
        chore = Chore(ChoreKind.DOCUMENT_DELETED, document_id)
        async with self._transaction() as work:
            if not editor.is_admin and not await work.documents.visible([document_id], editor.groups):
                raise _not_there(document_id)
            if not await work.documents.delete([document_id]):
                raise _not_there(document_id)
            await work.chores.add([chore])
            await work.commit()
        await self._chores.attempt([chore])


def _not_there(document_id: UUID) -> NotFoundError:
    return NotFoundError(f"There is no document {document_id}.")
