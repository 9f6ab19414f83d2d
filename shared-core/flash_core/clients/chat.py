"""The chat service's generations, as a client."""

from uuid import UUID

from flash_core.clients.http import Sibling
from flash_core.interfaces.generation import GenerationLeaseInterface
from flash_core.schemas.chat import (
    ClaimRequest,
    ClaimResponse,
    FinishRequest,
    HeartbeatRequest,
    HeartbeatResponse,
    ReleaseRequest,
)


class GenerationLeaseClient(GenerationLeaseInterface):
    """A claim is not repeated: an answer that got lost may have been a yes, and the lease then runs out by itself."""

    def __init__(self, chat: Sibling) -> None:
        self._chat = chat

    async def claim(self, generation_id: UUID, worker: str) -> ClaimResponse:
        body = ClaimRequest(worker=worker)
        return await self._chat.post(ClaimResponse, f"{_path(generation_id)}/claim", body, repeat=False)

    async def heartbeat(self, generation_id: UUID, attempt: int) -> bool:
        body = HeartbeatRequest(attempt=attempt)
        answer = await self._chat.post(HeartbeatResponse, f"{_path(generation_id)}/heartbeat", body, seconds=2.5)
        return answer.cancel_requested

    async def finish(self, generation_id: UUID, outcome: FinishRequest) -> None:
        await self._chat.call("POST", f"{_path(generation_id)}/finish", body=outcome)

    async def release(self, generation_id: UUID, left: ReleaseRequest) -> None:
        await self._chat.call("POST", f"{_path(generation_id)}/release", body=left, seconds=2)


def _path(generation_id: UUID) -> str:
    return f"/internal/generations/{generation_id}"
