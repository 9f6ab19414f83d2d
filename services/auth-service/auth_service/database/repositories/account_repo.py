"""Accounts in PostgreSQL."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.database.repositories.paging import past
from auth_service.database.tables import AccountRow, GroupRow, MembershipRow
from auth_service.interfaces import Account, AccountKind, AccountRepositoryInterface
from flash_core.errors import ConflictError
from flash_core.models.user import UserRole
from flash_core.utils.ids import new_id


class SqlAccountRepository(AccountRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, account_id: UUID, *, lock: bool = False) -> Account | None:
        statement = select(AccountRow).where(AccountRow.id == account_id)
        if lock:
            statement = statement.with_for_update(key_share=True)
        return await self._one(await self._session.scalar(statement))

    async def by_email(self, email: str) -> Account | None:
        return await self._one(await self._session.scalar(select(AccountRow).where(AccountRow.email == email)))

    async def page(self, kind: AccountKind, after: UUID | None, limit: int) -> Sequence[Account]:
        statement = (
            select(AccountRow)
            .where(AccountRow.kind == kind, past(AccountRow.id, after))
            .order_by(AccountRow.id)
            .limit(limit)
        )
        return await self._with_groups((await self._session.scalars(statement)).all())

    async def existing(self, account_ids: Collection[UUID]) -> frozenset[UUID]:
        return frozenset(await self._session.scalars(select(AccountRow.id).where(AccountRow.id.in_(account_ids))))

    async def add(self, account: Account) -> None:
        statement = upsert(AccountRow).values(id=account.id, **_columns(account))
        added = statement.on_conflict_do_nothing(index_elements=[AccountRow.email]).returning(AccountRow.id)
        if await self._session.scalar(added) is None:
            raise ConflictError("There is an account with this e-mail already.")
        await self._join(account)

    async def save(self, account: Account) -> None:
        await self._session.execute(update(AccountRow).where(AccountRow.id == account.id).values(**_columns(account)))
        await self._session.execute(delete(MembershipRow).where(MembershipRow.account_id == account.id))
        await self._join(account)

    async def remove(self, account_id: UUID) -> None:
        await self._session.execute(delete(AccountRow).where(AccountRow.id == account_id))

    async def lock_governing(self) -> frozenset[UUID]:
        statement = (
            select(AccountRow.id)
            .where(
                AccountRow.kind == AccountKind.PERSON,
                AccountRow.disabled.is_(False),
                AccountRow.roles.contains([UserRole.ADMIN]),
            )
            .order_by(AccountRow.id)
            .with_for_update(key_share=True)
        )
        return frozenset(await self._session.scalars(statement))

    async def _join(self, account: Account) -> None:
        """Groups are made in the order of their names: two transactions that make the same ones don't deadlock."""
        if not account.groups:
            return
        names = sorted(account.groups)
        made = upsert(GroupRow).values([{"id": new_id(), "name": name} for name in names]).on_conflict_do_nothing()
        await self._session.execute(made)
        found = select(literal(account.id), GroupRow.id).where(GroupRow.name.in_(names))
        await self._session.execute(insert(MembershipRow).from_select(["account_id", "group_id"], found))

    async def _one(self, row: AccountRow | None) -> Account | None:
        return (await self._with_groups([row]))[0] if row else None

    async def _with_groups(self, rows: Sequence[AccountRow]) -> list[Account]:
        statement = (
            select(MembershipRow.account_id, GroupRow.name)
            .join(GroupRow, GroupRow.id == MembershipRow.group_id)
            .where(MembershipRow.account_id.in_([row.id for row in rows]))
        )
        names: dict[UUID, set[str]] = {row.id: set() for row in rows}
        for account_id, name in await self._session.execute(statement):
            names[account_id].add(name)
        return [replace(_account(row), groups=frozenset(names[row.id])) for row in rows]


def _columns(account: Account) -> dict[str, Any]:
    return {
        "kind": account.kind.value,
        "email": account.email,
        "name": account.name,
        "password_hash": account.password_hash,
        "secret_hash": account.secret_hash,
        "roles": sorted(role.value for role in account.roles),
        "disabled": account.disabled,
        "created_at": account.created_at,
    }


def _account(row: AccountRow) -> Account:
    return Account(
        id=row.id,
        kind=AccountKind(row.kind),
        name=row.name,
        roles=frozenset(UserRole(role) for role in row.roles),
        groups=frozenset(),
        created_at=row.created_at,
        email=row.email,
        disabled=row.disabled,
        password_hash=row.password_hash,
        secret_hash=row.secret_hash,
    )
