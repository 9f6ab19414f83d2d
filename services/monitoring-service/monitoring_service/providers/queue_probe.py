"""`QueueProbeInterface` on Redis Streams."""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from flash_core.clients.redis import for_a_moment, translated_errors
from flash_core.interfaces.clock import ClockInterface
from flash_core.messaging.events import Event, dead_stream
from flash_core.schemas.monitoring import QueueStatus
from monitoring_service.interfaces import QueueProbeInterface


class RedisQueueProbe(QueueProbeInterface):
    """One line a queue, over all of its partitions. Handled entries are deleted, so a stream's length is its work."""

    def __init__(self, redis: Redis, clock: ClockInterface) -> None:
        self._redis = redis
        self._clock = clock

    async def queues(self) -> Sequence[QueueStatus]:
        with translated_errors():
            async with for_a_moment():
                return [await self._queue(event) for event in Event.by_topic.values()]

    async def _queue(self, event: type[Event]) -> QueueStatus:
        length = pending = dead = 0
        oldest = 0.0
        for stream in event.streams():
            length += await self._redis.xlen(stream)
            pending += await self._pending(stream)
            dead += await self._redis.xlen(dead_stream(stream))
            oldest = max(oldest, await self._age(stream))
        return QueueStatus(
            name=event.queue, waiting=max(0, length - pending), in_progress=pending, oldest_seconds=oldest, dead=dead
        )

    async def _pending(self, stream: str) -> int:
        try:
            groups: Any = await self._redis.xinfo_groups(stream)
        except ResponseError:  # nobody has written to it or read from it yet
            return 0
        return sum(int(group["pending"]) for group in groups)

    async def _age(self, stream: str) -> float:
        """Seconds since the oldest entry was written: an entry's id begins with its epoch milliseconds."""
        oldest: Any = await self._redis.xrange(stream, count=1)
        if not oldest:
            return 0.0
        written = int(oldest[0][0].partition(b"-")[0]) / 1000
        return round(max(0.0, self._clock.now().timestamp() - written), 1)
