"""What was computed is kept as bytes, and losing all of it only costs time."""

import asyncio

import numpy as np

from embedding_service.config import BatchPolicy
from embedding_service.services.batching import BatchingEmbeddings
from embedding_service.services.caching import CachedEmbeddings
from flash_core.interfaces.embedding import Priority, Purpose
from flash_core.testing.fakes import FakeCache, FakeEmbeddingProvider
from flash_core.testing.waiting import eventually
from tests.unit.embedding_service.fakes import HeldModel


async def test_a_text_is_computed_once() -> None:
    model, cache = FakeEmbeddingProvider(), FakeCache()
    embeddings = CachedEmbeddings(model, cache)
    first = await embeddings.embed(["one", "two"])
    second = await embeddings.embed(["three", "two", "one"])
    assert [texts for texts, _, _ in model.calls] == [["one", "two"], ["three"]]
    assert np.array_equal(second[[2, 1]], first)


async def test_entries_are_raw_float32_under_the_models_name() -> None:
    model, cache = FakeEmbeddingProvider(dimension=8, name="m"), FakeCache()
    vectors = await CachedEmbeddings(model, cache).embed(["text"], purpose=Purpose.QUERY)
    [(key, value)] = cache.values.items()
    assert key == "emb:m:query:982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1"
    assert np.array_equal(np.frombuffer(value, "<f4"), vectors[0])


async def test_questions_and_passages_are_kept_apart() -> None:
    model = FakeEmbeddingProvider()
    embeddings = CachedEmbeddings(model, FakeCache())
    for purpose in Purpose:
        await embeddings.embed(["text"], purpose=purpose)
    assert len(model.calls) == 2


async def test_passages_of_an_index_run_are_kept_for_a_shorter_time() -> None:
    cache = FakeCache()
    embeddings = CachedEmbeddings(FakeEmbeddingProvider(), cache)
    await embeddings.embed(["question"], purpose=Purpose.QUERY)
    await embeddings.embed(["passage"], priority=Priority.BULK)
    assert sorted(cache.times_to_live.values()) == [3_600, 86_400]


async def test_an_entry_of_another_length_is_computed_anew() -> None:
    model, cache = FakeEmbeddingProvider(), FakeCache()
    embeddings = CachedEmbeddings(model, cache)
    first = await embeddings.embed(["text"])
    cache.values = {key: value[:-1] for key, value in cache.values.items()}
    assert np.array_equal(await embeddings.embed(["text"]), first)
    assert len(model.calls) == 2


async def test_the_model_is_that_of_what_is_wrapped() -> None:
    model = FakeEmbeddingProvider()
    assert await CachedEmbeddings(model, FakeCache()).model() == await model.model()


async def test_models_do_not_see_each_others_vectors() -> None:
    cache = FakeCache()
    first, second = FakeEmbeddingProvider(name="a@1"), FakeEmbeddingProvider(name="a@2")
    for model in (first, second, first):
        await CachedEmbeddings(model, cache).embed(["text"])
    assert (len(first.calls), len(second.calls)) == (1, 1)


async def test_a_hot_text_whose_entry_expires_is_computed_once_for_everyone() -> None:
    model, cache = HeldModel(), FakeCache()
    policy = BatchPolicy(size=4, window_seconds=0.001, concurrency=1, queue_size=100)
    embeddings = CachedEmbeddings(BatchingEmbeddings(model, policy), cache)
    for expiries in (1, 2):
        cache.values.clear()
        model.free.clear()
        asking = [asyncio.create_task(embeddings.embed(["hot"], purpose=Purpose.QUERY)) for _ in range(20)]
        await eventually(lambda expiries=expiries: len(model.calls) == expiries)  # type: ignore[misc]  # bound now
        model.free.set()
        vectors = await asyncio.gather(*asking)
        assert all(np.array_equal(one, vectors[0]) for one in vectors)
    assert model.batches == [["hot"], ["hot"]]
