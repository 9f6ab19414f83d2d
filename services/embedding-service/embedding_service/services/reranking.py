"""`RerankerInterface` on a cross-encoder."""

from collections.abc import Sequence

import numpy as np

from embedding_service.interfaces import PairClassifierInterface, PairModel
from flash_core.errors import InvalidInputError
from flash_core.interfaces.reranker import RerankerInterface


class CrossEncoderReranker(RerankerInterface):
    """One logit is a relevance by itself; of two, the second one's share is."""

    def __init__(self, encoder: PairClassifierInterface) -> None:
        self._encoder = encoder

    async def name(self) -> str | None:
        model = self._encoder.model
        return model.name if model else None

    async def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        classified = await self._encoder.classify([(query, text) for text in texts])
        # In double precision: near 1, neighbours of a strong reranker would be equal in single.
        logits = classified.logits.astype(np.float64)
        margin = logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]
        scores: list[float] = (1 / (1 + np.exp(-margin))).tolist()
        return scores


def reranks(model: PairModel) -> None:
    """Raise `InvalidInputError` for a model of another kind."""
    if len(model.labels) not in {1, 2}:
        raise InvalidInputError(
            f"{model.name} is no reranker: it tells {len(model.labels)} classes apart ({', '.join(model.labels)})."
        )
