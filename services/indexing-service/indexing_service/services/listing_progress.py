"""How far a listing is, for those who watch its job."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from flash_core.errors import UpstreamUnavailableError
from indexing_service.interfaces import Job, UnitOfWorkFactory
from indexing_service.interfaces.providers import Found


@asynccontextmanager
async def told(unit_of_work: UnitOfWorkFactory, job: Job, *, every_seconds: float = 0.5) -> AsyncIterator[Found]:
    """Takes what a listing has found so far, and stores it with the job from time to time."""
    found = 0

    def note(documents: int) -> None:
        nonlocal found
        found = documents

    async def store() -> None:
        stored = 0
        while True:
            await asyncio.sleep(every_seconds)
            if found != stored:
                with suppress(UpstreamUnavailableError):
                    async with unit_of_work() as work:
                        await work.jobs.seen(job, found)
                        await work.commit()
                    stored = found

    telling = asyncio.create_task(store())
    try:
        yield note
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
