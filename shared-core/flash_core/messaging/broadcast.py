"""`BroadcastInterface` on Redis pub/sub: one connection a process, with a watchdog.

redis-py's pub/sub never notices a half-open connection. So a heartbeat goes through Redis every second and comes back
on the same connection; after three misses the connection is rebuilt and every subscriber is told that it may have
missed something (an empty message).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any
from uuid import uuid4

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from flash_core.clients.redis import translated_errors
from flash_core.interfaces.broadcast import BroadcastInterface
from flash_core.utils.tasks import cancelled, end, together

log = structlog.get_logger(__name__)
_HEARTBEAT_SECONDS = 1.0
_MISSES = 3
_CONFIRM_SECONDS = 1.0
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
        await end([task])


class _Channel:
    """Who listens to a channel in this process, and whether Redis has confirmed that it sends us its messages."""

    def __init__(self) -> None:
        self.queues: set[asyncio.Queue[bytes]] = set()
        self._live = asyncio.Event()
        self._behind = False

    def deliver(self, message: bytes) -> None:
        for queue in self.queues:
            if queue.full():  # a slow reader loses its hints and is told so; it reads its log again
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(GAP)
            else:
                queue.put_nowait(message)

    async def confirmed(self) -> None:
        """Wait for Redis' word; without it the listener goes on, and hears of a gap once there is one."""
        try:
            async with asyncio.timeout(_CONFIRM_SECONDS):
                await self._live.wait()
        except TimeoutError:
            self._behind = True

    def confirm(self) -> None:
        self._live.set()
        if self._behind:
            self._behind = False
            self.deliver(GAP)

    def interrupt(self) -> None:
        self._behind = self._behind or self._live.is_set()
        self._live.clear()


class RedisBroadcast(BroadcastInterface):
    """Only the task of `run` sends commands on the connection: whoever comes or goes leaves it a note."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._pulse = f"pulse:{uuid4()}"
        self._channels: dict[str, _Channel] = {}
        self._changed: asyncio.Queue[str] = asyncio.Queue()
        self._heard = 0.0

    async def publish(self, channel: str, message: bytes) -> None:
        with translated_errors():
            await self._redis.publish(channel, message)

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncIterator[AsyncIterator[bytes]]:
        queue: asyncio.Queue[bytes] = asyncio.Queue(_QUEUED_MESSAGES)
        with self._listening(channel, queue) as one:
            await one.confirmed()
            yield _messages(queue)

    @contextmanager
    def _listening(self, channel: str, queue: asyncio.Queue[bytes]) -> Iterator[_Channel]:
        one = self._channels.get(channel)
        if one is None:
            one = self._channels[channel] = _Channel()
            self._changed.put_nowait(channel)
        one.queues.add(queue)
        try:
            yield one
        finally:
            one.queues.discard(queue)
            if not one.queues:
                del self._channels[channel]
                self._changed.put_nowait(channel)

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        while not cancelled():
            try:
                async with self._redis.pubsub() as pubsub:
                    await self._connected(pubsub)
            except Exception as error:  # noqa: BLE001  # whatever redis-py makes of a broken connection, build another
                log.warning("broadcast.lost", error=type(error).__name__)
            finally:
                for one in self._channels.values():
                    one.interrupt()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _connected(self, pubsub: PubSub) -> None:
        async with asyncio.timeout(_MISSES * _HEARTBEAT_SECONDS):
            await pubsub.connect()  # type: ignore[no-untyped-call]  # redis-py gives it no types
        with _no_silent_reconnect(pubsub):
            self._heard = time.monotonic()
            await together(self._follow(pubsub), self._read(pubsub), self._beat(), self._watch())

    async def _follow(self, pubsub: PubSub) -> None:
        """Be subscribed to what somebody listens to, and to nothing else."""
        await pubsub.subscribe(self._pulse, *self._channels)
        while not cancelled():
            channel = await self._changed.get()
            if channel in self._channels:
                await pubsub.subscribe(channel)
            else:
                await pubsub.unsubscribe(channel)

    async def _read(self, pubsub: PubSub) -> None:
        while not cancelled():
            message = await pubsub.get_message(timeout=_HEARTBEAT_SECONDS)
            if message is None:
                continue
            channel = message["channel"].decode()
            if channel == self._pulse:
                self._heard = time.monotonic()
            elif (one := self._channels.get(channel)) is None:
                continue
            elif message["type"] == "message":
                one.deliver(message["data"])
            elif message["type"] == "subscribe":
                one.confirm()

    async def _beat(self) -> None:
        while not cancelled():
            with suppress(RedisError, TimeoutError):
                async with asyncio.timeout(_HEARTBEAT_SECONDS):
                    await self._redis.publish(self._pulse, b"1")
            await asyncio.sleep(_HEARTBEAT_SECONDS)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_HEARTBEAT_SECONDS / 2)
            if time.monotonic() - self._heard > _MISSES * _HEARTBEAT_SECONDS:
                raise TimeoutError("pub/sub is deaf")


@contextmanager
def _no_silent_reconnect(pubsub: PubSub) -> Iterator[None]:
    """Left alone redis-py connects again by itself, and nobody would hear of what was missed in between."""
    connection: Any = pubsub.connection
    ordinary, connection.retry = connection.retry, Retry(NoBackoff(), 0)
    try:
        yield
    finally:
        connection.retry = ordinary


async def _messages(queue: asyncio.Queue[bytes]) -> AsyncIterator[bytes]:
    while True:
        yield await queue.get()
