"""What has to be done now and then: expired sessions go, signing keys move on."""

import asyncio
from datetime import timedelta

import structlog

from auth_service.interfaces import AccessTokensInterface, AuthUnitOfWorkFactory
from flash_core.errors import FlashError
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.worker import WorkerInterface

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=10)
USED_TOKENS_KEPT = timedelta(days=30)
"""A used refresh token that comes again after this is refused as unknown, without ending its session."""


class Housekeeping(WorkerInterface):
    """Safe in every replica."""

    name = "housekeeping"

    def __init__(
        self, unit_of_work: AuthUnitOfWorkFactory, tokens: AccessTokensInterface, clock: ClockInterface
    ) -> None:
        self._unit_of_work = unit_of_work
        self._tokens = tokens
        self._clock = clock

    async def run(self) -> None:
        while True:
            try:
                await self.run_once()
            except FlashError as error:
                log.warning("housekeeping.postponed", error=str(error))
            await asyncio.sleep(EVERY.total_seconds())

    async def run_once(self) -> None:
        await self._tokens.rotate()
        now = self._clock.now()
        async with self._unit_of_work() as work:
            removed = await work.sessions.purge(now, now - USED_TOKENS_KEPT)
            await work.commit()
        log.info("sessions.purged", removed=removed)
