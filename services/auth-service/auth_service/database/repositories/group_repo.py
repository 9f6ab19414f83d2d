"""Groups in PostgreSQL."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.database.repositories.paging import past
from auth_service.database.tables import GroupRow, MembershipRow
from auth_service.interfaces import Group, GroupRepositoryInterface
from flash_core.errors import ConflictError


class SqlGroupRepository(GroupRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, group_id: UUID) -> Group | None:
        row = await self._session.get(GroupRow, group_id)
        return (await self._with_members([row]))[0] if row else None

    async def page(self, after: UUID | None, limit: int) -> Sequence[Group]:
        statement = select(GroupRow).where(past(GroupRow.id, after)).order_by(GroupRow.id).limit(limit)
        return await self._with_members((await self._session.scalars(statement)).all())

    async def add(self, group: Group) -> None:
        statement = upsert(GroupRow).values(id=group.id, name=group.name)
        added = statement.on_conflict_do_nothing(index_elements=[GroupRow.name]).returning(GroupRow.id)
        if await self._session.scalar(added) is None:
            raise ConflictError("There is a group with this name already.")
        await self._fill(group.id, group.members)

    async def set_members(self, group_id: UUID, members: Collection[UUID]) -> None:
        await self._session.execute(delete(MembershipRow).where(MembershipRow.group_id == group_id))
        await self._fill(group_id, members)

    async def remove(self, group_id: UUID) -> None:
        await self._session.execute(delete(GroupRow).where(GroupRow.id == group_id))

    async def _fill(self, group_id: UUID, members: Collection[UUID]) -> None:
        if members:
            rows = [{"account_id": account_id, "group_id": group_id} for account_id in sorted(members)]
            await self._session.execute(insert(MembershipRow), rows)

    async def _with_members(self, rows: Sequence[GroupRow]) -> list[Group]:
        members: dict[UUID, set[UUID]] = {row.id: set() for row in rows}
        for membership in await self._session.scalars(
            select(MembershipRow).where(MembershipRow.group_id.in_(members.keys()))
        ):
            members[membership.group_id].add(membership.account_id)
        return [Group(row.id, row.name, frozenset(members[row.id])) for row in rows]
