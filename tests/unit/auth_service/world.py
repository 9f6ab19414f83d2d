"""Accounts and use cases for the unit tests."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from uuid import UUID

from auth_service.interfaces import Account, AccountKind, Session
from auth_service.services.accounts import FirstAdministrator, OwnAccount
from auth_service.services.api_keys import ApiKeys
from auth_service.services.groups import GroupAdministration
from auth_service.services.opaque import digest
from auth_service.services.service_accounts import ServiceAccounts
from auth_service.services.sessions import Sessions
from auth_service.services.sign_in import SESSION_TTL, Caller, SignIn
from auth_service.services.tickets import Tickets
from auth_service.services.users import UserAdministration
from flash_core.models.user import UserRole
from flash_core.testing.fakes import FakeRateLimiter, FrozenClock
from flash_core.utils.ids import new_id
from tests.unit.auth_service.fakes import (
    FakeAccessTokens,
    FakeAuthDatabase,
    FakeHasher,
    FakeRevocations,
    FakeTicketStore,
)

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOME = Caller(address="192.0.2.1", user_agent="a browser")
PAGE = Caller(address="192.0.2.1", user_agent="a browser", page=True)


def person(name: str, *roles: UserRole, groups: tuple[str, ...] = (), disabled: bool = False) -> Account:
    """`name`@example.com, whose password is "`name`'s password"."""
    return Account(
        id=new_id(),
        kind=AccountKind.PERSON,
        name=name.capitalize(),
        roles=frozenset(roles or {UserRole.USER}),
        groups=frozenset(groups),
        created_at=NOON,
        email=f"{name}@example.com",
        disabled=disabled,
        password_hash=f"hash of {name}'s password",
    )


def program(name: str, *roles: UserRole) -> Account:
    """A service account whose secret is "`name`'s secret"."""
    return Account(
        id=new_id(),
        kind=AccountKind.SERVICE,
        name=name,
        roles=frozenset(roles or {UserRole.USER}),
        groups=frozenset(),
        created_at=NOON,
        secret_hash=digest(f"{name}'s secret"),
    )


@dataclass
class World:
    """One auth service on fakes."""

    database: FakeAuthDatabase = field(default_factory=FakeAuthDatabase)
    clock: FrozenClock = field(default_factory=lambda: FrozenClock(NOON))
    hasher: FakeHasher = field(default_factory=FakeHasher)
    tokens: FakeAccessTokens = field(default_factory=FakeAccessTokens)
    revocations: FakeRevocations = field(default_factory=FakeRevocations)
    tickets_store: FakeTicketStore = field(default_factory=FakeTicketStore)
    password_grant: bool = True

    async def with_accounts(self, *accounts: Account) -> "World":
        async with self.database() as work:
            for account in accounts:
                await work.accounts.add(account)
            await work.commit()
        return self

    async def session_of(self, account: Account, token: str = "refresh") -> Session:  # noqa: S107  # a test's
        session = Session(new_id(), account.id, self.clock.now(), self.clock.now() + SESSION_TTL)
        async with self.database() as work:
            await work.sessions.start(session, digest(token))
            await work.commit()
        return session

    def account(self, account_id: UUID) -> Account:
        return self.database.tables.accounts[account_id]

    @cached_property
    def limiter(self) -> FakeRateLimiter:
        return FakeRateLimiter(self.clock)

    @cached_property
    def sign_in(self) -> SignIn:
        return SignIn(
            self.database,
            self.hasher,
            self.tokens,
            self.revocations,
            self.limiter,
            self.clock,
            password_grant=self.password_grant,
        )

    @cached_property
    def users(self) -> UserAdministration:
        return UserAdministration(self.database, self.hasher, self.revocations, self.clock)

    @cached_property
    def groups(self) -> GroupAdministration:
        return GroupAdministration(self.database, self.revocations, self.clock)

    @cached_property
    def service_accounts(self) -> ServiceAccounts:
        return ServiceAccounts(self.database, self.revocations, self.clock)

    @cached_property
    def api_keys(self) -> ApiKeys:
        return ApiKeys(self.database, self.revocations, self.clock)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self.database, self.revocations)

    @cached_property
    def tickets(self) -> Tickets:
        return Tickets(self.database, self.tickets_store)

    @cached_property
    def own_account(self) -> OwnAccount:
        return OwnAccount(self.database)

    @cached_property
    def first_administrator(self) -> FirstAdministrator:
        return FirstAdministrator(self.database, self.hasher, self.clock)
