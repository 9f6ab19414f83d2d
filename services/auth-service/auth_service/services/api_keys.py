"""API keys: what programs send instead of a JWT."""

import secrets
import string
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from auth_service.interfaces import (
    AccountKind,
    ApiKey,
    AuthUnitOfWorkFactory,
    AuthUnitOfWorkInterface,
    RevocationsInterface,
)
from auth_service.services.opaque import digest, new_value
from flash_core.errors import FieldError, InvalidInputError, NotFoundError
from flash_core.interfaces.clock import ClockInterface
from flash_core.models.user import Principal
from flash_core.utils.ids import new_id

log = structlog.get_logger(__name__)

_PREFIX_LENGTH = 8
_USE_NOTED_EVERY = timedelta(minutes=1)


class ApiKeys:
    """A key acts as its user: with the roles and groups that the user has now."""

    def __init__(
        self, unit_of_work: AuthUnitOfWorkFactory, revocations: RevocationsInterface, clock: ClockInterface
    ) -> None:
        self._unit_of_work = unit_of_work
        self._revocations = revocations
        self._clock = clock

    async def create(self, principal: Principal, name: str, user_id: UUID | None) -> tuple[ApiKey, str]:
        """The key's row and the key itself. For others than oneself: an administrator, for a service account."""
        prefix = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(_PREFIX_LENGTH))
        value = f"ask_{prefix}_{new_value()}"
        owner = user_id or principal.user_id
        key = ApiKey(new_id(), owner, name, prefix, digest(value), self._clock.now())
        async with self._unit_of_work() as work:
            if owner != principal.user_id:
                await _check_may_make_for(work, principal, owner)
            await work.api_keys.add(key)
            await work.commit()
        log.info("api_key.created", key_id=str(key.id), user_id=str(owner))
        return key, value

    async def page(self, principal: Principal, after: UUID | None, limit: int) -> Sequence[ApiKey]:
        async with self._unit_of_work() as work:
            return await work.api_keys.page(None if principal.is_admin else principal.user_id, after, limit)

    async def end(self, principal: Principal, key_id: UUID) -> None:
        async with self._unit_of_work() as work:
            key = await work.api_keys.get(key_id)
            if key is None or not (principal.is_admin or key.user_id == principal.user_id):
                raise NotFoundError("There is no such API key.")
            await work.api_keys.remove(key_id)
            await work.commit()
        await self._revocations.api_key_ended(key.key_hash)
        log.info("api_key.ended", key_id=str(key_id))

    async def verify(self, value: str) -> Principal:
        """Who the key acts as. Raises `NotFoundError` for a key that is not, or no longer, valid."""
        now = self._clock.now()
        async with self._unit_of_work() as work:
            key = await work.api_keys.by_hash(digest(value))
            account = await work.accounts.get(key.user_id) if key else None
            if key is None or account is None or account.disabled:
                raise NotFoundError("The API key is not valid.")
            if key.last_used_at is None or now - key.last_used_at >= _USE_NOTED_EVERY:
                await work.api_keys.used(key.id, now)
                await work.commit()
        return account.principal()


async def _check_may_make_for(work: AuthUnitOfWorkInterface, principal: Principal, owner: UUID) -> None:
    account = await work.accounts.get(owner) if principal.is_admin else None
    if account is None:
        raise NotFoundError("There is no such user.")
    if account.kind is not AccountKind.SERVICE:
        problem = FieldError("user_id", "is a person, who makes own keys")
        raise InvalidInputError("Keys for others are for service accounts only.", [problem])
