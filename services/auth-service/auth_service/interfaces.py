"""What the auth use cases speak of and need: accounts, sessions, keys, and where they are kept."""

from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from flash_core.interfaces.persistence import TransactionInterface
from flash_core.models.user import Principal, UserRole


class AccountKind(StrEnum):
    """A PERSON signs in with e-mail and password, a SERVICE with its id and a generated secret."""

    PERSON = "person"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Account:
    """Someone or something that may sign in. `password_hash` is Argon2id's, `secret_hash` SHA-256's."""

    id: UUID
    kind: AccountKind
    name: str
    roles: frozenset[UserRole]
    groups: frozenset[str]
    created_at: datetime
    email: str | None = None
    disabled: bool = False
    password_hash: str | None = field(default=None, repr=False)
    secret_hash: bytes | None = field(default=None, repr=False)

    @property
    def governs(self) -> bool:
        """Whether this person can administrate now; one such person has to remain."""
        return self.kind is AccountKind.PERSON and not self.disabled and UserRole.ADMIN in self.roles

    def principal(self, session_id: UUID | None = None) -> Principal:
        return Principal(self.id, self.roles, self.groups, session_id)


@dataclass(frozen=True, slots=True)
class Group:
    """People who see the same documents. The name is what documents carry, so it never changes."""

    id: UUID
    name: str
    members: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in: the family of refresh tokens that descend from it."""

    id: UUID
    user_id: UUID
    created_at: datetime
    expires_at: datetime
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`prefix` is shown so that people can tell their keys apart; of the key itself only the SHA-256 is kept."""

    id: UUID
    user_id: UUID
    name: str
    prefix: str
    key_hash: bytes = field(repr=False)
    created_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key: `public` is its JWK, `sealed` the encrypted private part.

    It is published from `created_at`, signs from `activated_at` to `retired_at`, and stays published a little longer.
    """

    kid: str
    public: Mapping[str, str]
    sealed: bytes = field(repr=False)
    created_at: datetime
    activated_at: datetime | None = None
    retired_at: datetime | None = None


class AccountRepositoryInterface(Protocol):
    """Accounts with the names of their groups. `add` and `save` make groups that do not exist yet."""

    @abstractmethod
    async def get(self, account_id: UUID, *, lock: bool = False) -> Account | None:
        """With `lock`, other transactions that lock the same account wait for the end of this one."""

    @abstractmethod
    async def by_email(self, email: str) -> Account | None: ...

    @abstractmethod
    async def page(self, kind: AccountKind, after: UUID | None, limit: int) -> Sequence[Account]:
        """By ascending id, those after `after`."""

    @abstractmethod
    async def existing(self, account_ids: Collection[UUID]) -> frozenset[UUID]:
        """Those of the ids that are accounts."""

    @abstractmethod
    async def add(self, account: Account) -> None:
        """Raise `ConflictError` if the e-mail is taken."""

    @abstractmethod
    async def save(self, account: Account) -> None: ...

    @abstractmethod
    async def remove(self, account_id: UUID) -> None:
        """With its sessions, keys and memberships."""

    @abstractmethod
    async def lock_governing(self) -> frozenset[UUID]:
        """The people who can administrate now; until this transaction ends, no other one gets past this call."""


class GroupRepositoryInterface(Protocol):
    @abstractmethod
    async def get(self, group_id: UUID) -> Group | None: ...

    @abstractmethod
    async def page(self, after: UUID | None, limit: int) -> Sequence[Group]:
        """By ascending id, those after `after`."""

    @abstractmethod
    async def add(self, group: Group) -> None:
        """Raise `ConflictError` if the name is taken."""

    @abstractmethod
    async def set_members(self, group_id: UUID, members: Collection[UUID]) -> None:
        """Every member is an existing account."""

    @abstractmethod
    async def remove(self, group_id: UUID) -> None: ...


class SessionRepositoryInterface(Protocol):
    """Sessions and the hashes of their refresh tokens, each of which works once."""

    @abstractmethod
    async def start(self, session: Session, token_hash: bytes) -> None: ...

    @abstractmethod
    async def get(self, session_id: UUID, *, lock: bool = False) -> Session | None:
        """With `lock`, nobody else renews or ends the session until this transaction ends."""

    @abstractmethod
    async def page(self, user_id: UUID, after: UUID | None, limit: int) -> Sequence[Session]:
        """By ascending id, those after `after`."""

    @abstractmethod
    async def use(self, token_hash: bytes, at: datetime) -> bool:
        """Mark the token as used; False if it was used before, or there is none."""

    @abstractmethod
    async def of_token(self, token_hash: bytes) -> UUID | None:
        """The session of a token, used or not."""

    @abstractmethod
    async def renew(self, session_id: UUID, token_hash: bytes, expires_at: datetime) -> None:
        """Give the session, which is locked, its next token."""

    @abstractmethod
    async def end(self, session_id: UUID) -> bool:
        """False if there was none."""

    @abstractmethod
    async def end_all(self, user_id: UUID) -> Sequence[UUID]:
        """The ids of those that were ended."""

    @abstractmethod
    async def purge(self, now: datetime, used_before: datetime) -> int:
        """Remove what has expired by `now` and tokens used before `used_before`; the number of sessions removed."""


class ApiKeyRepositoryInterface(Protocol):
    @abstractmethod
    async def add(self, key: ApiKey) -> None: ...

    @abstractmethod
    async def get(self, key_id: UUID) -> ApiKey | None: ...

    @abstractmethod
    async def by_hash(self, key_hash: bytes) -> ApiKey | None: ...

    @abstractmethod
    async def page(self, user_id: UUID | None, after: UUID | None, limit: int) -> Sequence[ApiKey]:
        """By ascending id, those after `after`; of everyone if `user_id` is None."""

    @abstractmethod
    async def used(self, key_id: UUID, at: datetime) -> None: ...

    @abstractmethod
    async def remove(self, key_id: UUID) -> None: ...


class SigningKeyRepositoryInterface(Protocol):
    @abstractmethod
    async def lock(self) -> None:
        """Until this transaction ends, no other one gets past this call, even where there are no keys yet."""

    @abstractmethod
    async def all(self) -> Sequence[SigningKey]:
        """By ascending `created_at`, then kid."""

    @abstractmethod
    async def save(self, key: SigningKey) -> None:
        """Add it, or overwrite its times."""

    @abstractmethod
    async def remove(self, kid: str) -> None: ...


class AuthUnitOfWorkInterface(TransactionInterface, Protocol):
    accounts: AccountRepositoryInterface
    groups: GroupRepositoryInterface
    sessions: SessionRepositoryInterface
    api_keys: ApiKeyRepositoryInterface
    signing_keys: SigningKeyRepositoryInterface


AuthUnitOfWorkFactory = Callable[[], AuthUnitOfWorkInterface]


class PasswordHasherInterface(Protocol):
    """Slow on purpose. Raises `OverloadedError` when too many wait already."""

    @abstractmethod
    async def hash(self, password: str) -> str: ...

    @abstractmethod
    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Takes as long without a hash (nobody has that name: False) as with one."""


class TokenSignerInterface(Protocol):
    """Makes Ed25519 keys and signs JWTs with them."""

    @abstractmethod
    def new_key(self, at: datetime) -> SigningKey:
        """A key that is not active yet."""

    @abstractmethod
    def can_sign_with(self, key: SigningKey) -> bool:
        """False if the private part was sealed under another secret."""

    @abstractmethod
    def sign(self, key: SigningKey, claims: Mapping[str, Any]) -> str:
        """The compact JWT."""


class AccessTokensInterface(Protocol):
    """Access tokens of this fleet, and the keys behind them."""

    @abstractmethod
    async def issue(self, principal: Principal, at: datetime, *, csrf: str | None = None) -> str:
        """A signed token for what `principal` was at the moment `at`; with `csrf`, one for the page's cookie."""

    @abstractmethod
    async def public_keys(self) -> Sequence[Mapping[str, str]]:
        """The JWKs that verifiers need: the current, the next, and for a while the previous one."""

    @abstractmethod
    async def rotate(self) -> None:
        """Make the first keys, replace the current one when it is old, forget what nobody needs. Safe to repeat."""


class RevocationsInterface(Protocol):
    """Tells the verifiers at once what they would otherwise learn when tokens or remembered keys run out.

    Best effort: never raises.
    """

    @abstractmethod
    async def sessions_ended(self, session_ids: Collection[UUID]) -> None: ...

    @abstractmethod
    async def users_changed(self, user_ids: Collection[UUID], at: datetime) -> None:
        """Tokens that describe these users as they were at `at`, or before, are void."""

    @abstractmethod
    async def api_key_ended(self, key_hash: bytes) -> None: ...


class TicketStoreInterface(Protocol):
    """Keeps who a ticket was made for. Raises `UpstreamUnavailableError` when it can't."""

    @abstractmethod
    async def put(self, ticket_hash: str, user_id: UUID, session_id: UUID | None, ttl_seconds: int) -> None: ...

    @abstractmethod
    async def take(self, ticket_hash: str) -> tuple[UUID, UUID | None] | None:
        """The user and session, once; None if there is no such ticket (any more)."""
