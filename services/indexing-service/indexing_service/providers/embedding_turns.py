"""Few calls to the embedding service at a time, however many documents are under way."""

import asyncio
from collections.abc import Sequence

from flash_core.interfaces.embedding import (
    EmbeddingModel,
    EmbeddingModelsInterface,
    EmbeddingProviderInterface,
    Priority,
    Purpose,
    Vectors,
)


class EmbeddingTurns(EmbeddingModelsInterface):
    """First come, first served, so that all sources have their share; what waits here does not wait there, where it
    would be refused when it is too much.
    """

    def __init__(self, models: EmbeddingModelsInterface, *, at_once: int = 12) -> None:
        self._models = models
        self._places = asyncio.Semaphore(at_once)

    async def models(self) -> Sequence[EmbeddingModel]:
        return await self._models.models()

    def named(self, name: str) -> EmbeddingProviderInterface:
        return _InTurn(self._models.named(name), self._places)


class _InTurn(EmbeddingProviderInterface):
    def __init__(self, provider: EmbeddingProviderInterface, places: asyncio.Semaphore) -> None:
        self._provider = provider
        self._places = places

    async def model(self) -> EmbeddingModel:
        return await self._provider.model()

    async def embed(
        self, texts: Sequence[str], *, purpose: Purpose = Purpose.PASSAGE, priority: Priority = Priority.INTERACTIVE
    ) -> Vectors:
        async with self._places:
            return await self._provider.embed(texts, purpose=purpose, priority=priority)

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        async with self._places:
            return await self._provider.count_tokens(texts)
