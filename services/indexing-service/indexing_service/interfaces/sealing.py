"""What the change of the keys that seal credentials needs."""

from abc import abstractmethod
from typing import Protocol
from uuid import UUID


class SealedCredentialsInterface(Protocol):
    """Credentials of sources as they are stored."""

    @abstractmethod
    async def all(self) -> dict[UUID, bytes]:
        """By source; those of sources that have any."""

    @abstractmethod
    async def replace(self, source_id: UUID, old: bytes, new: bytes) -> bool:
        """Whether it was done: not if they were changed or removed meanwhile."""


class RewrappingInterface(Protocol):
    """Moves sealed credentials to the key that seals now, without opening them."""

    @abstractmethod
    def is_current(self, sealed: bytes) -> bool: ...

    @abstractmethod
    def rewrapped(self, source_id: UUID, sealed: bytes) -> bytes:
        """`UpstreamRejectedError`, saying what to do, when no key that is set opens them."""
