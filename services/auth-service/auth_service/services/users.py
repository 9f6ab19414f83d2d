"""People's accounts, as administrators manage them."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import structlog

from auth_service.interfaces import (
    Account,
    AccountKind,
    AuthUnitOfWorkFactory,
    AuthUnitOfWorkInterface,
    PasswordHasherInterface,
    RevocationsInterface,
)
from flash_core.errors import ConflictError, NotFoundError
from flash_core.interfaces.clock import ClockInterface
from flash_core.schemas.auth import CreateUserRequest, UpdateUserRequest
from flash_core.utils.ids import new_id

log = structlog.get_logger(__name__)


class UserAdministration:
    """What changes here acts at once: older access tokens are refused, and the next one tells the new state."""

    def __init__(
        self,
        unit_of_work: AuthUnitOfWorkFactory,
        hasher: PasswordHasherInterface,
        revocations: RevocationsInterface,
        clock: ClockInterface,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._revocations = revocations
        self._clock = clock

    async def create(self, wanted: CreateUserRequest) -> Account:
        """Raise `ConflictError` if the e-mail is taken."""
        account = Account(
            id=new_id(),
            kind=AccountKind.PERSON,
            name=wanted.name,
            email=wanted.email,
            roles=frozenset(wanted.roles),
            groups=frozenset(wanted.groups),
            created_at=self._clock.now(),
            password_hash=await self._hasher.hash(wanted.password),
        )
        async with self._unit_of_work() as work:
            await work.accounts.add(account)
            await work.commit()
        log.info("user.created", user_id=str(account.id))
        return account

    async def page(self, after: UUID | None, limit: int) -> Sequence[Account]:
        async with self._unit_of_work() as work:
            return await work.accounts.page(AccountKind.PERSON, after, limit)

    async def get(self, user_id: UUID) -> Account:
        async with self._unit_of_work() as work:
            return _person(await work.accounts.get(user_id))

    async def change(self, user_id: UUID, wanted: UpdateUserRequest) -> Account:
        """Raise `ConflictError` if nobody would be left to administrate. A new password ends the user's sessions."""
        password_hash = None if wanted.password is None else await self._hasher.hash(wanted.password)
        ended: Sequence[UUID] = ()
        async with self._unit_of_work() as work:
            governing = await work.accounts.lock_governing()
            before = _person(await work.accounts.get(user_id, lock=True))
            after = _changed(before, wanted, password_hash)
            if not after.governs:
                _keep_one(governing, user_id)
            await work.accounts.save(after)
            if after.disabled or password_hash is not None:
                ended = await work.sessions.end_all(user_id)
            await work.commit()
        if _identity(after) != _identity(before):
            await self._revocations.users_changed([user_id], self._clock.now())
        await self._revocations.sessions_ended(ended)
        log.info("user.changed", user_id=str(user_id), fields=sorted(wanted.model_fields_set))
        return after

    async def remove(self, user_id: UUID) -> None:
        """Raise `ConflictError` if nobody would be left to administrate."""
        async with self._unit_of_work() as work:
            governing = await work.accounts.lock_governing()
            _person(await work.accounts.get(user_id, lock=True))
            _keep_one(governing, user_id)
            ended = await _removed(work, user_id)
            await work.commit()
        await self._revocations.users_changed([user_id], self._clock.now())
        await self._revocations.sessions_ended(ended)
        log.info("user.removed", user_id=str(user_id))


async def _removed(work: AuthUnitOfWorkInterface, user_id: UUID) -> Sequence[UUID]:
    ended = await work.sessions.end_all(user_id)
    await work.accounts.remove(user_id)
    return ended


def _person(account: Account | None) -> Account:
    if account is None or account.kind is not AccountKind.PERSON:
        raise NotFoundError("There is no such user.")
    return account


def _changed(account: Account, wanted: UpdateUserRequest, password_hash: str | None) -> Account:
    """Fields that are not given, or null, stay."""
    return replace(
        account,
        name=account.name if wanted.name is None else wanted.name,
        roles=account.roles if wanted.roles is None else frozenset(wanted.roles),
        groups=account.groups if wanted.groups is None else frozenset(wanted.groups),
        disabled=account.disabled if wanted.disabled is None else wanted.disabled,
        password_hash=password_hash or account.password_hash,
    )


def _identity(account: Account) -> Account:
    """What a verifier relies on: everything but the name."""
    return replace(account, name="")


def _keep_one(governing: frozenset[UUID], leaving: UUID) -> None:
    if governing == {leaving}:
        raise ConflictError("This is the last administrator; make another one first.")
