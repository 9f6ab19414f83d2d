"""Carries committed events from a service's outbox table to the queue."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any

import asyncpg
import structlog
from sqlalchemy import delete, select

from flash_core.database.context import ServiceDatabaseContext
from flash_core.database.errors import AWAY, translated_errors
from flash_core.database.unit_of_work import OUTBOX_CHANNEL
from flash_core.errors import FlashError
from flash_core.interfaces.queue import MessageQueueInterface
from flash_core.interfaces.worker import WorkerInterface
from flash_core.messaging.events import Event
from flash_core.utils.tasks import cancelled, together

log = structlog.get_logger(__name__)


class OutboxRelay(WorkerInterface):
    """Safe to run in every replica: a row is locked by the relay that carries it.

    Woken by the commit's notification; a slow poll behind it covers notifications that were lost.
    """

    name = "outbox-relay"

    def __init__(
        self,
        database: ServiceDatabaseContext,
        row: type[Any],
        queue: MessageQueueInterface,
        *,
        poll_seconds: float = 1.0,
    ) -> None:
        self._database = database
        self._row = row
        self._queue = queue
        self._poll_seconds = poll_seconds
        self._wake = asyncio.Event()

    async def run(self) -> None:
        await together(self._carry(), self._listen())

    async def _carry(self) -> None:
        while not cancelled():
            self._wake.clear()
            if not await self._carried():
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._poll_seconds):
                        await self._wake.wait()

    async def _carried(self) -> int:
        try:
            return await self.run_once()
        except FlashError as error:
            log.warning("outbox.stalled", error=str(error))
            return 0

    async def run_once(self, *, batch: int = 100) -> int:
        """Publish, then delete, in one transaction: a crash between the two repeats, never loses.

        Topics that this version does not know are left to a newer one's relay.
        """
        row = self._row
        known = row.topic.in_(list(Event.by_topic))
        oldest = select(row).where(known).order_by(row.event_id).limit(batch).with_for_update(skip_locked=True)
        with translated_errors():
            async with self._database.sessions.begin() as session:
                rows = (await session.scalars(oldest)).all()
                if rows:
                    await self._queue.publish(
                        [Event.by_topic[one.topic].model_validate_json(one.payload) for one in rows]
                    )
                    await session.execute(delete(row).where(row.event_id.in_([one.event_id for one in rows])))
        return len(rows)

    async def _listen(self) -> None:
        """Keep one connection that hears of commits; when it breaks, the poll goes on until it stands again."""
        while True:
            with suppress(*AWAY):
                connection = await asyncpg.connect(self._database.dsn, timeout=5)
                closed = asyncio.Event()
                connection.add_termination_listener(partial(_set, closed))
                try:
                    await connection.add_listener(OUTBOX_CHANNEL, lambda *_: self._wake.set())
                    await closed.wait()
                finally:
                    connection.terminate()
            await asyncio.sleep(self._poll_seconds)


def _set(event: asyncio.Event, _: object) -> None:
    event.set()
