"""What a claimed job does: look at its source, remove what is gone, index what is new."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

import structlog

from flash_core.errors import FencedError, NotFoundError
from flash_core.interfaces.documents import DocumentRegistryInterface
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.models.document import EVERYONE
from flash_core.models.vector import CHUNKS
from flash_core.schemas.documentation import PutSourceRequest
from indexing_service.interfaces import (
    CredentialVaultInterface,
    DocumentPipelineInterface,
    Item,
    ItemState,
    Job,
    JobKind,
    JobWorkInterface,
    Outcome,
    Phase,
    Source,
    SourceDocument,
    UnitOfWorkFactory,
)
from indexing_service.interfaces.providers import DocumentationSourceInterface
from indexing_service.interfaces.syncing import SyncState
from indexing_service.services.connections import Connections, Providers
from indexing_service.services.item_indexing import ItemIndexer
from indexing_service.services.listing_progress import told
from indexing_service.services.permissions import PermissionChanges
from indexing_service.services.removal import Removal
from indexing_service.services.survey import Survey

log = structlog.get_logger(__name__)
Groups = frozenset[str]


class JobWork(JobWorkInterface):
    """What is done is in the rows, so that a job goes on where its last worker stopped.

    What the source has renamed keeps its identity, and so its links. What it has closed or deleted is so before
    anything is indexed.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        registry: DocumentRegistryInterface,
        vectors: VectorStoreInterface,
        pipeline: DocumentPipelineInterface,
        providers: Providers,
        vault: CredentialVaultInterface,
        *,
        hold_share: float = 0.2,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._registry = registry
        self._vectors = vectors
        self._pipeline = pipeline
        self._connections = Connections(providers, vault)
        self._survey = Survey(unit_of_work, registry)
        self._permissions = PermissionChanges(unit_of_work, registry)
        self._removal = Removal(unit_of_work, registry, hold_share=hold_share)
        self._items = ItemIndexer(unit_of_work, pipeline)

    async def perform(self, job: Job) -> str | None:
        source = await self._announced(job)
        if job.kind is JobKind.SYNC:
            async with self._connections.connect(source) as connected:
                return await self._sync(job, source, connected)
        used = await self._items.index(job, partial(self._handed_in, job))
        await self._removal.of_emptied(job)
        await self._settle_groups(job, used)
        return None

    async def _sync(self, job: Job, source: Source, connected: DocumentationSourceInterface) -> str | None:
        mark = await self._pipeline.mark()
        if job.listed:
            restricted = await connected.permissions()
        else:
            async with told(self._unit_of_work, job) as found:
                restricted = await self._survey.take(job, source, connected, mark, found)
            job = await self._read_again(job)
        await self._rename(job)
        await self._permissions.apply(job, restricted)
        undone = await self._removal.of_missing(job)
        await self._advance(job, Phase.INDEXING)
        used = await self._items.index(job, lambda item: _fetched(connected, item, restricted), mark=mark)
        undone = undone or await self._removal.of_gone(job)
        await self._settle_groups(job, used)
        await self._remember(job, held=undone is not None)
        return undone

    async def _read_again(self, job: Job) -> Job:
        async with self._unit_of_work() as work:
            now = await work.jobs.get(job.id)
        if now is None or now.attempt != job.attempt:
            raise FencedError("Another worker has this job, or it is over.")
        return now

    async def _advance(self, job: Job, phase: Phase) -> None:
        async with self._unit_of_work() as work:
            await work.jobs.advance(job, phase)
            await work.commit()

    async def _announced(self, job: Job) -> Source:
        """The source, known to documentation by its fence. It is held meanwhile: what it is made into at this moment is
        announced behind this, not undone by it.
        """
        async with self._unit_of_work() as work:
            source = await work.sources.get(job.source_id, locked=True)
            if source is None:
                raise FencedError("The source was deleted.")
            known = PutSourceRequest(
                name=source.name, provider=source.type.value, groups=sorted(source.groups), fence=job.fence
            )
            await self._registry.put_source(source.id, known)
        return source

    async def _source(self, job: Job) -> Source:
        async with self._unit_of_work() as work:
            source = await work.sources.get(job.source_id)
        if source is None:
            raise FencedError("The source was deleted.")
        return source

    async def _rename(self, job: Job) -> None:
        if not job.renamed:
            return
        await self._registry.rename(job.source_id, job.renamed, fence=job.fence)
        async with self._unit_of_work() as work:
            await work.jobs.hold(job)
            await work.known.rename(job.source_id, job.renamed)
            await work.commit()

    async def _remember(self, job: Job, *, held: bool) -> None:
        """All of the source is in the index now, but for what is held: the next sync begins here."""
        if not (job.cleans or job.cursor):
            return
        checked_at = job.started_at or job.created_at
        async with self._unit_of_work() as work:
            source = await work.sources.get(job.source_id, locked=True)  # before the job: as whoever deletes it does
            if source is None:
                raise FencedError("The source was deleted.")
            await work.jobs.hold(job)
            if held:
                now = await work.jobs.get(job.id)
                waiting = now.held_deletions if now else None
                state = replace(source.sync, checked_at=checked_at, held_deletions=waiting)
            else:
                listed_at = checked_at if job.cleans else source.sync.listed_at
                state = SyncState(job.cursor, listed_at, checked_at)
                await work.known.forget_gone(job.source_id, job.id, complete=job.cleans)
            await work.sources.synced(job.source_id, state)
            await work.commit()
        await self._registry.checked(job.source_id, checked_at)

    async def _handed_in(self, job: Job, item: Item) -> SourceDocument | Outcome:
        async with self._unit_of_work() as work:
            document = await work.intake.get(job.id, item.ordinal)
        return document or Outcome(ItemState.SKIPPED, "It is not kept any more.")

    async def _settle_groups(self, job: Job, used: Iterable[Groups]) -> None:
        """The source's groups may have changed while passages with the old ones were on their way."""
        groups = (await self._source(job)).groups
        if job.attempt > 1 or any(one != groups for one in used):
            payload = {"source_groups": sorted(groups) or [EVERYONE]}
            with suppress(NotFoundError):  # nothing was ever stored
                await self._vectors.set_payload(CHUNKS, payload, source_id=job.source_id)


async def _fetched(
    connected: DocumentationSourceInterface, item: Item, restricted: Mapping[str, Groups] | None
) -> SourceDocument | Outcome:
    """With the groups that the source narrows it to, whichever of its two answers says so."""
    document = await connected.fetch(item.external_id)
    if isinstance(document, Outcome) or not restricted or item.external_id not in restricted:
        return document
    return replace(document, groups=restricted[item.external_id])
