"""What a use case needs from persistence, whatever keeps the data."""

from abc import abstractmethod
from types import TracebackType
from typing import Protocol, Self

from flash_core.messaging.events import Event


class OutboxInterface(Protocol):
    """Events that leave the service if, and only if, the transaction commits."""

    @abstractmethod
    def add(self, event: Event) -> None: ...


class TransactionInterface(Protocol):
    """One transaction. Leaving without `commit` rolls back.

    Raises `UpstreamUnavailableError` when the database can't be reached and `ConflictError` when a constraint says no.
    """

    @abstractmethod
    async def __aenter__(self) -> Self: ...

    @abstractmethod
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @abstractmethod
    async def commit(self) -> None: ...


class UnitOfWorkInterface(TransactionInterface, Protocol):
    """A transaction of a service that also announces facts."""

    outbox: OutboxInterface
