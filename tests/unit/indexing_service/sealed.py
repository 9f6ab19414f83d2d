"""Sealed credentials in memory."""

from dataclasses import dataclass, field
from uuid import UUID

from indexing_service.interfaces.sealing import SealedCredentialsInterface


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
