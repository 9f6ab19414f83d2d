"""Cross-encoders that a test holds in its hands."""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from embedding_service.interfaces import (
    Classified,
    Logits,
    PairClassifierInterface,
    PairModel,
    PairReaderInterface,
    TextPair,
)
from embedding_service.services.cross_encoding import CrossEncoder, Turns
from flash_core.errors import UpstreamUnavailableError


class FakePairReader(PairReaderInterface):
    """A pair's logits are its lengths: as many as there are labels, each larger than the one before."""

    def __init__(self, labels: Sequence[str] = ("LABEL_0",)) -> None:
        self.model = PairModel("fake-pairs", tuple(labels))
        self.calls: list[list[TextPair]] = []
        self.free = threading.Event()
        self.free.set()

    def logits(self, pairs: Sequence[TextPair]) -> Logits:
        self.calls.append(list(pairs))
        assert self.free.wait(10)
        places = np.arange(1, len(self.model.labels) + 1)
        return np.array([0.1 * len(text) * places for _, text in pairs], np.float32).reshape(-1, len(places))


class FakeCrossEncoder:
    """What the adapter uses of `sentence_transformers.CrossEncoder`: one number a pair when there is one label."""

    def __init__(self, labels: int) -> None:
        self._labels = labels

    def predict(self, pairs: list[TextPair], *, activation_fn: Any, show_progress_bar: bool) -> Any:
        assert not show_progress_bar
        rows = np.array([[len(one) + place for place in range(self._labels)] for one, _ in pairs], np.float64)
        return activation_fn(rows[:, 0] if self._labels == 1 else rows)


class FakePairClassifier(PairClassifierInterface):
    """Reads at once what `reader` says; without one there is no model."""

    def __init__(self, reader: PairReaderInterface | None) -> None:
        self._reader = reader

    @property
    def model(self) -> PairModel | None:
        return self._reader.model if self._reader else None

    async def classify(self, pairs: Sequence[TextPair]) -> Classified:
        if self._reader is None:
            raise UpstreamUnavailableError("There is no model.")
        return Classified(self._reader.model.labels, self._reader.logits(pairs))


async def loaded(reader: PairReaderInterface, turns: Turns | None = None) -> CrossEncoder:
    encoder = CrossEncoder("rerank-model", lambda: reader, lambda _: None, turns or Turns())
    encoder.start()
    await encoder.settled()
    return encoder
