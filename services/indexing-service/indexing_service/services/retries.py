"""Doing again what a job did not do."""

from datetime import datetime
from uuid import UUID

from flash_core.errors import ConflictError
from flash_core.interfaces.documents import DocumentRegistryInterface
from flash_core.messaging.events import JobQueued
from flash_core.schemas.indexing import JobState
from flash_core.utils.request_id import current_request_id
from indexing_service.interfaces import IndexingUnitOfWorkInterface, Item, Job, JobKind


async def retried(
    work: IndexingUnitOfWorkInterface, registry: DocumentRegistryInterface, job: Job, now: datetime
) -> UUID:
    """The id of the job that does it: the last one that was made for it, as long as that has not ended or has left
    nothing. `ConflictError` where the job itself has not ended or has left nothing.
    """
    last = await _last_try(work, job)
    items = await _left(work, last)
    if last.state.is_terminal and (items or _whole(last)):
        if last.kind is JobKind.SYNC:
            again = await _sync(work, last, items, now)
        else:
            again = await _hand_in(work, registry, last, items, now)
        await work.jobs.retried(last.id, again)
        return again
    if last.id != job.id:
        return last.id
    raise ConflictError("Nothing in this job failed." if job.state.is_terminal else "The job has not ended.")


async def _last_try(work: IndexingUnitOfWorkInterface, job: Job) -> Job:
    while job.retried_as is not None and (later := await work.jobs.get(job.retried_as, locked=True)) is not None:
        job = later
    return job


async def _left(work: IndexingUnitOfWorkInterface, job: Job) -> list[Item]:
    """What was handed in anew meanwhile is not brought back."""
    items = await work.items.to_retry(job.id)
    if job.kind is JobKind.SYNC:
        return items
    kept = await work.intake.kept(job.id)
    return [item for item in items if item.ordinal in kept]


def _whole(job: Job) -> bool:
    """Whether the job as a whole came to nothing, whatever is known of its documents."""
    return job.kind is JobKind.SYNC and job.state is not JobState.SUCCEEDED


async def _sync(work: IndexingUnitOfWorkInterface, job: Job, items: list[Item], now: datetime) -> UUID:
    """Of the documents that were left; of the source, where they are not known or a sync of it waits anyway."""
    waiting = await work.jobs.waiting_sync(job.source_id)
    if waiting is not None:
        await work.jobs.widen(waiting.id, full=job.full, allow_deletions=False)
        return waiting.id
    return await _queued(work, job, items, now)


async def _hand_in(
    work: IndexingUnitOfWorkInterface, registry: DocumentRegistryInterface, job: Job, items: list[Item], now: datetime
) -> UUID:
    """Each becomes what is there by its name now, as if it were handed in anew."""
    places = await registry.resolve(job.source_id, [item.external_id for item in items])
    again = await _queued(work, job, items, now)
    meant = {item.ordinal: place.document_id for item, place in zip(items, places, strict=True)}
    await work.intake.move(job.id, again, meant)
    return again


async def _queued(work: IndexingUnitOfWorkInterface, job: Job, items: list[Item], now: datetime) -> UUID:
    again_id = await work.jobs.next_id(job.source_id)
    again = Job(again_id, job.source_id, job.kind, now, full=job.full, listed=bool(items), created_by=job.created_by)
    await work.jobs.add(again)
    await work.items.add(again.id, [Item(item.ordinal, item.external_id, version=item.version) for item in items])
    work.outbox.add(JobQueued(job_id=again.id, request_id=current_request_id()))
    return again.id
