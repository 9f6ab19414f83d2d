"""Working implementations of the interfaces, for tests. They pass the same contracts as the real ones."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

import numpy as np

from flash_core.errors import ConflictError, FencedError, NotFoundError, UnauthenticatedError
from flash_core.interfaces.answer_log import AnswerLogInterface, LoggedFrame, Position, wake_channel
from flash_core.interfaces.broadcast import BroadcastInterface
from flash_core.interfaces.cache import CacheInterface
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.embedding import (
    EmbeddingModel,
    EmbeddingModelsInterface,
    EmbeddingProviderInterface,
    Priority,
    Purpose,
    Vectors,
)
from flash_core.interfaces.health import HealthCheckInterface
from flash_core.interfaces.idempotency import IdempotencyStoreInterface, StoredResponse
from flash_core.interfaces.identity import AuthenticatorInterface, IdentitySourceInterface, ServiceTokenInterface
from flash_core.interfaces.persistence import OutboxInterface, UnitOfWorkInterface
from flash_core.interfaces.queue import MessageQueueInterface
from flash_core.interfaces.rate_limit import RateLimit, RateLimiterInterface
from flash_core.interfaces.single_flight import Fetched, Origin, SingleFlightInterface
from flash_core.messaging.events import Event
from flash_core.models.user import Principal
from flash_core.utils.shared_calls import SharedCalls


@dataclass
class FrozenClock(ClockInterface):
    at: datetime

    def now(self) -> datetime:
        return self.at

    def advance(self, **delta: float) -> None:
        """Move on by a `timedelta`'s arguments."""
        self.at += timedelta(**delta)


@dataclass
class FakeOutbox(OutboxInterface):
    events: list[Event] = field(default_factory=list)

    def add(self, event: Event) -> None:
        self.events.append(event)


class FakeUnitOfWork(UnitOfWorkInterface):
    """Counts commits. It does not roll back: subclasses that need that keep their own copy."""

    def __init__(self) -> None:
        self.outbox: FakeOutbox = FakeOutbox()
        self.commits = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def commit(self) -> None:
        self.commits += 1


@dataclass
class FakeQueue(MessageQueueInterface):
    events: list[Event] = field(default_factory=list)

    async def publish(self, events: Sequence[Event]) -> None:
        self.events.extend(events)


class FakeBroadcast(BroadcastInterface):
    """Delivers within the process, in order."""

    def __init__(self) -> None:
        self.published: list[tuple[str, bytes]] = []
        self._listeners: dict[str, list[asyncio.Queue[bytes]]] = {}

    async def publish(self, channel: str, message: bytes) -> None:
        self.published.append((channel, message))
        for queue in self._listeners.get(channel, ()):
            queue.put_nowait(message)

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncIterator[AsyncIterator[bytes]]:
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._listeners.setdefault(channel, []).append(queue)
        try:
            yield _drain(queue)
        finally:
            self._listeners[channel].remove(queue)


async def _drain(queue: asyncio.Queue[bytes]) -> AsyncIterator[bytes]:
    while True:
        yield await queue.get()


@dataclass
class FakeAnswerLog(AnswerLogInterface):
    """`broadcast`, when given, is told of appends as the real log tells Redis."""

    logs: dict[UUID, list[LoggedFrame]] = field(default_factory=dict)
    broadcast: BroadcastInterface | None = None

    async def append(self, generation_id: UUID, frames: Sequence[LoggedFrame]) -> None:
        log = self.logs.setdefault(generation_id, [])
        for one in frames:
            if one in log:
                continue
            if log and one.position <= log[-1].position:
                raise FencedError("A newer attempt writes this answer.")
            log.append(one)
        if self.broadcast is not None:
            await self.broadcast.publish(wake_channel(generation_id), str(frames[-1].position).encode())

    async def read(self, generation_id: UUID, after: Position) -> list[LoggedFrame]:
        return [one for one in self.logs.get(generation_id, ()) if one.position > after]


@dataclass
class FakeCache(CacheInterface):
    """Never expires; `times_to_live` records what was asked for."""

    values: dict[str, bytes] = field(default_factory=dict)
    times_to_live: dict[str, int] = field(default_factory=dict)

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        return [self.values.get(key) for key in keys]

    async def set_many(self, values: Mapping[str, bytes], ttl_seconds: int) -> None:
        self.values.update(values)
        self.times_to_live.update(dict.fromkeys(values, ttl_seconds))


@dataclass
class FakeSingleFlight(SingleFlightInterface):
    """One process with its own cache."""

    cache: FakeCache = field(default_factory=FakeCache)
    _calls: SharedCalls[Fetched] = field(default_factory=SharedCalls)

    async def fetch(
        self,
        key: str,
        origin: Origin,
        *,
        ttl_seconds: int,
        patience_seconds: float = 10.0,  # noqa: ARG002  # there is no other process to wait for
    ) -> Fetched:
        async def call() -> Fetched:
            value = await self.cache.get(key)
            if value is not None:
                return Fetched(value, shared=True)
            made = await origin()
            if made.keep:
                await self.cache.set(key, made.value, ttl_seconds)
            return Fetched(made.value, shared=False)

        fetched, joined = await self._calls.run(key, call)
        return Fetched(fetched.value, shared=True) if joined else fetched


@dataclass
class FakeIdempotencyStore(IdempotencyStoreInterface):
    entries: dict[str, tuple[str, StoredResponse | None]] = field(default_factory=dict)
    held: list[str] = field(default_factory=list)

    async def begin(self, key: str, fingerprint: str) -> StoredResponse | None:
        if key not in self.entries:
            self.entries[key] = (fingerprint, None)
            return None
        first, response = self.entries[key]
        if first != fingerprint or response is None:
            raise ConflictError("This Idempotency-Key was used already.")
        return response

    async def hold(self, key: str) -> None:
        self.held.append(key)

    async def complete(self, key: str, fingerprint: str, response: StoredResponse) -> None:
        self.entries[key] = (fingerprint, response)

    async def abandon(self, key: str) -> None:
        self.entries.pop(key, None)


@dataclass
class FakeAuthenticator(AuthenticatorInterface, ServiceTokenInterface):
    """Tokens are keys of `users`; a cookie's CSRF token is "csrf"; the service token is "service" or a user's."""

    users: dict[str, Principal] = field(default_factory=dict)

    async def bearer(self, token: str) -> Principal:
        if token not in self.users:
            raise UnauthenticatedError("The token is not valid.")
        return self.users[token]

    async def cookie(self, token: str) -> tuple[Principal, str]:
        return await self.bearer(token), "csrf"

    def internal(self, token: str) -> Principal | None:
        if token == "service":  # noqa: S105  # a fake
            return None
        if token not in self.users:
            raise UnauthenticatedError("This route is for services of the fleet.")
        return self.users[token]

    def issue(self, principal: Principal | None = None) -> str:
        if principal is None:
            return "service"
        token = f"on-behalf-of-{principal.user_id}"
        self.users[token] = principal
        return token


@dataclass
class FakeIdentitySource(IdentitySourceInterface):
    """`keys` are the published JWKs, `users` whom each API key stands for."""

    keys: list[Mapping[str, str]] = field(default_factory=list)
    users: dict[str, Principal] = field(default_factory=dict)

    async def public_keys(self) -> Mapping[str, object]:
        return {"keys": [dict(key) for key in self.keys]}

    async def api_key(self, key: str) -> Principal:
        if key not in self.users:
            raise UnauthenticatedError("The API key is not valid.")
        return self.users[key]


@dataclass
class FakeRateLimiter(RateLimiterInterface):
    """The same algorithm as Redis', on a clock that a test can hold."""

    clock: ClockInterface
    arrivals: dict[str, float] = field(default_factory=dict)

    async def take(self, key: str, limit: RateLimit, cost: int = 1) -> float:
        now = self.clock.now().timestamp()
        arrival = max(self.arrivals.get(key, now), now) + limit.interval * cost
        wait = arrival - limit.interval * limit.burst - now
        if wait > 1e-9:  # noqa: PLR2004  # what adding floats may cost
            return wait
        self.arrivals[key] = arrival
        return 0.0

    async def give_back(self, key: str, limit: RateLimit, cost: int = 1) -> None:
        await self.take(key, limit, -cost)


@dataclass
class FakeHealthCheck(HealthCheckInterface):
    name: str = "fake"
    error: Exception | None = None

    async def check(self) -> None:
        if self.error is not None:
            raise self.error


@dataclass
class FakeEmbeddingProvider(EmbeddingProviderInterface):
    """Bags of hashed words: texts that share words are near each other, and the same text is the same vector.

    `error`, when set, is raised by every call.
    """

    dimension: int = 64
    name: str = "fake"
    calls: list[tuple[list[str], Purpose, Priority]] = field(default_factory=list)
    error: Exception | None = None

    async def model(self) -> EmbeddingModel:
        if self.error is not None:
            raise self.error
        return EmbeddingModel(self.name, self.dimension, 256)

    async def embed(
        self, texts: Sequence[str], *, purpose: Purpose = Purpose.PASSAGE, priority: Priority = Priority.INTERACTIVE
    ) -> Vectors:
        self.calls.append((list(texts), purpose, priority))
        if self.error is not None:
            raise self.error
        return np.stack([self._vector(text) for text in texts]) if texts else np.empty((0, self.dimension), np.float32)

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        if self.error is not None:
            raise self.error
        return [len(text.split()) for text in texts]

    def _vector(self, text: str) -> Vectors:
        vector = np.zeros(self.dimension, np.float32)
        for word in text.lower().split():
            vector[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4]) % self.dimension] += 1
        norm = float(np.linalg.norm(vector))
        if norm == 0:
            vector[0] = norm = 1.0
        return vector / np.float32(norm)


@dataclass
class FakeEmbeddingModels(EmbeddingModelsInterface):
    """Serves what `providers` holds at the moment; the first is the one that is set."""

    providers: list[FakeEmbeddingProvider] = field(default_factory=lambda: [FakeEmbeddingProvider()])

    async def models(self) -> list[EmbeddingModel]:
        return [await one.model() for one in self.providers]

    def named(self, name: str) -> EmbeddingProviderInterface:
        return _NamedFake(self, name)


@dataclass
class _NamedFake(EmbeddingProviderInterface):
    served: FakeEmbeddingModels
    name: str

    async def model(self) -> EmbeddingModel:
        return await self._provider().model()

    async def embed(
        self, texts: Sequence[str], *, purpose: Purpose = Purpose.PASSAGE, priority: Priority = Priority.INTERACTIVE
    ) -> Vectors:
        return await self._provider().embed(texts, purpose=purpose, priority=priority)

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return await self._provider().count_tokens(texts)

    def _provider(self) -> FakeEmbeddingProvider:
        for one in self.served.providers:
            if one.name == self.name:
                return one
        raise NotFoundError(f"No embedding model {self.name} is served.")
