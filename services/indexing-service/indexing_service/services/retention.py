"""Jobs that are over are kept for a while, and then forgotten."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from flash_core.errors import FlashError
from flash_core.interfaces.worker import WorkerInterface
from indexing_service.interfaces import UnitOfWorkFactory

log = structlog.get_logger(__name__)
_IDLE: Final = timedelta(days=1)
"""A sync that changed nothing, of which a schedule makes hundreds a day, says nothing later on."""
_AT_ONCE: Final = 200


class JobRetention(WorkerInterface):
    """With a job go its documents' outcomes, and what was handed in with it and never indexed. The newest job of each
    source stays.
    """

    name = "job-retention"

    def __init__(self, unit_of_work: UnitOfWorkFactory, *, keep: timedelta, every_seconds: float = 3_600.0) -> None:
        self._unit_of_work = unit_of_work
        self._keep = keep
        self._every_seconds = every_seconds

    async def run(self) -> None:
        while True:
            try:
                await self.run_once()
            except FlashError as error:
                log.warning("retention.postponed", error=error.code)
            await asyncio.sleep(self._every_seconds)

    async def run_once(self) -> int:
        """How many jobs were forgotten; a few in each transaction, as each may hold many documents."""
        total, forgotten = 0, _AT_ONCE
        while forgotten == _AT_ONCE:
            async with self._unit_of_work() as work:
                forgotten = await work.jobs.forget(
                    older_than=self._keep, idle_older_than=min(_IDLE, self._keep), limit=_AT_ONCE
                )
                await work.commit()
            total += forgotten
        if total:
            log.info("jobs.forgotten", jobs=total)
        return total
