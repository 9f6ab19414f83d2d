"""Telling the vector store what changed, until it has heard."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from uuid import UUID

import structlog

from documentation_service.interfaces import (
    Chore,
    ChoreKind,
    ChoreRunnerInterface,
    DocumentationTransactionInterface,
    TransactionFactory,
)
from flash_core.errors import FlashError, NotFoundError
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.interfaces.worker import WorkerInterface
from flash_core.models.document import EVERYONE
from flash_core.models.vector import CHUNKS

log = structlog.get_logger(__name__)
_BATCH = 500
_PATIENCE_SECONDS = 5.0
"""How long someone waits for the vector store after the rows have changed; nothing that they see depends on it."""


class VectorChores(ChoreRunnerInterface, WorkerInterface):
    """Does chores at once for those who wait, and again later what the vector store was away for.

    Searches and readings do not depend on it: they look at the rows, which changed before.
    """

    name = "vector-chores"

    def __init__(
        self, transaction: TransactionFactory, vectors: VectorStoreInterface, *, poll_seconds: float = 5.0
    ) -> None:
        self._transaction = transaction
        self._vectors = vectors
        self._poll_seconds = poll_seconds

    async def attempt(self, chores: Sequence[Chore]) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._do(chores)
        except (FlashError, TimeoutError) as error:
            log.warning("vector_chores.postponed", chores=len(chores), error=type(error).__name__)

    async def run(self) -> None:
        while True:
            try:
                done = await self.run_once()
            except FlashError as error:
                log.warning("vector_chores.stalled", error=error.code)
                done = 0
            if not done:
                await asyncio.sleep(self._poll_seconds)

    async def run_once(self) -> int:
        """Do what is due; how many chores that were."""
        async with self._transaction() as work:
            due = await work.chores.due(_BATCH)
        if due:
            await self._do(due)
        return len(due)

    async def _do(self, chores: Sequence[Chore]) -> None:
        async with self._transaction() as work:
            taken = await work.chores.take(chores)
            deleted = [one.target_id for one in taken if one.kind is ChoreKind.DOCUMENT_DELETED]
            if deleted:
                await self._tell(self._vectors.delete(CHUNKS, document_ids=deleted))
            regrouped = [one.target_id for one in taken if one.kind is ChoreKind.DOCUMENT_GROUPS]
            if regrouped:
                await self._regroup(await work.documents.groups_of(regrouped))
            for chore in taken:
                await self._do_for_source(work, chore)
            await work.commit()

    async def _regroup(self, groups: Mapping[UUID, frozenset[str]]) -> None:
        """As they are now; one call for all documents of the same groups."""
        of_groups: defaultdict[frozenset[str], list[UUID]] = defaultdict(list)
        for document_id, those in groups.items():
            of_groups[those].append(document_id)
        for those, documents in of_groups.items():
            payload = {"document_groups": sorted(those) or [EVERYONE]}
            await self._tell(self._vectors.set_payload(CHUNKS, payload, document_ids=documents))

    async def _do_for_source(self, work: DocumentationTransactionInterface, chore: Chore) -> None:
        if chore.kind is ChoreKind.SOURCE_DELETED:
            await self._tell(self._vectors.delete(CHUNKS, source_id=chore.target_id))
        elif chore.kind is ChoreKind.SOURCE_GROUPS and (source := await work.sources.get(chore.target_id)):
            groups = {"source_groups": sorted(source.groups) or [EVERYONE]}
            await self._tell(self._vectors.set_payload(CHUNKS, groups, source_id=source.id))

    async def _tell(self, change: Awaitable[None]) -> None:
        """Where there is no collection yet, there is nothing to change."""
        with suppress(NotFoundError):
            await change
