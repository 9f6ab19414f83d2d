"""Which implementation stands behind each interface of the auth service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from auth_service.config import AuthSettings
from auth_service.database.unit_of_work import SqlAuthUnitOfWork
from auth_service.interfaces import (
    AccessTokensInterface,
    AuthUnitOfWorkFactory,
    PasswordHasherInterface,
    RevocationsInterface,
    TicketStoreInterface,
)
from auth_service.providers.argon2_hasher import Argon2Hasher
from auth_service.providers.jose_signer import JoseTokenSigner
from auth_service.providers.local_identity import LocalIdentity
from auth_service.providers.redis_revocations import RedisRevocations
from auth_service.providers.redis_tickets import RedisTicketStore
from auth_service.services.accounts import FirstAdministrator, OwnAccount
from auth_service.services.api_keys import ApiKeys
from auth_service.services.groups import GroupAdministration
from auth_service.services.housekeeping import Housekeeping
from auth_service.services.service_accounts import ServiceAccounts
from auth_service.services.sessions import Sessions
from auth_service.services.sign_in import SignIn
from auth_service.services.signing_keys import SigningKeyRing
from auth_service.services.tickets import Tickets
from auth_service.services.users import UserAdministration
from flash_core.clients.identity import Authenticator, ServiceTokens
from flash_core.clients.rate_limit import RedisRateLimiter
from flash_core.composition import Platform, ServiceContainer, open_platform
from flash_core.database.context import ServiceDatabaseContext, open_database
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.rate_limit import RateLimiterInterface
from flash_core.utils.clock import SystemClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Container(ServiceContainer):
    """The object graph of one running auth service."""

    settings: AuthSettings
    tokens: AccessTokensInterface
    sign_in: SignIn
    own_account: OwnAccount
    sessions: Sessions
    tickets: Tickets
    users: UserAdministration
    groups: GroupAdministration
    service_accounts: ServiceAccounts
    api_keys: ApiKeys
    housekeeping: Housekeeping


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapters:
    """What the use cases are made of."""

    unit_of_work: AuthUnitOfWorkFactory
    hasher: PasswordHasherInterface
    tokens: AccessTokensInterface
    revocations: RevocationsInterface
    tickets: TicketStoreInterface
    limiter: RateLimiterInterface
    clock: ClockInterface


@asynccontextmanager
async def compose(settings: AuthSettings | None = None) -> AsyncIterator[Container]:
    settings = settings or AuthSettings()
    async with open_database(settings.database_url) as database, open_platform(settings, "auth") as platform:
        adapters = _adapters(settings, database, platform)
        await adapters.tokens.rotate()
        await FirstAdministrator(adapters.unit_of_work, adapters.hasher, adapters.clock).ensure(
            settings.askflash_admin_email, settings.askflash_admin_password.get_secret_value()
        )
        yield _container(settings, adapters, database, platform)


def _adapters(settings: AuthSettings, database: ServiceDatabaseContext, platform: Platform) -> Adapters:
    unit_of_work = partial(SqlAuthUnitOfWork, database.sessions)
    clock = SystemClock()
    return Adapters(
        unit_of_work=unit_of_work,
        hasher=Argon2Hasher(),
        tokens=SigningKeyRing(unit_of_work, JoseTokenSigner(settings.internal_key.get_secret_value()), clock),
        revocations=RedisRevocations(platform.redis),
        tickets=RedisTicketStore(platform.redis),
        limiter=RedisRateLimiter(platform.redis),
        clock=clock,
    )


def _container(
    settings: AuthSettings, adapters: Adapters, database: ServiceDatabaseContext, platform: Platform
) -> Container:
    work, revocations, clock = adapters.unit_of_work, adapters.revocations, adapters.clock
    api_keys = ApiKeys(work, revocations, clock)
    services = ServiceTokens(settings.internal_key.get_secret_value(), "auth")
    return Container(
        authenticator=Authenticator(LocalIdentity(adapters.tokens, api_keys), platform.redis, services),
        idempotency=platform.idempotency,
        health=(database, *platform.health),
        settings=settings,
        tokens=adapters.tokens,
        sign_in=SignIn(
            work,
            adapters.hasher,
            adapters.tokens,
            revocations,
            adapters.limiter,
            clock,
            password_grant=settings.auth_password_grant,
        ),
        own_account=OwnAccount(work),
        sessions=Sessions(work, revocations),
        tickets=Tickets(work, adapters.tickets),
        users=UserAdministration(work, adapters.hasher, revocations, clock),
        groups=GroupAdministration(work, revocations, clock),
        service_accounts=ServiceAccounts(work, revocations, clock),
        api_keys=api_keys,
        housekeeping=Housekeeping(work, adapters.tokens, clock),
    )
