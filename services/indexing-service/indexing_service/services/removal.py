"""Removing what a source does not hold any more, and not removing what looks like a mistake."""

from collections.abc import Sequence
from typing import Final

import structlog

from flash_core.interfaces.documents import DocumentRegistryInterface
from flash_core.schemas.documentation import ResolvedDocument
from indexing_service.interfaces import Job, Phase, UnitOfWorkFactory
from indexing_service.services.live import live_documents, pages

log = structlog.get_logger(__name__)
_FREE: Final = 2
"""Deletions that are never held while something is left: of a source of a few pages one or two are a large share."""


class Removal:
    """`hold_share`: a larger part of a source's documents is not removed before somebody said so, nor are several
    documents that are all of them. A single document always goes.
    """

    def __init__(
        self, unit_of_work: UnitOfWorkFactory, registry: DocumentRegistryInterface, *, hold_share: float
    ) -> None:
        self._unit_of_work = unit_of_work
        self._registry = registry
        self._hold_share = hold_share

    async def of_missing(self, job: Job) -> str | None:
        """What the complete listing, or the changes, say is gone; returns what to do where it was not removed."""
        if not job.cleans:
            return await self.of_gone(job)
        missing: list[ResolvedDocument] = []
        live = [one async for one in live_documents(self._registry, job.source_id)]
        for page in pages(live):
            async with self._unit_of_work() as work:
                gone = set(await work.items.not_listed(job.id, [one.external_id for one in page]))
            missing += [one for one in page if one.external_id in gone]
        return await self._remove(job, missing, len(live))

    async def of_gone(self, job: Job) -> str | None:
        """What was found to be gone one by one."""
        async with self._unit_of_work() as work:
            names = await work.items.gone(job.id)
        gone = await self._named(job, names)
        total = 0
        if len(gone) > 1:
            total = sum([1 async for _ in live_documents(self._registry, job.source_id)])
        return await self._remove(job, gone, total)

    async def of_emptied(self, job: Job) -> None:
        """What was handed in with nothing in it any more; but for what waits to be brought in anew, which replaces it
        where it is: nothing is handed in while these leave. Whoever named each of them is not asked again. Until then
        they are kept, so that a job that ends before brings them when it is retried.
        """
        async with self._unit_of_work() as work:
            names = await work.items.gone(job.id)
            newer = await work.intake.awaited(job.source_id, names, beside=job.id)
        leaving = await self._named(job, [one for one in names if one not in newer])
        for page in pages(leaving):
            await self._counted(job, page)
        if not names:
            return
        async with self._unit_of_work() as work:
            await work.sources.get(job.source_id, locked=True)
            newer = await work.intake.awaited(job.source_id, names, beside=job.id)
            for page in pages([one for one in leaving if one.external_id not in newer]):
                await self._registry.delete_documents([one.document_id for one in page], fence=job.fence)
            await work.jobs.hold(job)
            await work.intake.drop_emptied(job.id)
            await work.commit()

    async def _named(self, job: Job, names: Sequence[str]) -> list[ResolvedDocument]:
        return [one for page in pages(names) for one in await self._registry.resolve(job.source_id, page)]

    async def _remove(self, job: Job, documents: Sequence[ResolvedDocument], total: int) -> str | None:
        count = sum(one.content_hash is not None for one in documents)
        held = await self._is_held(job, count, total)
        async with self._unit_of_work() as work:
            await work.jobs.held(job, count if held else None)
            if documents and not held:
                await work.jobs.advance(job, Phase.CLEANING)
            await work.commit()
        if held:
            log.warning("job.deletions_held", documents=count, of=total)
            return _held_detail(count, total)
        await self._delete(job, documents)
        return None

    async def _delete(self, job: Job, documents: Sequence[ResolvedDocument]) -> None:
        """First counted, then done: a repetition finds them counted already."""
        for page in pages(documents):
            await self._counted(job, page)
            await self._registry.delete_documents([one.document_id for one in page], fence=job.fence)
            log.info("job.cleaned", documents=len(page))

    async def _counted(self, job: Job, documents: Sequence[ResolvedDocument]) -> None:
        async with self._unit_of_work() as work:
            await work.jobs.hold(job)
            await work.items.mark_deleted(job.id, [one.external_id for one in documents if one.content_hash])
            await work.commit()

    async def _is_held(self, job: Job, count: int, total: int) -> bool:
        async with self._unit_of_work() as work:
            now = await work.jobs.get(job.id)
        if count <= 1 or (now is not None and now.allow_deletions):
            return False
        return count >= total or (count > _FREE and count > self._hold_share * total)


def _held_detail(count: int, total: int) -> str:
    return (
        f"{count} of {total} documents are not in the source any more. So many are not removed without an approval: "
        'make sure that the source is complete, then sync it with {"allow_deletions": true}.'
    )
