"""What a claimed job does: list its source, index what is there, remove what is not."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from flash_core.errors import FencedError, FlashError, NotFoundError
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
    SourceProviderInterface,
    UnitOfWorkFactory,
)

log = structlog.get_logger(__name__)

_GROUP_BYTES: Final = 50_000
_GROUP_DOCUMENTS: Final = 32
_GROUPS_AT_ONCE: Final = 3
"""While one group is being stored, the next is embedded and a third is read: the model never waits."""
_ITEMS_A_READ: Final = 200
_DOCUMENTS_A_PAGE: Final = 500
_MAX_TRIES: Final = 3


@dataclass(slots=True)
class _Group:
    """Documents that travel together; `outcomes` are of those that could not even be read."""

    items: dict[str, Item] = field(default_factory=dict)
    documents: list[SourceDocument] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    bytes: int = 0

    def add(self, item: Item, fetched: SourceDocument | Outcome) -> None:
        self.items[item.external_id] = item
        if isinstance(fetched, Outcome):
            self.outcomes[item.external_id] = fetched
        else:
            self.documents.append(fetched)
            self.bytes += fetched.size

    @property
    def is_full(self) -> bool:
        return self.bytes >= _GROUP_BYTES or len(self.items) >= _GROUP_DOCUMENTS


class JobWork(JobWorkInterface):
    """What is done is in the rows, so that a job goes on where its last worker stopped."""

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        registry: DocumentRegistryInterface,
        vectors: VectorStoreInterface,
        pipeline: DocumentPipelineInterface,
        providers: Mapping[SourceType, SourceProviderInterface],
    ) -> None:
        self._unit_of_work = unit_of_work
        self._registry = registry
        self._vectors = vectors
        self._pipeline = pipeline
        self._providers = providers

    async def perform(self, job: Job) -> None:
        source = await self._source(job)
        known = PutSourceRequest(name=source.name, provider=source.type.value, groups=sorted(source.groups))
        await self._registry.put_source(source.id, known)
        cleans = job.cleans if job.listed else await self._list(job, source)
        used = await self._index(job)
        if cleans:
            await self._clean(job)
        await self._settle_groups(job, used)

    async def _source(self, job: Job) -> Source:
        async with self._unit_of_work() as work:
            source = await work.sources.get(job.source_id)
        if source is None:
            raise FencedError("The source was deleted.")
        return source

    async def _list(self, job: Job, source: Source) -> bool:
        """Whether the listing is complete, so that what is missing from it may be removed."""
        listing = await self._providers[source.type].list(source.config)
        async with self._unit_of_work() as work:
            await work.jobs.hold(job)
            await work.items.replace(job.id, listing.items)
            await work.jobs.advance(job, Phase.INDEXING, listed=True, cleans=listing.complete)
            await work.commit()
        log.info("job.listed", documents=len(listing.items), complete=listing.complete)
        return listing.complete

    async def _index(self, job: Job) -> set[frozenset[str]]:
        """The groups that the source had while its documents were stored."""
        used: set[frozenset[str]] = set()
        running: set[asyncio.Task[frozenset[str]]] = set()
        try:
            async for group in self._grouped(job):
                running.add(asyncio.create_task(self._index_group(job, group)))
                if len(running) >= _GROUPS_AT_ONCE:
                    used |= await _first_done(running)
            while running:
                used |= await _first_done(running)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        return used

    async def _grouped(self, job: Job) -> AsyncIterator[_Group]:
        """Pending documents in their order. One that a worker did not survive, or did not finish, travels alone."""
        group, after = _Group(), -1
        while items := await self._pending(job, after):
            source = await self._source(job)
            for item in items:
                after = item.ordinal
                alone = item.tries > 0
                if group.items and (alone or group.is_full):
                    yield group
                    group = _Group()
                group.add(item, await self._fetched(job, source, item))
                if alone:
                    yield group
                    group = _Group()
        if group.items:
            yield group

    async def _pending(self, job: Job, after: int) -> list[Item]:
        async with self._unit_of_work() as work:
            return await work.items.pending(job.id, after=after, limit=_ITEMS_A_READ)

    async def _fetched(self, job: Job, source: Source, item: Item) -> SourceDocument | Outcome:
        if item.tries >= _MAX_TRIES:
            return Outcome(ItemState.FAILED, f"Indexing it was begun {_MAX_TRIES} times and never came to an end.")
        if job.kind is JobKind.DOCUMENTS:
            async with self._unit_of_work() as work:
                document = await work.intake.get(job.id, item.ordinal)
            return document or Outcome(ItemState.SKIPPED, "It is not kept any more.")
        return await self._providers[source.type].fetch(source.config, item.external_id)

    async def _index_group(self, job: Job, group: _Group) -> frozenset[str]:
        source = await self._begun(job, group)
        outcomes = dict(group.outcomes)
        try:
            if group.documents:
                async for name, outcome in self._pipeline.index(source, group.documents, full=job.full):
                    outcomes[name] = outcome  # noqa: PERF403  # one by one: what came before an error counts
        except FlashError:
            await self._settle(job, group, outcomes)  # whatever stopped the others, this much is done
            raise
        await self._settle(job, group, outcomes)
        return source.groups

    async def _settle(self, job: Job, group: _Group, outcomes: Mapping[str, Outcome]) -> None:
        settled = [_settled(group.items[name], outcome) for name, outcome in outcomes.items()]
        over = [item.ordinal for item in settled if item.state is not ItemState.FAILED]
        async with self._unit_of_work() as work:
            await work.jobs.hold(job)
            await work.items.settle(job.id, settled)
            await work.intake.drop(job.id, over)
            if settled:
                await work.jobs.progressed(job)
            await work.commit()

    async def _begun(self, job: Job, group: _Group) -> Source:
        """The source with the groups that it has now."""
        async with self._unit_of_work() as work:
            await work.jobs.hold(job)
            source = await work.sources.get(job.source_id)
            await work.items.begin(job.id, [item.ordinal for item in group.items.values()])
            await work.commit()
        if source is None:
            raise FencedError("The source was deleted.")
        return source

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


def _settled(item: Item, outcome: Outcome) -> Item:
    """What is unchanged since an earlier try of this job was indexed by that try."""
    again = outcome.state is ItemState.UNCHANGED and item.tries > 0
    return replace(item, state=ItemState.INDEXED if again else outcome.state, reason=outcome.reason)


async def _first_done(running: set[asyncio.Task[frozenset[str]]]) -> set[frozenset[str]]:
    """Wait for one of these; take those that are done out, with what they returned."""
    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    results: set[frozenset[str]] = set()
    for task in [task for task in running if task.done()]:
        results.add(task.result())  # if it raises, the task is still among the running ones, to be gathered
        running.discard(task)
    return results
