"""Every `PairClassifierInterface` says which model it has, and reads pairs in their order."""

from collections.abc import Awaitable, Callable

import numpy as np
import pytest

from embedding_service.interfaces import PairClassifierInterface, PairModel, PairReaderInterface
from embedding_service.services.cross_encoding import CrossEncoder, Turns
from flash_core.errors import UpstreamUnavailableError
from tests.unit.embedding_service.pair_readers import FakePairClassifier, FakePairReader, loaded

Make = Callable[[PairReaderInterface | None], Awaitable[PairClassifierInterface]]


async def _fake(reader: PairReaderInterface | None) -> PairClassifierInterface:
    return FakePairClassifier(reader)


async def _real(reader: PairReaderInterface | None) -> PairClassifierInterface:
    return CrossEncoder("rerank-model", None, lambda _: None, Turns()) if reader is None else await loaded(reader)


@pytest.fixture(params=[_fake, _real], ids=["fake", "cross-encoder"])
def make(request: pytest.FixtureRequest) -> Make:
    found: Make = request.param
    return found


async def test_a_row_a_pair_in_their_order_and_a_column_a_label(make: Make) -> None:
    classifier = await make(FakePairReader(("no", "yes")))
    assert classifier.model == PairModel("fake-pairs", ("no", "yes"))
    classified = await classifier.classify([("q", "x" * length) for length in (9, 2, 7, 4, 5, 1)])
    assert classified.labels == ("no", "yes")
    assert classified.logits.shape == (6, 2)
    assert np.argsort(classified.logits[:, 0]).tolist() == [5, 1, 3, 4, 2, 0]


async def test_without_a_model_nothing_is_read(make: Make) -> None:
    classifier = await make(None)
    assert classifier.model is None
    with pytest.raises(UpstreamUnavailableError):
        await classifier.classify([("q", "x")])
