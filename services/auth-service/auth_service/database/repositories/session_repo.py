"""Sessions and their refresh tokens in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.database.repositories.paging import past
from auth_service.database.tables import RefreshTokenRow, SessionRow
from auth_service.interfaces import Session, SessionRepositoryInterface


class SqlSessionRepository(SessionRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def start(self, session: Session, token_hash: bytes) -> None:
        await self._session.execute(insert(SessionRow).values(**asdict(session)))
        await self._session.execute(insert(RefreshTokenRow).values(token_hash=token_hash, session_id=session.id))

    async def get(self, session_id: UUID, *, lock: bool = False) -> Session | None:
        row = await self._session.get(SessionRow, session_id, with_for_update=lock or None)
        return _session(row) if row else None

    async def page(self, user_id: UUID, after: UUID | None, limit: int) -> Sequence[Session]:
        statement = (
            select(SessionRow)
            .where(SessionRow.user_id == user_id, past(SessionRow.id, after))
            .order_by(SessionRow.id)
            .limit(limit)
        )
        return [_session(row) for row in await self._session.scalars(statement)]

    async def use(self, token_hash: bytes, at: datetime) -> bool:
        statement = (
            update(RefreshTokenRow)
            .where(RefreshTokenRow.token_hash == token_hash, RefreshTokenRow.used_at.is_(None))
            .values(used_at=at)
            .returning(RefreshTokenRow.session_id)
        )
        return await self._session.scalar(statement) is not None

    async def of_token(self, token_hash: bytes) -> UUID | None:
        statement = select(RefreshTokenRow.session_id).where(RefreshTokenRow.token_hash == token_hash)
        return await self._session.scalar(statement)

    async def renew(self, session_id: UUID, token_hash: bytes, expires_at: datetime) -> None:
        await self._session.execute(update(SessionRow).where(SessionRow.id == session_id).values(expires_at=expires_at))
        await self._session.execute(insert(RefreshTokenRow).values(token_hash=token_hash, session_id=session_id))

    async def end(self, session_id: UUID) -> bool:
        statement = delete(SessionRow).where(SessionRow.id == session_id).returning(SessionRow.id)
        return await self._session.scalar(statement) is not None

    async def end_all(self, user_id: UUID) -> Sequence[UUID]:
        statement = delete(SessionRow).where(SessionRow.user_id == user_id).returning(SessionRow.id)
        return (await self._session.scalars(statement)).all()

    async def purge(self, now: datetime, used_before: datetime) -> int:
        stale = delete(RefreshTokenRow).where(RefreshTokenRow.used_at < used_before)
        await self._session.execute(stale)
        expired = delete(SessionRow).where(SessionRow.expires_at <= now).returning(SessionRow.id)
        return len((await self._session.scalars(expired)).all())


def _session(row: SessionRow) -> Session:
    return Session(row.id, row.user_id, row.created_at, row.expires_at, row.user_agent)
