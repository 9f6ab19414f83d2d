"""`MessageQueueInterface` on Redis Streams."""

from collections.abc import Sequence

from redis.asyncio import Redis

from flash_core.clients.redis import translated_errors
from flash_core.interfaces.queue import MessageQueueInterface
from flash_core.messaging.events import Event


class RedisMessageQueue(MessageQueueInterface):
    """Appends each event to its stream, in one round trip. Work is never trimmed by length: that would lose it."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def publish(self, events: Sequence[Event]) -> None:
        with translated_errors():
            async with self._redis.pipeline(transaction=False) as pipe:
                for event in events:
                    pipe.xadd(event.stream, {"topic": event.topic, "event": event.model_dump_json()})
                await pipe.execute()
