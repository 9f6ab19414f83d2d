"""`TransactionInterface` and `UnitOfWorkInterface` on one SQLAlchemy transaction."""

import asyncio
from abc import abstractmethod
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from flash_core.database.errors import AWAY, translated_errors
from flash_core.interfaces.persistence import OutboxInterface, TransactionInterface, UnitOfWorkInterface
from flash_core.messaging.events import Event

OUTBOX_CHANNEL = "outbox"
"""PostgreSQL's notification channel that wakes the relay (channels belong to a database)."""


class SqlOutbox(OutboxInterface):
    def __init__(self, session: AsyncSession, row: type[Any]) -> None:
        self._session = session
        self._row = row
        self.used = False

    def add(self, event: Event) -> None:
        self.used = True
        self._session.add(self._row(event_id=event.event_id, topic=event.topic, payload=event.model_dump_json()))


class SqlTransaction(TransactionInterface):
    """Subclasses say which repositories live in the transaction."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def __aenter__(self) -> Self:
        self._session = self._sessions()
        self._bind(self._session)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing rolls back what was not committed; a cancellation must not leave the connection half-released. A
        # database that is away has forgotten it anyway.
        with suppress(*AWAY):
            await asyncio.shield(self._session.close())
        if isinstance(error, Exception):
            with translated_errors():
                raise error

    async def commit(self) -> None:
        with translated_errors():
            await self._session.commit()

    @abstractmethod
    def _bind(self, session: AsyncSession) -> None:
        """Give every repository this transaction's session."""


class SqlUnitOfWork(SqlTransaction, UnitOfWorkInterface):
    """Subclasses say which outbox lives in the transaction, too."""

    outbox: SqlOutbox

    async def commit(self) -> None:
        with translated_errors():
            if self.outbox.used:
                await self._session.flush()
                await self._session.execute(text(f"NOTIFY {OUTBOX_CHANNEL}"))
            await self._session.commit()
