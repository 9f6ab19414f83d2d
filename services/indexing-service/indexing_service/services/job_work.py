"""What a claimed job does: list its source, index what is there, remove what is not."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Final

import structlog

from flash_core.errors import FencedError, NotFoundError
from flash_core.interfaces.documents import DocumentRegistryInterface
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.models.document import EVERYONE
from flash_core.models.vector import CHUNKS
from flash_core.schemas.documentation import PutSourceRequest
from flash_core.schemas.indexing import SourceType
from indexing_service.interfaces import (
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
from indexing_service.interfaces.providers import Access, DocumentationProviderInterface, DocumentationSourceInterface
from indexing_service.services.item_indexing import ItemIndexer

log = structlog.get_logger(__name__)

_DOCUMENTS_A_PAGE: Final = 500


class JobWork(JobWorkInterface):
    """What is done is in the rows, so that a job goes on where its last worker stopped."""

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        registry: DocumentRegistryInterface,
        vectors: VectorStoreInterface,
        pipeline: DocumentPipelineInterface,
        providers: Mapping[SourceType, DocumentationProviderInterface],
    ) -> None:
        self._unit_of_work = unit_of_work
        self._registry = registry
        self._vectors = vectors
        self._items = ItemIndexer(unit_of_work, pipeline)
        self._providers = providers

    async def perform(self, job: Job) -> None:
        source = await self._source(job)
        known = PutSourceRequest(name=source.name, provider=source.type.value, groups=sorted(source.groups))
        await self._registry.put_source(source.id, known)
        if job.kind is JobKind.SYNC:
            async with self._providers[source.type].connect(Access(source.config)) as connected:
                used = await self._sync(job, connected)
        else:
            used = await self._items.index(job, partial(self._handed_in, job))
        await self._settle_groups(job, used)

    async def _sync(self, job: Job, connected: DocumentationSourceInterface) -> set[frozenset[str]]:
        cleans = job.cleans if job.listed else await self._list(job, connected)
        used = await self._items.index(job, lambda item: connected.fetch(item.external_id))
        if cleans:
            await self._clean(job)
        return used

    async def _source(self, job: Job) -> Source:
        async with self._unit_of_work() as work:
            source = await work.sources.get(job.source_id)
        if source is None:
            raise FencedError("The source was deleted.")
        return source

    async def _list(self, job: Job, connected: DocumentationSourceInterface) -> bool:
        """Whether the listing is complete, so that what is missing from it may be removed."""
        inventory = await connected.list(lambda _: None)
        async with self._unit_of_work() as work:
            await work.jobs.hold(job)
            await work.items.replace(job.id, inventory.items)
            await work.jobs.advance(job, Phase.INDEXING, listed=True, cleans=inventory.complete)
            await work.commit()
        log.info("job.listed", documents=len(inventory.items), complete=inventory.complete)
        return inventory.complete

    async def _handed_in(self, job: Job, item: Item) -> SourceDocument | Outcome:
        async with self._unit_of_work() as work:
            document = await work.intake.get(job.id, item.ordinal)
        return document or Outcome(ItemState.SKIPPED, "It is not kept any more.")

    async def _clean(self, job: Job) -> None:
        """Remove what the index has and the complete listing has not. First counted, then done: a repetition finds
        them counted already.
        """
        async with self._unit_of_work() as work:
            await work.jobs.advance(job, Phase.CLEANING, listed=True, cleans=True)
            await work.commit()
        after = ""
        while page := await self._registry.documents_of(job.source_id, after=after, limit=_DOCUMENTS_A_PAGE):
            after = page[-1].external_id
            async with self._unit_of_work() as work:
                await work.jobs.hold(job)
                gone = await work.items.not_listed(job.id, [one.external_id for one in page])
                await work.items.mark_deleted(job.id, gone)
                await work.commit()
            if gone:
                names = set(gone)
                await self._registry.delete_documents([one.document_id for one in page if one.external_id in names])
                log.info("job.cleaned", documents=len(gone))

    async def _settle_groups(self, job: Job, used: Iterable[frozenset[str]]) -> None:
        """The source's groups may have changed while passages with the old ones were on their way."""
        groups = (await self._source(job)).groups
        if job.attempt > 1 or any(one != groups for one in used):
            payload = {"source_groups": sorted(groups) or [EVERYONE]}
            with suppress(NotFoundError):  # nothing was ever stored
                await self._vectors.set_payload(CHUNKS, payload, source_id=job.source_id)
