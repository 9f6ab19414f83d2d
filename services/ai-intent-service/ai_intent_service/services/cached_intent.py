"""`IntentInterface` that remembers: the same question in the same conversation is understood once."""

import hashlib

from pydantic import ValidationError

from flash_core.interfaces.cache import CacheInterface
from flash_core.interfaces.intent import IntentInterface
from flash_core.schemas.ai import IntentRequest, IntentResponse

_TTL_SECONDS = 30 * 60


class CachedIntent(IntentInterface):
    """`version` names the prompt and the model: another one has other entries."""

    def __init__(self, inner: IntentInterface, cache: CacheInterface, *, version: str) -> None:
        self._inner = inner
        self._cache = cache
        self._version = version

    async def analyse(self, request: IntentRequest) -> IntentResponse:
        key = self._key(request)
        known = await self._cache.get(key)
        if known is not None:
            try:
                return IntentResponse.model_validate_json(known)
            except ValidationError:  # written by another version of this service
                known = None
        understood = await self._inner.analyse(request)
        await self._cache.set(key, understood.model_dump_json().encode(), _TTL_SECONDS)
        return understood

    def _key(self, request: IntentRequest) -> str:
        digest = hashlib.sha256(f"{self._version}\n{request.model_dump_json()}".encode()).hexdigest()
        return f"intent:{digest}"
