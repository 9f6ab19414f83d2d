"""What a service needs from the message queue: to announce a fact, durably."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from flash_core.messaging.events import Event


class MessageQueueInterface(Protocol):
    """Delivers events at least once to the consumer group of their stream.

    Order holds within one partition only until a redelivery. Raises `UpstreamUnavailableError` when some event may
    not have been stored; the caller (the outbox relay, a reconciler) tries all of them again.
    """

    @abstractmethod
    async def publish(self, events: Sequence[Event]) -> None: ...
