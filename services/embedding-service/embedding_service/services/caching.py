"""Vectors that were computed before."""

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np

from flash_core.interfaces.cache import CacheInterface
from flash_core.interfaces.embedding import EmbeddingModel, EmbeddingProviderInterface, Priority, Purpose, Vectors

_TTL_SECONDS: Final = {Priority.INTERACTIVE: 24 * 3600, Priority.BULK: 3600}
"""A question comes again all day; a passage only when an interrupted index run is repeated, and there are so many that
a day of them would not leave Redis, which evicts nothing, room for its queues."""

_STORED: Final = np.dtype("<f4")


class CachedEmbeddings(EmbeddingProviderInterface):
    """Wraps a provider. Entries are raw little-endian float32 under `emb:{model}:{purpose}:{sha256 of the text}`."""

    def __init__(self, inner: EmbeddingProviderInterface, cache: CacheInterface) -> None:
        self._inner = inner
        self._cache = cache

    async def model(self) -> EmbeddingModel:
        return await self._inner.model()

    async def embed(
        self, texts: Sequence[str], *, purpose: Purpose = Purpose.PASSAGE, priority: Priority = Priority.INTERACTIVE
    ) -> Vectors:
        model = await self._inner.model()
        keys = [f"emb:{model.name}:{purpose}:{hashlib.sha256(text.encode()).hexdigest()}" for text in texts]
        vectors = np.empty((len(texts), model.dimension), np.float32)
        missing: list[int] = []
        for place, stored in enumerate(await self._cache.get_many(keys)):
            if stored is None or len(stored) != model.dimension * _STORED.itemsize:
                missing.append(place)
            else:
                vectors[place] = np.frombuffer(stored, _STORED)
        if missing:
            computed = await self._inner.embed([texts[place] for place in missing], purpose=purpose, priority=priority)
            vectors[missing] = computed
            await self._cache.set_many(
                {keys[place]: vectors[place].astype(_STORED).tobytes() for place in missing}, _TTL_SECONDS[priority]
            )
        return vectors

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return await self._inner.count_tokens(texts)
