"""The one consumer loop of the fleet: at-least-once, bounded concurrency, bounded retries, dead letters."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

import structlog
from prometheus_client import Counter, Gauge
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from flash_core.errors import DuplicateEventError
from flash_core.interfaces.worker import WorkerInterface
from flash_core.messaging.events import Event, dead_stream
from flash_core.utils.tasks import cancelled, end, together

EventT = TypeVar("EventT", bound=Event)

log = structlog.get_logger(__name__)
CONSUMED = Counter("flash_events_consumed_total", "Events by outcome.", ["topic", "group", "outcome"])
RUNNING = Gauge("flash_events_in_progress", "Events being handled now.", ["topic", "group"])
_REDIS_PAUSE_SECONDS = 0.5
_GIVE_BACK_SECONDS = 1.0
_PARTIAL_BLOCK_MS = 100
_DEAD_LETTERS_KEPT = 10_000


class Outcome(StrEnum):
    HANDLED = "handled"
    DUPLICATE = "duplicate"
    RETRY = "retry"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Subscription(Generic[EventT]):
    """`handler` sees every `event` at least once; it must be idempotent. What it raises is tried again later."""

    event: type[EventT]
    handler: Callable[[EventT], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """An entry whose consumer has been silent for `retry_after_ms` is taken over; a living consumer says every third
    of that time that it still works on it. After `max_deliveries` an entry is buried. `block_ms`: how long one read
    waits, less than the connection's own time-out.
    """

    max_deliveries: int = 5
    retry_after_ms: int = 10_000
    block_ms: int = 1_000


@dataclass(frozen=True, slots=True)
class _Entry:
    stream: str
    id: bytes
    fields: dict[bytes, bytes]
    deliveries: int = 1


class StreamConsumer(WorkerInterface, Generic[EventT]):
    """Feeds one subscription from all partitions of its queue, as one member of a consumer group.

    Holds no more than `concurrency` entries at a time, so that others get what this member has no room for.
    """

    def __init__(
        self,
        redis: Redis,
        subscription: Subscription[EventT],
        *,
        group: str,
        member: str,
        concurrency: int = 16,
        policy: RetryPolicy | None = None,
    ) -> None:
        self.name = f"consumer:{subscription.event.topic}"
        self._redis = redis
        self._subscription = subscription
        self._streams = subscription.event.streams()
        self._turn = 0
        self._group = group
        self._member = member
        self._policy = policy or RetryPolicy()
        self._concurrency = concurrency
        self._held: dict[asyncio.Task[None], _Entry] = {}
        self._room = asyncio.Event()
        self._room.set()
        self._claim_at = 0.0
        self._cursors: dict[str, Any] = {}

    async def run(self) -> None:
        """Consume until cancelled; then cancel what is running, wait until it has given up its work and let others
        take it over at once.
        """
        try:
            await together(
                self._forever(self._take, 0), self._forever(self._refresh, self._policy.retry_after_ms / 3000)
            )
        finally:
            await self._give_back()

    async def _forever(self, step: Callable[[], Awaitable[None]], pause_seconds: float) -> None:
        await self._guarded(self.ensure_groups)
        while not cancelled():
            await self._guarded(step)
            await asyncio.sleep(pause_seconds)

    async def _guarded(self, step: Callable[[], Awaitable[None]]) -> None:
        """A lost Redis, or a group lost with a wiped Redis, is waited for or made again, not died of."""
        try:
            await step()
        except RedisError as error:
            log.warning("consumer.redis_lost", queue=self._subscription.event.queue, error=type(error).__name__)
            if "NOGROUP" not in str(error):
                await asyncio.sleep(_REDIS_PAUSE_SECONDS)
            with suppress(RedisError):  # still away; the next step tries again
                await self.ensure_groups()

    async def ensure_groups(self) -> None:
        """Start from "0": events published before the group existed still count."""
        for stream in self._streams:
            try:
                await self._redis.xgroup_create(stream, self._group, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    async def _take(self) -> None:
        """One look for work, when there is room for some: what dead members left, in its time, or what is new."""
        await self._room.wait()
        if time.monotonic() >= self._claim_at:
            await self._claim_abandoned()
            self._claim_at = time.monotonic() + self._policy.retry_after_ms / 3000
        else:
            await self._read_new()

    async def _read_new(self) -> None:
        streams, count, block_ms = self._reach()
        reply: Any = await self._redis.xreadgroup(
            self._group, self._member, dict.fromkeys(streams, ">"), count=count, block=block_ms
        )
        for stream, entries in reply or []:
            for entry_id, fields in entries:
                self._start(_Entry(stream.decode(), entry_id, fields))

    def _reach(self) -> tuple[list[str], int, int]:
        """Which streams to read, how many entries of each and how long to wait, so that all that comes has room.

        COUNT holds for each stream. With less room than streams only some are read, in turn and not for long.
        """
        until_claim = max(1, round((self._claim_at - time.monotonic()) * 1000))
        block_ms = min(self._policy.block_ms, until_claim)
        if self._free >= len(self._streams):
            return self._streams, self._free // len(self._streams), block_ms
        self._turn = (self._turn + self._free) % len(self._streams)
        some = [*self._streams[self._turn :], *self._streams[: self._turn]][: self._free]
        return some, 1, min(block_ms, _PARTIAL_BLOCK_MS)

    async def _claim_abandoned(self) -> None:
        for stream in self._streams:
            if self._free == 0:
                return
            self._cursors[stream], entries, *_ = await self._redis.xautoclaim(
                stream,
                self._group,
                self._member,
                self._policy.retry_after_ms,
                self._cursors.get(stream, "0-0"),
                count=self._free,
            )
            held = {(entry.stream, entry.id) for entry in self._held.values()}
            for entry_id, fields in entries:
                if (stream, entry_id) not in held:  # else this member was only late in saying that it lives
                    self._start(_Entry(stream, entry_id, fields, await self._deliveries(stream, entry_id)))

    async def _deliveries(self, stream: str, entry_id: bytes) -> int:
        pending = await self._redis.xpending_range(stream, self._group, entry_id, entry_id, 1)
        return max((int(entry["times_delivered"]) for entry in pending), default=1)

    @property
    def _free(self) -> int:
        return max(0, self._concurrency - len(self._held))

    def _start(self, entry: _Entry) -> None:
        task = asyncio.create_task(self._process(entry))
        self._held[task] = entry
        task.add_done_callback(self._ended)
        if not self._free:
            self._room.clear()

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._held[task]
        self._room.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("consumer.unsettled", error=type(error).__name__)  # stays pending; is delivered again

    async def _process(self, entry: _Entry) -> None:
        gauge = RUNNING.labels(self._subscription.event.topic, self._group)
        with gauge.track_inprogress():
            outcome = await self._handle(entry)
        await self._settle(entry, outcome)

    async def _handle(self, entry: _Entry) -> Outcome:
        if entry.deliveries > self._policy.max_deliveries:
            log.error("consumer.poison", stream=entry.stream, deliveries=entry.deliveries)
            return Outcome.DEAD  # it killed its handlers before they could say so
        try:
            event = self._subscription.event.model_validate_json(entry.fields[b"event"])
        except (KeyError, ValidationError) as error:
            log.error(  # noqa: TRY400  # the trace would show the payload
                "consumer.malformed", stream=entry.stream, entry_id=entry.id.decode(), error=type(error).__name__
            )
            return Outcome.DEAD
        with structlog.contextvars.bound_contextvars(event_id=str(event.event_id), request_id=event.request_id):
            return await self._delivered(event, entry.deliveries)

    async def _delivered(self, event: EventT, deliveries: int) -> Outcome:
        try:
            await self._subscription.handler(event)
        except DuplicateEventError:
            return Outcome.DUPLICATE
        except Exception:  # the boundary: nothing a handler does may stop the loop
            log.exception("consumer.failed", topic=event.topic, deliveries=deliveries)
            return Outcome.DEAD if deliveries >= self._policy.max_deliveries else Outcome.RETRY
        return Outcome.HANDLED

    async def _settle(self, entry: _Entry, outcome: Outcome) -> None:
        CONSUMED.labels(self._subscription.event.topic, self._group, outcome).inc()
        if outcome is Outcome.RETRY:
            return  # stays pending; `_claim_abandoned` brings it back
        async with self._redis.pipeline(transaction=True) as pipe:
            if outcome is Outcome.DEAD:
                dead = {**entry.fields, b"entry_id": entry.id}
                pipe.xadd(dead_stream(entry.stream), dead, maxlen=_DEAD_LETTERS_KEPT, approximate=True)  # type: ignore[arg-type]  # redis-py's dict is invariant
            pipe.xack(entry.stream, self._group, entry.id)
            pipe.xdel(entry.stream, entry.id)
            await pipe.execute()

    async def _refresh(self) -> None:
        """Say of everything that is being handled that its member lives."""
        await self._mark(self._held.values(), idle_ms=0)

    async def _give_back(self) -> None:
        held = dict(self._held)
        await end(held)
        unsettled = [entry for task, entry in held.items() if task.cancelled() or task.exception() is not None]
        with suppress(RedisError, TimeoutError):
            async with asyncio.timeout(_GIVE_BACK_SECONDS):
                await self._mark(unsettled, idle_ms=self._policy.retry_after_ms, back=True)

    async def _mark(self, entries: Iterable[_Entry], *, idle_ms: int, back: bool = False) -> None:
        """Set how long the entries' member seems to have been silent. `back`: this delivery does not count."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for entry in entries:
                count = max(0, entry.deliveries - 1) if back else entry.deliveries
                pipe.xclaim(
                    entry.stream, self._group, self._member, 0, [entry.id], idle=idle_ms, retrycount=count, justid=True
                )
            await pipe.execute()
