"""The one consumer loop of the fleet: at-least-once, bounded concurrency, bounded retries, dead letters."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
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

EventT = TypeVar("EventT", bound=Event)

log = structlog.get_logger(__name__)
CONSUMED = Counter("flash_events_consumed_total", "Events by outcome.", ["topic", "group", "outcome"])
RUNNING = Gauge("flash_events_in_progress", "Events being handled now.", ["topic", "group"])
_REDIS_PAUSE_SECONDS = 0.5
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
    of that time that it still works on it. After `max_deliveries` an entry is buried.
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

    Reads no more than `concurrency` entries at a time, so that others get what this member has no room for.
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
        self._streams: Sequence[str] = subscription.event.streams()
        self._group = group
        self._member = member
        self._policy = policy or RetryPolicy()
        self._concurrency = concurrency
        self._slots = asyncio.Semaphore(concurrency)
        self._running: dict[asyncio.Task[None], _Entry] = {}

    async def run(self) -> None:
        """Consume until cancelled; then cancel what is running and wait until it has given up its work."""
        background = [asyncio.create_task(self._keep_alive()), asyncio.create_task(self._take_over())]
        try:
            while True:
                await self._guarded(self._read_new)
        finally:
            tasks = [*background, *self._running]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _guarded(self, step: Callable[[], Awaitable[None]]) -> None:
        """A lost Redis, or a group lost with a wiped Redis, is waited for or made again, not died of."""
        try:
            await step()
        except RedisError as error:
            log.warning("consumer.redis_lost", queue=self._subscription.event.queue, error=type(error).__name__)
            await asyncio.sleep(_REDIS_PAUSE_SECONDS)
            try:
                await self.ensure_groups()
            except RedisError:
                return  # still away; the next step tries again

    async def ensure_groups(self) -> None:
        """Start from "0": events published before the group existed still count."""
        for stream in self._streams:
            try:
                await self._redis.xgroup_create(stream, self._group, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    async def _read_new(self) -> None:
        await self._slots.acquire()
        self._slots.release()
        free = self._concurrency - len(self._running)
        reply: Any = await self._redis.xreadgroup(
            self._group,
            self._member,
            dict.fromkeys(self._streams, ">"),
            count=max(1, free // len(self._streams)),
            block=self._policy.block_ms,
        )
        for stream, entries in reply or []:
            for entry_id, fields in entries:
                await self._start(_Entry(stream.decode(), entry_id, fields))

    async def _take_over(self) -> None:
        """Look regularly for what dead members left behind."""
        while True:
            for stream in self._streams:
                await self._guarded(lambda stream=stream: self._claim_abandoned(stream))  # type: ignore[misc]  # bound now
            await asyncio.sleep(self._policy.retry_after_ms / 3000)

    async def _claim_abandoned(self, stream: str) -> None:
        if self._slots.locked():
            return
        _, entries, *_ = await self._redis.xautoclaim(
            stream, self._group, self._member, self._policy.retry_after_ms, "0-0", count=self._concurrency
        )
        for entry_id, fields in entries:
            await self._start(_Entry(stream, entry_id, fields, await self._deliveries(stream, entry_id)))

    async def _deliveries(self, stream: str, entry_id: bytes) -> int:
        pending = await self._redis.xpending_range(stream, self._group, entry_id, entry_id, 1)
        return max((int(entry["times_delivered"]) for entry in pending), default=1)

    async def _start(self, entry: _Entry) -> None:
        await self._slots.acquire()
        task = asyncio.create_task(self._process(entry))
        self._running[task] = entry
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._slots.release()
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
        except (KeyError, ValidationError):
            log.exception("consumer.malformed", stream=entry.stream, entry_id=entry.id.decode())
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
            return  # stays pending; `_take_over` brings it back
        async with self._redis.pipeline(transaction=True) as pipe:
            if outcome is Outcome.DEAD:
                dead = {**entry.fields, b"entry_id": entry.id}
                pipe.xadd(dead_stream(entry.stream), dead, maxlen=_DEAD_LETTERS_KEPT, approximate=True)  # type: ignore[arg-type]  # redis-py's dict is invariant
            pipe.xack(entry.stream, self._group, entry.id)
            pipe.xdel(entry.stream, entry.id)
            await pipe.execute()

    async def _keep_alive(self) -> None:
        """Say of everything that is being handled that its member lives."""
        while True:
            await asyncio.sleep(self._policy.retry_after_ms / 3000)
            await self._guarded(self._refresh_running)

    async def _refresh_running(self) -> None:
        by_stream: dict[str, list[bytes]] = {}
        for entry in self._running.values():
            by_stream.setdefault(entry.stream, []).append(entry.id)
        for stream, ids in by_stream.items():
            await self._redis.xclaim(stream, self._group, self._member, 0, ids, idle=0, justid=True)  # type: ignore[arg-type]  # redis-py wants a list of a union
