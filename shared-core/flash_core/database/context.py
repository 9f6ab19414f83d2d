"""One engine per service, opened and closed with the service."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import event, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from flash_core.database.errors import translated_errors
from flash_core.interfaces.health import HealthCheckInterface

_TRUSTED_SECONDS: Final = 1.0
"""A connection that was used a moment ago is not asked whether it lives: a request takes several, one after another."""
_USED_AT: Final = "used_at"


class ServiceDatabaseContext(HealthCheckInterface):
    name = "database"

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.sessions = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
        # Each statement sees what is committed when it begins, as in a transaction of PostgreSQL's default isolation,
        # without the round trips that open and close one.
        reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        self.reading_sessions = async_sessionmaker(reading, class_=AsyncSession, expire_on_commit=False)

    @property
    def dsn(self) -> str:
        """For asyncpg itself, without SQLAlchemy's driver name."""
        return self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

    async def check(self) -> None:
        with translated_errors():
            async with self.sessions() as session:
                await session.execute(text("SELECT 1"))


@asynccontextmanager
async def open_database(
    url: str, *, pool_size: int = 5, max_overflow: int = 10
) -> AsyncIterator[ServiceDatabaseContext]:
    """Connects at first use; a connection that broke is noticed before it is used again. Errors never show values."""
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=5,
        hide_parameters=True,
        connect_args={"timeout": 5, "command_timeout": 30, "server_settings": {"jit": "off"}},
    )
    _ask_the_idle(engine)
    try:
        yield ServiceDatabaseContext(engine)
    finally:
        await engine.dispose()


def _ask_the_idle(engine: AsyncEngine) -> None:
    """SQLAlchemy's `pool_pre_ping`, for connections that have rested."""

    @event.listens_for(engine.sync_engine, "checkin")
    def rests(_: Any, record: Any) -> None:
        record.info[_USED_AT] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def is_used(connection: Any, record: Any, _: Any) -> None:
        rested = time.monotonic() - record.info.get(_USED_AT, 0.0)
        if _USED_AT in record.info and rested > _TRUSTED_SECONDS:
            try:
                engine.sync_engine.dialect.do_ping(connection)
            except Exception as error:
                raise DisconnectionError from error  # the pool then opens another one
