"""Sealed credentials in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from flash_core.errors import UpstreamRejectedError
from indexing_service.interfaces.sealing import RewrappingInterface, SealedCredentialsInterface


@dataclass
class FakeSealedCredentials(SealedCredentialsInterface):
    sealed: dict[UUID, bytes] = field(default_factory=dict)

    async def all(self) -> dict[UUID, bytes]:
        return dict(self.sealed)

    async def replace(self, source_id: UUID, old: bytes, new: bytes) -> bool:
        if self.sealed.get(source_id) != old:
            return False
        self.sealed[source_id] = new
        return True


@dataclass(frozen=True)
class FakeRewrapping(RewrappingInterface):
    """Seals by writing down the key's name and the source; the first of `keys` seals, the others open."""

    keys: Sequence[str]

    def seal(self, source_id: UUID, secret: str) -> bytes:
        return f"{self.keys[0]} {source_id} {secret}".encode()

    def open(self, source_id: UUID, sealed: bytes) -> str:
        key, source, secret = sealed.decode().split(" ")
        if key not in self.keys or source != str(source_id):
            raise UpstreamRejectedError("Enter the credentials of this source again.")
        return secret

    def is_current(self, sealed: bytes) -> bool:
        return sealed.decode().split(" ")[0] == self.keys[0]

    def rewrapped(self, source_id: UUID, sealed: bytes) -> bytes:
        return self.seal(source_id, self.open(source_id, sealed))
