"""The intent service, as a client."""

from flash_core.clients.http import Sibling
from flash_core.interfaces.intent import IntentInterface
from flash_core.schemas.ai import IntentRequest, IntentResponse


class IntentClient(IntentInterface):
    """`seconds` is the whole budget; past it the caller goes on with the plain question."""

    def __init__(self, ai_intent: Sibling, *, seconds: float) -> None:
        self._ai_intent = ai_intent
        self._seconds = seconds

    async def analyse(self, request: IntentRequest) -> IntentResponse:
        return await self._ai_intent.post(
            IntentResponse, "/internal/intent", request, seconds=self._seconds, repeat=False
        )
