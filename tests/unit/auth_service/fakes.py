"""The auth service's neighbours, in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar
from uuid import UUID

import orjson

from auth_service.interfaces import (
    AccessTokensInterface,
    Account,
    AccountKind,
    AccountRepositoryInterface,
    ApiKey,
    ApiKeyRepositoryInterface,
    AuthUnitOfWorkInterface,
    Group,
    GroupRepositoryInterface,
    PasswordHasherInterface,
    RevocationsInterface,
    Session,
    SessionRepositoryInterface,
    SigningKey,
    SigningKeyRepositoryInterface,
    TicketStoreInterface,
    TokenSignerInterface,
)
from flash_core.errors import ConflictError
from flash_core.models.user import Principal
from flash_core.utils.ids import new_id


@dataclass
class Tables:
    accounts: dict[UUID, Account] = field(default_factory=dict)
    groups: dict[str, UUID] = field(default_factory=dict)
    sessions: dict[UUID, Session] = field(default_factory=dict)
    tokens: dict[bytes, tuple[UUID, datetime | None]] = field(default_factory=dict)
    api_keys: dict[UUID, ApiKey] = field(default_factory=dict)
    signing_keys: dict[str, SigningKey] = field(default_factory=dict)

    def copy(self) -> "Tables":
        return Tables(
            dict(self.accounts),
            dict(self.groups),
            dict(self.sessions),
            dict(self.tokens),
            dict(self.api_keys),
            dict(self.signing_keys),
        )

    def forget_orphaned_tokens(self) -> None:
        self.tokens = {token: row for token, row in self.tokens.items() if row[0] in self.sessions}


class FakeAuthDatabase:
    """Transactions see and change a copy; a commit replaces the tables. They do not wait for each other."""

    def __init__(self) -> None:
        self.tables = Tables()
        self.commits = 0

    def __call__(self) -> "FakeAuthUnitOfWork":
        return FakeAuthUnitOfWork(self)


class FakeAuthUnitOfWork(AuthUnitOfWorkInterface):
    def __init__(self, database: FakeAuthDatabase) -> None:
        self._database = database

    async def __aenter__(self) -> Self:
        self._tables = self._database.tables.copy()
        self.accounts = FakeAccounts(self._tables)
        self.groups = FakeGroups(self._tables)
        self.sessions = FakeSessions(self._tables)
        self.api_keys = FakeApiKeys(self._tables)
        self.signing_keys = FakeSigningKeys(self._tables)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def commit(self) -> None:
        self._database.tables = self._tables.copy()
        self._database.commits += 1


class HasId(Protocol):
    @property
    def id(self) -> UUID: ...


RowT = TypeVar("RowT", bound=HasId)


def page(rows: Sequence[RowT], after: UUID | None, limit: int) -> list[RowT]:
    """By ascending id, those after `after`."""
    return sorted((row for row in rows if after is None or row.id > after), key=lambda row: row.id)[:limit]


class FakeAccounts(AccountRepositoryInterface):
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def get(self, account_id: UUID, *, lock: bool = False) -> Account | None:
        return self._tables.accounts.get(account_id)

    async def by_email(self, email: str) -> Account | None:
        return next((one for one in self._tables.accounts.values() if one.email == email), None)

    async def page(self, kind: AccountKind, after: UUID | None, limit: int) -> Sequence[Account]:
        return page([one for one in self._tables.accounts.values() if one.kind is kind], after, limit)

    async def existing(self, account_ids: Collection[UUID]) -> frozenset[UUID]:
        return frozenset(account_ids) & self._tables.accounts.keys()

    async def add(self, account: Account) -> None:
        if account.email is not None and await self.by_email(account.email):
            raise ConflictError("There is an account with this e-mail already.")
        await self.save(account)

    async def save(self, account: Account) -> None:
        self._tables.accounts[account.id] = account
        for name in account.groups:
            self._tables.groups.setdefault(name, new_id())

    async def remove(self, account_id: UUID) -> None:
        self._tables.accounts.pop(account_id, None)
        self._tables.sessions = {one.id: one for one in self._tables.sessions.values() if one.user_id != account_id}
        self._tables.forget_orphaned_tokens()
        self._tables.api_keys = {one.id: one for one in self._tables.api_keys.values() if one.user_id != account_id}

    async def lock_governing(self) -> frozenset[UUID]:
        return frozenset(one.id for one in self._tables.accounts.values() if one.governs)


class FakeGroups(GroupRepositoryInterface):
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def get(self, group_id: UUID) -> Group | None:
        return next((group for group in self._all() if group.id == group_id), None)

    async def page(self, after: UUID | None, limit: int) -> Sequence[Group]:
        return page(self._all(), after, limit)

    async def add(self, group: Group) -> None:
        if group.name in self._tables.groups:
            raise ConflictError("There is a group with this name already.")
        self._tables.groups[group.name] = group.id
        await self.set_members(group.id, group.members)

    async def set_members(self, group_id: UUID, members: Collection[UUID]) -> None:
        name = self._name(group_id)
        for account in list(self._tables.accounts.values()):
            groups = account.groups | {name} if account.id in members else account.groups - {name}
            self._tables.accounts[account.id] = replace(account, groups=groups)

    async def remove(self, group_id: UUID) -> None:
        await self.set_members(group_id, ())
        del self._tables.groups[self._name(group_id)]

    def _all(self) -> list[Group]:
        accounts = self._tables.accounts.values()
        return [
            Group(group_id, name, frozenset(one.id for one in accounts if name in one.groups))
            for name, group_id in self._tables.groups.items()
        ]

    def _name(self, group_id: UUID) -> str:
        return next(name for name, known in self._tables.groups.items() if known == group_id)


class FakeSessions(SessionRepositoryInterface):
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def start(self, session: Session, token_hash: bytes) -> None:
        self._tables.sessions[session.id] = session
        self._tables.tokens[token_hash] = (session.id, None)

    async def get(self, session_id: UUID, *, lock: bool = False) -> Session | None:
        return self._tables.sessions.get(session_id)

    async def page(self, user_id: UUID, after: UUID | None, limit: int) -> Sequence[Session]:
        return page([one for one in self._tables.sessions.values() if one.user_id == user_id], after, limit)

    async def use(self, token_hash: bytes, at: datetime) -> bool:
        session_id, used_at = self._tables.tokens.get(token_hash, (None, None))
        if session_id is None or used_at is not None:
            return False
        self._tables.tokens[token_hash] = (session_id, at)
        return True

    async def of_token(self, token_hash: bytes) -> UUID | None:
        return self._tables.tokens.get(token_hash, (None, None))[0]

    async def renew(self, session_id: UUID, token_hash: bytes, expires_at: datetime) -> None:
        self._tables.sessions[session_id] = replace(self._tables.sessions[session_id], expires_at=expires_at)
        self._tables.tokens[token_hash] = (session_id, None)

    async def end(self, session_id: UUID) -> bool:
        ended = self._tables.sessions.pop(session_id, None)
        self._tables.forget_orphaned_tokens()
        return ended is not None

    async def end_all(self, user_id: UUID) -> Sequence[UUID]:
        ended = [one.id for one in self._tables.sessions.values() if one.user_id == user_id]
        for session_id in ended:
            await self.end(session_id)
        return ended

    async def purge(self, now: datetime, used_before: datetime) -> int:
        expired = [one.id for one in self._tables.sessions.values() if one.expires_at <= now]
        for session_id in expired:
            await self.end(session_id)
        for token, (_, used_at) in list(self._tables.tokens.items()):
            if used_at is not None and used_at < used_before:
                del self._tables.tokens[token]
        return len(expired)


class FakeApiKeys(ApiKeyRepositoryInterface):
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, key: ApiKey) -> None:
        self._tables.api_keys[key.id] = key

    async def get(self, key_id: UUID) -> ApiKey | None:
        return self._tables.api_keys.get(key_id)

    async def by_hash(self, key_hash: bytes) -> ApiKey | None:
        return next((one for one in self._tables.api_keys.values() if one.key_hash == key_hash), None)

    async def page(self, user_id: UUID | None, after: UUID | None, limit: int) -> Sequence[ApiKey]:
        rows = [one for one in self._tables.api_keys.values() if user_id in {None, one.user_id}]
        return page(rows, after, limit)

    async def used(self, key_id: UUID, at: datetime) -> None:
        self._tables.api_keys[key_id] = replace(self._tables.api_keys[key_id], last_used_at=at)

    async def remove(self, key_id: UUID) -> None:
        self._tables.api_keys.pop(key_id, None)


class FakeSigningKeys(SigningKeyRepositoryInterface):
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def lock(self) -> None: ...

    async def all(self) -> Sequence[SigningKey]:
        return sorted(self._tables.signing_keys.values(), key=lambda key: (key.created_at, key.kid))

    async def save(self, key: SigningKey) -> None:
        self._tables.signing_keys[key.kid] = key

    async def remove(self, kid: str) -> None:
        self._tables.signing_keys.pop(kid, None)


class FakeHasher(PasswordHasherInterface):
    def __init__(self) -> None:
        self.verified: list[str | None] = []

    async def hash(self, password: str) -> str:
        return f"hash of {password}"

    async def verify(self, password_hash: str | None, password: str) -> bool:
        self.verified.append(password_hash)
        return password_hash == f"hash of {password}"


@dataclass
class FakeTokenSigner(TokenSignerInterface):
    """Signs by writing the key's name beside the claims; `secret` plays INTERNAL_KEY."""

    secret: bytes = b"secret"

    def new_key(self, at: datetime) -> SigningKey:
        kid = str(new_id())
        return SigningKey(kid, {"kid": kid, "kty": "OKP"}, self.secret, at)

    def can_sign_with(self, key: SigningKey) -> bool:
        return key.sealed == self.secret

    def sign(self, key: SigningKey, claims: Mapping[str, Any]) -> str:
        return orjson.dumps({"kid": key.kid, **claims}).decode()


@dataclass
class FakeAccessTokens(AccessTokensInterface):
    """A token is the n-th one issued; `issued` tells for whom, as of when, and with which CSRF token."""

    issued: list[tuple[Principal, datetime, str | None]] = field(default_factory=list)
    rotations: int = 0

    async def issue(self, principal: Principal, at: datetime, *, csrf: str | None = None) -> str:
        self.issued.append((principal, at, csrf))
        return f"token {len(self.issued)}"

    async def public_keys(self) -> Sequence[Mapping[str, str]]:
        return [{"kid": "current"}, {"kid": "next"}]

    async def rotate(self) -> None:
        self.rotations += 1


@dataclass
class FakeRevocations(RevocationsInterface):
    sessions: set[UUID] = field(default_factory=set)
    users: dict[UUID, datetime] = field(default_factory=dict)
    api_keys: set[bytes] = field(default_factory=set)

    async def sessions_ended(self, session_ids: Collection[UUID]) -> None:
        self.sessions.update(session_ids)

    async def users_changed(self, user_ids: Collection[UUID], at: datetime) -> None:
        self.users.update(dict.fromkeys(user_ids, at))

    async def api_key_ended(self, key_hash: bytes) -> None:
        self.api_keys.add(key_hash)


@dataclass
class FakeTicketStore(TicketStoreInterface):
    """Never expires; `times_to_live` records what was asked for."""

    tickets: dict[str, tuple[UUID, UUID | None]] = field(default_factory=dict)
    times_to_live: dict[str, int] = field(default_factory=dict)

    async def put(self, ticket_hash: str, user_id: UUID, session_id: UUID | None, ttl_seconds: int) -> None:
        self.tickets[ticket_hash] = (user_id, session_id)
        self.times_to_live[ticket_hash] = ttl_seconds

    async def take(self, ticket_hash: str) -> tuple[UUID, UUID | None] | None:
        return self.tickets.pop(ticket_hash, None)
