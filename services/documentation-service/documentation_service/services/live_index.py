"""Which collection is searched at the moment, and with which model."""

import time
from collections.abc import Callable
from typing import Final

from documentation_service.interfaces import LiveCollection, LiveIndexInterface
from flash_core.errors import FlashError, NotFoundError, UpstreamUnavailableError
from flash_core.interfaces.embedding import EmbeddingModelsInterface, EmbeddingProviderInterface
from flash_core.interfaces.health import HealthCheckInterface
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.models.vector import CHUNKS

FRESH_SECONDS: Final = 5.0
"""How long a search may go on in the collection that the alias pointed to before. Indexing keeps both alike for longer
(`SETTLE_SECONDS` in its rebuild)."""


class LiveIndex(LiveIndexInterface):
    """Asked for every five seconds at most, so that a search does not pay for it."""

    def __init__(
        self,
        vectors: VectorStoreInterface,
        models: EmbeddingModelsInterface,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._vectors = vectors
        self._models = models
        self._monotonic = monotonic
        self._known: LiveCollection | None = None
        self._ask_again_at = 0.0

    async def current(self) -> LiveCollection | None:
        if self._known is None or self._monotonic() >= self._ask_again_at:
            await self._ask()
        return self._known

    async def embeddings(self, collection: LiveCollection | None) -> EmbeddingProviderInterface:
        model = collection.model if collection else (await self._models.models())[0].name
        return self._models.named(model)

    async def _ask(self) -> None:
        try:
            info = await self._vectors.info(CHUNKS)
            self._known = LiveCollection(info.version, info.model)
        except NotFoundError:
            self._known = None
        except FlashError:
            if self._known is None:
                raise
        self._ask_again_at = self._monotonic() + FRESH_SECONDS


class IndexModelHealth(HealthCheckInterface):
    """Whether questions can be compared with passages by their meaning."""

    name = "index-model"

    def __init__(self, index: LiveIndexInterface, models: EmbeddingModelsInterface) -> None:
        self._index = index
        self._models = models

    async def check(self) -> None:
        live = await self._index.current()
        served = [one.name for one in await self._models.models()]
        if live is not None and live.model not in served:
            raise UpstreamUnavailableError(
                f"The index holds vectors of {live.model}; {', '.join(served)} is served. Searches look at words alone "
                "until the index is rebuilt (it is being rebuilt, unless that was cancelled or has failed)."
            )
