"""`IntentInterface` that remembers: the same question in the same conversation is understood once."""

import hashlib
from collections.abc import Callable
from datetime import UTC

from flash_core.interfaces.cache import CacheInterface
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.intent import IntentInterface
from flash_core.schemas.ai import IntentRequest, IntentResponse
from flash_core.utils.packing import packed, unpacked

_TTL_SECONDS = 30 * 60
_LAST_TURNS = 20


class CachedIntent(IntentInterface):
    """Keeps what the inner analyser says, not its failures and not what it cost. `version` names all that makes it
    answer otherwise: the prompt, the model, the exemplars. "Last week" is another one tomorrow, so the day in UTC
    belongs to it.
    """

    def __init__(
        self, inner: IntentInterface, cache: CacheInterface, clock: ClockInterface, *, version: Callable[[], str]
    ) -> None:
        self._inner = inner
        self._cache = cache
        self._clock = clock
        self._version = version

    async def analyse(self, request: IntentRequest) -> IntentResponse:
        key = self._key(request)
        known = unpacked(IntentResponse, await self._cache.get(key))
        if known is not None:
            return known
        understood = await self._inner.analyse(request)
        await self._cache.set(key, packed(understood.model_copy(update={"calls": []})), _TTL_SECONDS)
        return understood

    def _key(self, request: IntentRequest) -> str:
        """The conversation's state: its last turns, its facts, the question."""
        state = packed(request.model_copy(update={"history": request.history[-_LAST_TURNS:]}))
        today = self._clock.now().astimezone(UTC).date().isoformat()
        digest = hashlib.sha256(b"\n".join((self._version().encode(), today.encode(), state))).hexdigest()
        return f"intent:{digest}"
