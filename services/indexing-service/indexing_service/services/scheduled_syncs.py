"""Sources are looked at again when their schedules say so."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog

from flash_core.errors import FlashError
from flash_core.interfaces.worker import WorkerInterface
from flash_core.messaging.events import JobQueued
from indexing_service.interfaces import IndexingUnitOfWorkInterface, Job, JobKind, Source, UnitOfWorkFactory
from indexing_service.services.schedules import next_after

log = structlog.get_logger(__name__)
_AT_ONCE: Final = 20


class ScheduledSyncs(WorkerInterface):
    """Every replica runs one: a source that is due is taken by one of them alone. A source whose sync has not ended is
    looked at again when it is due the next time. Time is the database's: the replicas' clocks may differ.
    """

    name = "scheduled-syncs"

    def __init__(self, unit_of_work: UnitOfWorkFactory, *, poll_seconds: float = 5.0) -> None:
        self._unit_of_work = unit_of_work
        self._poll_seconds = poll_seconds

    async def run(self) -> None:
        while True:
            try:
                while await self.run_once() == _AT_ONCE:
                    pass
            except FlashError as error:
                log.warning("schedules.stalled", error=error.code)
            await asyncio.sleep(self._poll_seconds)

    async def run_once(self) -> int:
        """How many sources were due."""
        async with self._unit_of_work() as work:
            now, due = await work.sources.due(_AT_ONCE)
            for source in due:
                await _start(work, source, now)
            await work.commit()
        return len(due)


async def _start(work: IndexingUnitOfWorkInterface, source: Source, now: datetime) -> None:
    await work.sources.update(replace(source, next_sync_at=next_after(source.schedule, now)))
    if await work.jobs.active_sync(source.id) is not None:
        return
    job = Job(await work.jobs.next_id(source.id), source.id, JobKind.SYNC, now)
    await work.jobs.add(job)
    work.outbox.add(JobQueued(job_id=job.id))
    log.info("job.queued", job_id=str(job.id), source_id=str(source.id), kind=job.kind, scheduled=True)
