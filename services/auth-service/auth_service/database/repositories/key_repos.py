"""API keys and signing keys in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, select, true, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.database.repositories.paging import past
from auth_service.database.tables import ApiKeyRow, SigningKeyRow
from auth_service.interfaces import ApiKey, ApiKeyRepositoryInterface, SigningKey, SigningKeyRepositoryInterface

_SIGNING_KEYS_LOCK = 0x6B657973
"""An advisory lock's number ("keys"): before the first key there is no row to lock."""


class SqlApiKeyRepository(ApiKeyRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, key: ApiKey) -> None:
        await self._session.execute(insert(ApiKeyRow).values(**asdict(key)))

    async def get(self, key_id: UUID) -> ApiKey | None:
        row = await self._session.get(ApiKeyRow, key_id)
        return _api_key(row) if row else None

    async def by_hash(self, key_hash: bytes) -> ApiKey | None:
        row = await self._session.scalar(select(ApiKeyRow).where(ApiKeyRow.key_hash == key_hash))
        return _api_key(row) if row else None

    async def page(self, user_id: UUID | None, after: UUID | None, limit: int) -> Sequence[ApiKey]:
        of_user = ApiKeyRow.user_id == user_id if user_id else true()
        statement = select(ApiKeyRow).where(of_user, past(ApiKeyRow.id, after)).order_by(ApiKeyRow.id).limit(limit)
        return [_api_key(row) for row in await self._session.scalars(statement)]

    async def used(self, key_id: UUID, at: datetime) -> None:
        await self._session.execute(update(ApiKeyRow).where(ApiKeyRow.id == key_id).values(last_used_at=at))

    async def remove(self, key_id: UUID) -> None:
        await self._session.execute(delete(ApiKeyRow).where(ApiKeyRow.id == key_id))


class SqlSigningKeyRepository(SigningKeyRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self) -> None:
        await self._session.execute(select(func.pg_advisory_xact_lock(_SIGNING_KEYS_LOCK)))

    async def all(self) -> Sequence[SigningKey]:
        statement = select(SigningKeyRow).order_by(SigningKeyRow.created_at, SigningKeyRow.kid)
        return [
            SigningKey(row.kid, row.public, row.sealed, row.created_at, row.activated_at, row.retired_at)
            for row in await self._session.scalars(statement)
        ]

    async def save(self, key: SigningKey) -> None:
        statement = upsert(SigningKeyRow).values(**asdict(key))
        times = {"activated_at": statement.excluded.activated_at, "retired_at": statement.excluded.retired_at}
        await self._session.execute(statement.on_conflict_do_update(index_elements=[SigningKeyRow.kid], set_=times))

    async def remove(self, kid: str) -> None:
        await self._session.execute(delete(SigningKeyRow).where(SigningKeyRow.kid == kid))


def _api_key(row: ApiKeyRow) -> ApiKey:
    return ApiKey(row.id, row.user_id, row.name, row.prefix, row.key_hash, row.created_at, row.last_used_at)
