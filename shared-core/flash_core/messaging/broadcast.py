"""`BroadcastInterface` on Redis pub/sub: one connection a process, with a watchdog.

redis-py's pub/sub never notices a half-open connection. So a heartbeat goes through Redis every second and comes back
on the same connection; after three misses the connection is rebuilt and every subscriber is told that it may have
missed something (an empty message).
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from flash_core.clients.redis import translated_errors
from flash_core.interfaces.broadcast import BroadcastInterface

log = structlog.get_logger(__name__)
_HEARTBEAT_SECONDS = 1.0
_MISSES = 3
_PAUSE_SECONDS = 0.2
_QUEUED_MESSAGES = 1_000
GAP = b""
"""What a subscriber receives when messages may have been lost."""


@asynccontextmanager
async def open_broadcast(redis: Redis) -> AsyncIterator["RedisBroadcast"]:
    broadcast = RedisBroadcast(redis)
    task = asyncio.create_task(broadcast.run(), name="broadcast")
    try:
        yield broadcast
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class RedisBroadcast(BroadcastInterface):
    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._pulse = f"pulse:{uuid4()}"
        self._listeners: dict[str, set[asyncio.Queue[bytes]]] = {}
        self._pubsub: PubSub | None = None
        self._heard = 0.0

    async def publish(self, channel: str, message: bytes) -> None:
        with translated_errors():
            await self._redis.publish(channel, message)

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncIterator[AsyncIterator[bytes]]:
        queue: asyncio.Queue[bytes] = asyncio.Queue(_QUEUED_MESSAGES)
        listeners = self._listeners.setdefault(channel, set())
        listeners.add(queue)
        try:
            if len(listeners) == 1:
                await self._tell("subscribe", channel)
            yield _messages(queue)
        finally:
            listeners.discard(queue)
            if not listeners and self._listeners.get(channel) is listeners:
                del self._listeners[channel]
                await asyncio.shield(self._tell("unsubscribe", channel))

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await self._connected(pubsub)
            except* (RedisError, OSError, TimeoutError) as errors:
                log.warning("broadcast.lost", error=type(errors.exceptions[0]).__name__)
            finally:
                self._pubsub = None
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _connected(self, pubsub: PubSub) -> None:
        await pubsub.subscribe(self._pulse, *self._listeners)
        self._pubsub, self._heard = pubsub, time.monotonic()
        for channel in list(self._listeners):
            self._deliver(channel, GAP)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read(pubsub))
            group.create_task(self._watch())

    async def _read(self, pubsub: PubSub) -> None:
        while True:
            message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=_HEARTBEAT_SECONDS)
            if message is None:
                continue
            channel = message["channel"].decode()
            if channel == self._pulse:
                self._heard = time.monotonic()
            else:
                self._deliver(channel, message["data"])

    async def _watch(self) -> None:
        while True:
            await self._redis.publish(self._pulse, b"1")
            await asyncio.sleep(_HEARTBEAT_SECONDS)
            if time.monotonic() - self._heard > _MISSES * _HEARTBEAT_SECONDS:
                raise TimeoutError("pub/sub is deaf")

    def _deliver(self, channel: str, message: bytes) -> None:
        for queue in self._listeners.get(channel, ()):
            if queue.full():  # a slow reader loses its hints and is told so; it reads its log again
                while not queue.empty():
                    queue.get_nowait()
                message = GAP
            queue.put_nowait(message)

    async def _tell(self, command: str, channel: str) -> None:
        """(Un)subscribe on the living connection; a broken one subscribes to everything when it is rebuilt."""
        if self._pubsub is not None:
            with suppress(RedisError, OSError):
                await getattr(self._pubsub, command)(channel)


async def _messages(queue: asyncio.Queue[bytes]) -> AsyncIterator[bytes]:
    while True:
        yield await queue.get()
