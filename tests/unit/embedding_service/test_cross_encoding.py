"""A cross-encoder serves everyone who asks, in turn, and nothing breaks when there is none."""

import asyncio
import threading
from collections.abc import Sequence

import numpy as np
import pytest

from embedding_service.interfaces import PairModel, PairReaderInterface
from embedding_service.services.cross_encoding import PAIRS_A_CALL, CrossEncoder, Turns
from embedding_service.services.entailing import CrossEncoderEntailment, infers
from embedding_service.services.reranking import CrossEncoderReranker, reranks
from flash_core.errors import InvalidInputError, OverloadedError, UpstreamUnavailableError
from flash_core.interfaces.entailment import Claim
from flash_core.testing.waiting import eventually
from tests.unit.embedding_service.pair_readers import FakePairReader, loaded

NLI = ("contradiction", "Entailment", "neutral")


def pairs(count: int) -> list[tuple[str, str]]:
    return [("question", "x" * ((7 * number) % 11)) for number in range(count)]


async def test_every_pair_gets_its_own_logits_whatever_the_order_of_computing() -> None:
    reader = FakePairReader()
    classified = await (await loaded(reader)).classify(pairs(11))
    assert np.allclose(classified.logits[:, 0], [0.1 * len(text) for _, text in pairs(11)])
    assert classified.labels == ("LABEL_0",)


async def test_calls_are_small_and_of_similar_length() -> None:
    reader = FakePairReader()
    await (await loaded(reader)).classify(pairs(11))
    assert [len(call) for call in reader.calls] == [PAIRS_A_CALL, PAIRS_A_CALL, 3]
    lengths = [len(text) for call in reader.calls for _, text in call]
    assert lengths == sorted(lengths)


async def test_requests_take_turns_in_the_order_of_their_arrival() -> None:
    reader, turns = FakePairReader(), Turns()
    first, second = await loaded(reader, turns), await loaded(reader, turns)
    reader.free.clear()
    asked = [
        asyncio.create_task(first.classify([("a", "1")] * 6)),
        asyncio.create_task(second.classify([("b", "2")] * 6)),
    ]
    await eventually(lambda: reader.calls)
    reader.free.set()
    await asyncio.gather(*asked)
    assert [call[0][0] for call in reader.calls] == ["a", "a", "b", "b"]
    assert turns.waiting == []


async def test_whoever_leaves_gives_up_the_rest_of_the_pairs() -> None:
    reader = FakePairReader()
    encoder = await loaded(reader)
    reader.free.clear()
    leaving = asyncio.create_task(encoder.classify(pairs(40)))
    await eventually(lambda: reader.calls)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    reader.free.set()
    await encoder.classify([("stays", "here")])
    assert len(reader.calls) == 2


async def test_a_crowd_is_told_to_come_back() -> None:
    reader = FakePairReader()
    encoder = await loaded(reader)
    reader.free.clear()
    waiting = asyncio.create_task(encoder.classify(pairs(500)))
    await eventually(lambda: reader.calls)
    with pytest.raises(OverloadedError):
        await encoder.classify(pairs(20))
    fits = asyncio.create_task(encoder.classify(pairs(3)))
    reader.free.set()
    await asyncio.gather(waiting, fits)


async def test_a_request_that_is_larger_than_the_queue_is_served_when_nobody_waits() -> None:
    assert len((await (await loaded(FakePairReader())).classify(pairs(600))).logits) == 600


async def test_without_a_setting_there_is_no_model_and_no_complaint() -> None:
    encoder = CrossEncoder("rerank-model", None, reranks, Turns())
    encoder.start()
    await encoder.settled()
    await encoder.check()
    assert encoder.model is None
    with pytest.raises(UpstreamUnavailableError, match="rerank-model"):
        await encoder.classify(pairs(1))
    await encoder.aclose()


@pytest.mark.parametrize(
    ("error", "said"),
    [(InvalidInputError("There is no folder /models/x."), "no folder /models/x"), (KeyError("secret"), "KeyError")],
    ids=["a-wrong-setting", "a-librarys-error"],
)
async def test_a_model_that_cannot_be_loaded_shows_in_health(error: Exception, said: str) -> None:
    def load() -> PairReaderInterface:
        raise error

    encoder = CrossEncoder("rerank-model", load, reranks, Turns())
    encoder.start()
    await encoder.settled()
    assert encoder.model is None
    with pytest.raises(UpstreamUnavailableError, match=said) as failure:
        await encoder.check()
    assert "secret" not in str(failure.value)


async def test_a_model_for_something_else_is_not_used() -> None:
    encoder = CrossEncoder("rerank-model", lambda: FakePairReader(NLI), reranks, Turns())
    encoder.start()
    await encoder.settled()
    assert encoder.model is None
    with pytest.raises(UpstreamUnavailableError, match="3 classes"):
        await encoder.check()


async def test_the_service_starts_and_stops_while_a_model_is_being_loaded() -> None:
    free = threading.Event()

    def load() -> PairReaderInterface:
        assert free.wait(10)
        return FakePairReader()

    encoder = CrossEncoder("rerank-model", load, reranks, Turns())
    encoder.start()
    assert encoder.model is None
    await encoder.check()
    await encoder.aclose()
    free.set()
    assert encoder.model is None


@pytest.mark.parametrize("labels", [("one",), ("no", "yes")], ids=["sigmoid", "softmax"])
async def test_relevance_is_a_probability_that_grows_with_the_logit(labels: Sequence[str]) -> None:
    reranker = CrossEncoderReranker(await loaded(FakePairReader(labels)))
    scores = await reranker.scores("question", ["x" * 20, "", "x" * 5])
    assert scores == pytest.approx([1 / (1 + np.exp(-2.0)), 0.5, 1 / (1 + np.exp(-0.5))])
    assert await reranker.name() == "fake-pairs"


async def test_strong_scores_stay_apart() -> None:
    lower, higher = await CrossEncoderReranker(await loaded(FakePairReader())).scores("q", ["x" * 200, "x" * 205])
    assert lower < higher <= 1


@pytest.mark.parametrize(("labels", "place"), [(NLI, 1), (("entailment", "not_entailment"), 0)])
async def test_support_is_the_share_of_the_label_that_the_model_calls_entailment(
    labels: Sequence[str], place: int
) -> None:
    entailment = CrossEncoderEntailment(await loaded(FakePairReader(labels)))
    [supported] = await entailment.supported([Claim(passage="p", statement="x" * 10)])
    logits = np.arange(1, len(labels) + 1)
    assert supported == pytest.approx(np.exp(logits[place]) / np.exp(logits).sum())
    assert await entailment.name() == "fake-pairs"


async def test_the_passage_is_the_premise() -> None:
    reader = FakePairReader(NLI)
    await CrossEncoderEntailment(await loaded(reader)).supported([Claim(passage="It says.", statement="It claims.")])
    assert reader.calls == [[("It says.", "It claims.")]]


async def test_nothing_asked_nothing_read() -> None:
    reader = FakePairReader(NLI)
    encoder = await loaded(reader)
    assert await CrossEncoderEntailment(encoder).supported([]) == []
    assert await CrossEncoderReranker(encoder).scores("q", []) == []
    assert not reader.calls


async def test_no_model_has_no_name() -> None:
    encoder = CrossEncoder("rerank-model", None, reranks, Turns())
    assert await CrossEncoderReranker(encoder).name() is None
    assert await CrossEncoderEntailment(encoder).name() is None


def test_models_are_told_apart_by_their_labels() -> None:
    for labels in (("LABEL_0",), ("no", "yes")):
        reranks(PairModel("m", labels))
        with pytest.raises(InvalidInputError, match="entailment"):
            infers(PairModel("m", labels))
    infers(PairModel("m", NLI))
    with pytest.raises(InvalidInputError, match="Entailment"):
        reranks(PairModel("m", NLI))
