"""An analyser that may not keep anybody waiting."""

import asyncio

from flash_core.clients.breaker import CircuitBreaker
from flash_core.errors import UpstreamUnavailableError
from flash_core.interfaces.intent import IntentInterface
from flash_core.schemas.ai import IntentRequest, IntentResponse


class BoundedIntent(IntentInterface):
    """Raises `UpstreamUnavailableError` after `seconds`, and at once while the analyser keeps failing."""

    def __init__(self, inner: IntentInterface, breaker: CircuitBreaker, *, seconds: float) -> None:
        self._inner = inner
        self._breaker = breaker
        self._seconds = seconds

    async def analyse(self, request: IntentRequest) -> IntentResponse:
        try:
            async with self._breaker.guard(), asyncio.timeout(self._seconds):
                return await self._inner.analyse(request)
        except TimeoutError as error:
            raise UpstreamUnavailableError(f"Understanding took longer than {self._seconds:g} s.") from error
