"""Semantic aliases in PostgreSQL."""

from uuid import UUID

from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from documentation_service.database.tables import AliasRow, AliasVersionRow
from documentation_service.interfaces import Alias, AliasRepositoryInterface
from documentation_service.services.aliases import folded


class SqlAliasRepository(AliasRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def version(self) -> int:
        return await self._session.scalar(select(AliasVersionRow.version)) or 0

    async def every(self) -> list[Alias]:
        return await self._aliases(select(AliasRow))

    async def page(self, after: UUID | None, limit: int) -> list[Alias]:
        statement = select(AliasRow).limit(limit)
        return await self._aliases(statement if after is None else statement.where(AliasRow.id > after))

    async def get(self, alias_id: UUID) -> Alias | None:
        return next(iter(await self._aliases(select(AliasRow).where(AliasRow.id == alias_id))), None)

    async def of_term(self, term: str) -> Alias | None:
        return next(iter(await self._aliases(select(AliasRow).where(AliasRow.folded == folded(term)))), None)

    async def count(self) -> int:
        return await self._session.scalar(select(func.count()).select_from(AliasRow)) or 0

    async def begin_change(self) -> None:
        # Not a sequence: its next value is seen before the transaction that took it commits.
        first = insert(AliasVersionRow).values(version=1)
        grown = {"version": AliasVersionRow.version + 1}
        await self._session.execute(first.on_conflict_do_update(index_elements=[AliasVersionRow.id], set_=grown))

    async def put(self, alias: Alias) -> None:
        values = {
            "term": alias.term,
            "folded": folded(alias.term),
            "synonyms": list(alias.synonyms),
            "updated_at": alias.updated_at,
        }
        new = insert(AliasRow).values(id=alias.id, created_at=alias.created_at, **values)
        await self._session.execute(new.on_conflict_do_update(index_elements=[AliasRow.id], set_=values))

    async def delete(self, alias_id: UUID) -> bool:
        gone = delete(AliasRow).where(AliasRow.id == alias_id).returning(AliasRow.id)
        return await self._session.scalar(gone) is not None

    async def _aliases(self, statement: Select[AliasRow]) -> list[Alias]:
        fresh = statement.order_by(AliasRow.id).execution_options(populate_existing=True)
        return [_alias(row) for row in await self._session.scalars(fresh)]


def _alias(row: AliasRow) -> Alias:
    return Alias(row.id, row.term, tuple(row.synonyms), row.created_at, row.updated_at)
