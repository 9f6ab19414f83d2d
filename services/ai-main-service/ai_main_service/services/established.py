"""What the conversation has established, as far as it still stands for the one who asks."""

from uuid import UUID

import structlog

from flash_core.errors import FlashError
from flash_core.interfaces.documents import VisibleDocumentsInterface
from flash_core.models.user import Principal
from flash_core.schemas.chat import Fact

log = structlog.get_logger(__name__)
_MOST_DOCUMENTS = 1_000


class EstablishedFacts:
    """A fact is the word of its documents. It stands while each of them is there, in the version that said it, and may
    be read by the asker; else it may reach no prompt and no search.
    """

    def __init__(self, documents: VisibleDocumentsInterface) -> None:
        self._documents = documents

    async def standing(self, facts: list[Fact], asker: Principal) -> list[Fact]:
        """In their order. None of them when that can't be found out now."""
        ids = list(dict.fromkeys(document_id for fact in facts for document_id in fact.document_ids))
        if not ids:
            return []
        try:
            versions = await self._documents.versions(ids[-_MOST_DOCUMENTS:], asker)
        except FlashError as error:
            log.warning("facts.skipped", code=error.code)
            return []
        return [fact for fact in facts if _stands(fact, versions)]


def _stands(fact: Fact, versions: dict[UUID, str]) -> bool:
    if not fact.document_ids or len(fact.versions) != len(fact.document_ids):
        return False
    said_by = zip(fact.document_ids, fact.versions, strict=True)
    return all(version and versions.get(document_id) == version for document_id, version in said_by)
