"""Accounts of programs: they sign in with client credentials or an API key."""

from collections.abc import Collection, Sequence
from uuid import UUID

import structlog

from auth_service.interfaces import Account, AccountKind, AuthUnitOfWorkFactory, RevocationsInterface
from auth_service.services.opaque import digest, new_value
from flash_core.errors import NotFoundError
from flash_core.interfaces.clock import ClockInterface
from flash_core.models.user import UserRole
from flash_core.utils.ids import new_id

log = structlog.get_logger(__name__)


class ServiceAccounts:
    """The account's id is its `client_id`; the secret is shown once."""

    def __init__(
        self, unit_of_work: AuthUnitOfWorkFactory, revocations: RevocationsInterface, clock: ClockInterface
    ) -> None:
        self._unit_of_work = unit_of_work
        self._revocations = revocations
        self._clock = clock

    async def create(self, name: str, roles: Collection[UserRole], groups: Collection[str]) -> tuple[Account, str]:
        """The account and its client secret."""
        secret = new_value()
        account = Account(
            id=new_id(),
            kind=AccountKind.SERVICE,
            name=name,
            roles=frozenset(roles),
            groups=frozenset(groups),
            created_at=self._clock.now(),
            secret_hash=digest(secret),
        )
        async with self._unit_of_work() as work:
            await work.accounts.add(account)
            await work.commit()
        log.info("service_account.created", user_id=str(account.id))
        return account, secret

    async def page(self, after: UUID | None, limit: int) -> Sequence[Account]:
        async with self._unit_of_work() as work:
            return await work.accounts.page(AccountKind.SERVICE, after, limit)

    async def remove(self, account_id: UUID) -> None:
        async with self._unit_of_work() as work:
            account = await work.accounts.get(account_id, lock=True)
            if account is None or account.kind is not AccountKind.SERVICE:
                raise NotFoundError("There is no such service account.")
            await work.accounts.remove(account_id)
            await work.commit()
        await self._revocations.users_changed([account_id], self._clock.now())
        log.info("service_account.removed", user_id=str(account_id))
