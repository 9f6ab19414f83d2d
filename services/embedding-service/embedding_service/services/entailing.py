"""`EntailmentModelInterface` on a cross-encoder for natural language inference."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from embedding_service.interfaces import PairClassifierInterface, PairModel
from flash_core.errors import InvalidInputError
from flash_core.interfaces.entailment import Claim, EntailmentModelInterface

_ENTAILMENT: Final = "entailment"
"""The label whose share is the support; models differ in where it stands."""


class CrossEncoderEntailment(EntailmentModelInterface):
    """The passage is the premise, the statement the hypothesis."""

    def __init__(self, encoder: PairClassifierInterface) -> None:
        self._encoder = encoder

    async def name(self) -> str | None:
        model = self._encoder.model
        return model.name if model else None

    async def supported(self, claims: Sequence[Claim]) -> list[float]:
        classified = await self._encoder.classify([(claim.passage, claim.statement) for claim in claims])
        logits = classified.logits.astype(np.float64)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        supported: list[float] = (shares[:, _place(classified.labels)] / shares.sum(axis=1)).tolist()
        return supported


def infers(model: PairModel) -> None:
    """Raise `InvalidInputError` for a model of another kind."""
    if _ENTAILMENT not in _lowered(model.labels):
        raise InvalidInputError(
            f"{model.name} is no model of inference: none of its labels ({', '.join(model.labels)}) is {_ENTAILMENT!r}."
        )


def _place(labels: Sequence[str]) -> int:
    return _lowered(labels).index(_ENTAILMENT)


def _lowered(labels: Sequence[str]) -> list[str]:
    return [label.lower() for label in labels]
