"""Texts of many callers go through the model together, in a fair order, once each."""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from embedding_service.config import BatchPolicy
from embedding_service.services.batching import BatchingEmbeddings
from flash_core.errors import OverloadedError, UpstreamUnavailableError
from flash_core.interfaces.embedding import Priority, Purpose, Vectors
from flash_core.testing.waiting import eventually
from tests.unit.embedding_service.fakes import HeldModel


def policy(
    size: int = 4, *, window: float = 0.001, concurrency: int = 1, queue: int = 100, apart: bool = False
) -> BatchPolicy:
    return BatchPolicy(size=size, window_seconds=window, concurrency=concurrency, queue_size=queue, apart=apart)


class Bench:
    """A held model behind a batcher, and the callers that the test started."""

    def __init__(self, rules: BatchPolicy) -> None:
        self.model = HeldModel()
        self.batching = BatchingEmbeddings(self.model, rules)
        self.callers: list[asyncio.Task[Vectors]] = []

    def call(
        self, *texts: str, purpose: Purpose = Purpose.PASSAGE, priority: Priority = Priority.INTERACTIVE
    ) -> asyncio.Task[Vectors]:
        caller = asyncio.create_task(self.batching.embed(texts, purpose=purpose, priority=priority))
        self.callers.append(caller)
        return caller

    async def occupy(self) -> None:
        """The model is at work, and whatever is called now waits."""
        self.call("first")
        await eventually(lambda: self.model.batches)

    async def served(self) -> list[list[str]]:
        """What the model was given, in order, after letting it work."""
        await asyncio.sleep(0)  # the callers that were just made take their places
        self.model.free.set()
        await asyncio.gather(*self.callers, return_exceptions=True)
        return self.model.batches


async def test_concurrent_calls_become_one_model_call() -> None:
    bench = Bench(policy(4, window=5))
    calls = [bench.call(text) for text in ("one", "two", "three", "four")]
    assert len(await bench.served()) == 1
    alone = await bench.model.embed(["three"])
    assert np.array_equal(await calls[2], alone)


async def test_an_idle_model_waits_only_for_its_window() -> None:
    bench = Bench(policy(100, window=0.002))
    bench.call("alone")
    assert await bench.served() == [["alone"]]


async def test_every_caller_gets_its_vectors_in_its_order() -> None:
    bench = Bench(policy(3))
    texts = ["a much longer text", "short", "a middle one", "short", "x"]
    call = bench.call(*texts)
    await bench.served()
    expected = np.concatenate([await bench.model.embed([text]) for text in texts])
    assert np.array_equal(await call, expected)


async def test_nothing_asked_nothing_computed() -> None:
    bench = Bench(policy())
    assert (await bench.batching.embed([])).shape == (0, bench.model.dimension)
    assert not bench.model.calls


async def test_people_go_before_index_runs() -> None:
    bench = Bench(policy(2))
    await bench.occupy()
    bench.call("bulk 1", "bulk 2", "bulk 3", priority=Priority.BULK)
    bench.call("question")
    assert await bench.served() == [["first"], ["question"], ["bulk 1", "bulk 2"], ["bulk 3"]]
    assert [priority for _, _, priority in bench.model.calls] == [
        Priority.INTERACTIVE,
        Priority.INTERACTIVE,
        Priority.BULK,
        Priority.BULK,
    ]


async def test_index_runs_are_not_starved_by_people() -> None:
    bench = Bench(policy(1))
    await bench.occupy()
    bench.call("bulk", priority=Priority.BULK)
    bench.call(*(f"question {number}" for number in range(40)))
    order = [batch[0] for batch in await bench.served()]
    assert order.index("bulk") < len(order) - 10


async def test_people_do_not_wait_for_a_batch_of_an_index_run_where_both_are_computed_apart() -> None:
    bench = Bench(policy(2, apart=True))
    bench.call(*(f"passage {number}" for number in range(6)), priority=Priority.BULK)
    await eventually(lambda: bench.model.batches)
    bench.call("a question")
    await eventually(lambda: ["a question"] in bench.model.batches)
    assert len(bench.model.batches) == 2
    assert len(await bench.served()) == 4


async def test_a_long_call_does_not_hold_up_a_short_one() -> None:
    bench = Bench(policy(4))
    await bench.occupy()
    bench.call(*(f"long {number:02}" for number in range(40)))
    bench.call("short")
    batches = await bench.served()
    assert "short" in batches[1]


async def test_calls_of_index_runs_are_answered_one_after_the_other() -> None:
    bench = Bench(policy(4))
    await bench.occupy()
    for name in ("one", "two"):
        bench.call(*(f"{name} {number}" for number in range(8)), priority=Priority.BULK)
    batches = await bench.served()
    assert [{text[:3] for text in batch} for batch in batches[1:]] == [{"one"}, {"one"}, {"two"}, {"two"}]


async def test_neighbours_in_a_batch_are_of_similar_length() -> None:
    bench = Bench(policy(2))
    await bench.occupy()
    bench.call("a", "very long indeed", "bb", "another long text")
    assert await bench.served() == [["first"], ["another long text", "very long indeed"], ["bb", "a"]]


async def test_questions_and_passages_do_not_share_a_batch() -> None:
    bench = Bench(policy(4))
    await bench.occupy()
    bench.call("a question", purpose=Purpose.QUERY)
    bench.call("a passage", purpose=Purpose.PASSAGE)
    bench.call("another question", purpose=Purpose.QUERY)
    assert await bench.served() == [["first"], ["a question", "another question"], ["a passage"]]


async def test_the_same_text_wanted_by_many_is_computed_once() -> None:
    bench = Bench(policy(8))
    await bench.occupy()
    calls = [bench.call("the same", "own" + str(number)) for number in range(3)]
    calls.append(bench.call("first"))  # the model is computing it already
    await bench.served()
    computed = [text for batch in bench.model.batches for text in batch]
    assert sorted(computed) == ["first", "own0", "own1", "own2", "the same"]
    same = [(await call)[0] for call in calls[:3]]
    assert np.array_equal(same[0], same[1])
    assert np.array_equal(same[0], same[2])


async def test_a_question_does_not_wait_behind_the_index_run_that_wants_the_same_text() -> None:
    bench = Bench(policy(1))
    await bench.occupy()
    bench.call("longer text", "shared", priority=Priority.BULK)
    bench.call("shared")
    assert await bench.served() == [["first"], ["shared"], ["longer text"]]


async def test_a_cancelled_caller_takes_its_work_with_it() -> None:
    bench = Bench(policy(1))
    await bench.occupy()
    leaving = bench.call("abandoned", "wanted by both")
    staying = bench.call("wanted by both")
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await bench.served() == [["first"], ["wanted by both"]]
    assert (await staying).shape == (1, bench.model.dimension)


async def test_a_caller_that_leaves_during_its_computation_disturbs_nobody() -> None:
    bench = Bench(policy(4))
    leaving = bench.call("poison")
    await eventually(lambda: bench.model.batches)
    leaving.cancel()
    staying = bench.call("fine")
    await bench.served()
    assert (await staying).shape == (1, bench.model.dimension)


async def test_a_failing_batch_fails_its_own_callers_only() -> None:
    bench = Bench(policy(2))
    await bench.occupy()
    partner, unlucky = bench.call("partner"), bench.call("poison")
    lucky = bench.call("fine")
    await bench.served()
    for failed in (partner, unlucky):
        with pytest.raises(ValueError, match="poison"):
            await failed
    assert (await lucky).shape == (1, bench.model.dimension)


async def test_after_a_failed_batch_the_rest_of_that_call_is_not_computed() -> None:
    bench = Bench(policy(1))
    call = bench.call("poison", "b", "a")
    assert await bench.served() == [["poison"]]
    with pytest.raises(ValueError, match="poison"):
        await call


async def test_a_full_queue_refuses_and_says_when_to_come_back() -> None:
    bench = Bench(policy(1, queue=2))
    await bench.occupy()
    bench.call("one", "two")
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError) as refused:
        await bench.batching.embed(["three"])
    assert 1 <= refused.value.retry_after <= 60
    assert len(await bench.served()) == 3


async def test_index_runs_that_wait_do_not_refuse_people() -> None:
    bench = Bench(policy(1, queue=2))
    await bench.occupy()
    bench.call("one", "two", priority=Priority.BULK)
    question = bench.call("question")
    await bench.served()
    assert (await question).shape == (1, bench.model.dimension)


async def test_a_call_larger_than_the_queue_is_served_when_nobody_waits() -> None:
    bench = Bench(policy(2, queue=2))
    call = bench.call("a", "b", "c", "d")
    await bench.served()
    assert (await call).shape == (4, bench.model.dimension)


async def test_a_far_model_gets_several_calls_at_once() -> None:
    bench = Bench(policy(1, concurrency=3))
    for number in range(5):
        bench.call(f"text {number}")
    await eventually(lambda: len(bench.model.batches) == 3)
    assert len(await bench.served()) == 5


async def test_stopping_ends_every_wait() -> None:
    bench = Bench(policy(1))
    await bench.occupy()
    waiting = bench.call("waiting")
    await asyncio.sleep(0)
    await bench.batching.aclose()
    for caller in (bench.callers[0], waiting):
        with pytest.raises(UpstreamUnavailableError):
            await caller


async def test_a_batcher_is_asked_for_the_model_of_what_it_wraps() -> None:
    bench = Bench(policy())
    assert await bench.batching.model() == await bench.model.model()


@pytest.mark.parametrize("sizes", [(1, 1, 1), (7, 1, 30), (50, 50)])
async def test_a_crowd_of_calls_gets_everything_it_asked_for(sizes: Sequence[int]) -> None:
    bench = Bench(policy(8, concurrency=2, queue=1_000))
    bench.model.free.set()
    calls = [
        bench.call(*(f"{number} of caller {caller}" for number in range(size))) for caller, size in enumerate(sizes)
    ]
    for size, call in zip(sizes, calls, strict=True):
        assert (await call).shape == (size, bench.model.dimension)


async def test_whoever_comes_as_the_model_falls_idle_is_served() -> None:
    bench = Bench(policy(4, window=0))
    bench.model.free.set()
    for number in range(50):  # each right after the one before
        assert (await bench.batching.embed([f"text {number}"])).shape == (1, bench.model.dimension)
