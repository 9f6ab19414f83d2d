"""Whether there is a model to ask."""

from flash_core.interfaces.embedding import EmbeddingProviderInterface
from flash_core.interfaces.health import HealthCheckInterface


class ModelHealth(HealthCheckInterface):
    def __init__(self, embeddings: EmbeddingProviderInterface, name: str = "embedding-model") -> None:
        self.name = name
        self._embeddings = embeddings

    async def check(self) -> None:
        await self._embeddings.model()
