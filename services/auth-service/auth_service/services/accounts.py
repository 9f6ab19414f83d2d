"""Who is signed in, and the first one who can sign in at all."""

import structlog

from auth_service.interfaces import Account, AccountKind, AuthUnitOfWorkFactory, PasswordHasherInterface
from flash_core.errors import ConflictError, UnauthenticatedError
from flash_core.interfaces.clock import ClockInterface
from flash_core.models.user import Principal, UserRole
from flash_core.utils.ids import new_id

log = structlog.get_logger(__name__)


class OwnAccount:
    def __init__(self, unit_of_work: AuthUnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def get(self, principal: Principal) -> Account:
        async with self._unit_of_work() as work:
            account = await work.accounts.get(principal.user_id)
        if account is None or account.disabled:
            raise UnauthenticatedError("This account does not exist any more.")
        return account


class FirstAdministrator:
    """Without one nobody could make anyone an administrator. May run at every start, in several replicas at once."""

    def __init__(
        self, unit_of_work: AuthUnitOfWorkFactory, hasher: PasswordHasherInterface, clock: ClockInterface
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._clock = clock

    async def ensure(self, email: str, password: str) -> None:
        """Make the account if there is no administrator; without a password say in the log what to set."""
        if await self._exists():
            return
        if not password:
            log.error("administrator.missing", hint="set ASKFLASH_ADMIN_PASSWORD and start again")
            return
        account = Account(
            id=new_id(),
            kind=AccountKind.PERSON,
            name="Administrator",
            roles=frozenset({UserRole.ADMIN}),
            groups=frozenset(),
            created_at=self._clock.now(),
            email=email.strip().lower(),
            password_hash=await self._hasher.hash(password),
        )
        if await self._added(account):
            log.info("administrator.created", user_id=str(account.id))
        elif not await self._exists():
            log.error("administrator.missing", hint="ASKFLASH_ADMIN_EMAIL belongs to someone else; set another one")

    async def _added(self, account: Account) -> bool:
        """False if the e-mail is taken: another replica was first, or it belongs to someone else."""
        try:
            async with self._unit_of_work() as work:
                await work.accounts.add(account)
                await work.commit()
        except ConflictError:
            return False
        return True

    async def _exists(self) -> bool:
        async with self._unit_of_work() as work:
            return bool(await work.accounts.lock_governing())
