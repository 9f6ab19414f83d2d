"""Understanding a question."""

from abc import abstractmethod
from typing import Protocol

from flash_core.schemas.ai import IntentRequest, IntentResponse


class IntentInterface(Protocol):
    """Says what kind of question it is and makes it stand alone. `UpstreamUnavailableError` when it can't now."""

    @abstractmethod
    async def analyse(self, request: IntentRequest) -> IntentResponse: ...
