"""The embedding service, as a provider."""

from collections.abc import Sequence

import numpy as np

from flash_core.clients.http import Sibling
from flash_core.interfaces.embedding import EmbeddingModel, EmbeddingProviderInterface, Priority, Purpose, Vectors
from flash_core.schemas.embedding import EmbeddingModelResponse, EmbedRequest, EmbedResponse

_SECONDS = {Priority.INTERACTIVE: 5.0, Priority.BULK: 300.0}
_TEXTS_A_CALL = 512


class EmbeddingClient(EmbeddingProviderInterface):
    """The model is asked for anew with every `model` call: the service may be restarted with another one."""

    def __init__(self, embedding: Sibling) -> None:
        self._embedding = embedding

    async def model(self) -> EmbeddingModel:
        answer = await self._embedding.get(EmbeddingModelResponse, "/internal/model")
        return EmbeddingModel(answer.name, answer.dimension, answer.max_tokens)

    async def embed(
        self, texts: Sequence[str], *, purpose: Purpose = Purpose.PASSAGE, priority: Priority = Priority.INTERACTIVE
    ) -> Vectors:
        parts = [
            await self._part(texts[start : start + _TEXTS_A_CALL], purpose, priority)
            for start in range(0, len(texts), _TEXTS_A_CALL)
        ]
        return np.concatenate(parts) if parts else np.empty((0, 0), np.float32)

    async def _part(self, texts: Sequence[str], purpose: Purpose, priority: Priority) -> Vectors:
        request = EmbedRequest(texts=list(texts), purpose=purpose, priority=priority)
        answer = await self._embedding.post(EmbedResponse, "/internal/embeddings", request, seconds=_SECONDS[priority])
        flat = np.frombuffer(b"".join(answer.vectors), dtype="<f4")
        return flat.reshape(len(texts), answer.dimension)
