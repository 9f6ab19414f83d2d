"""What every provider of vectors promises, whoever computes them."""

from collections.abc import AsyncIterator

import numpy as np
import pytest

from embedding_service.config import BatchPolicy
from embedding_service.interfaces import TokenCounterInterface
from embedding_service.providers.sentence_transformers import SentenceTransformerEmbeddings
from embedding_service.services.batching import BatchingEmbeddings
from embedding_service.services.caching import CachedEmbeddings
from flash_core.clients.embedding import EmbeddingClient
from flash_core.clients.http import HttpClient
from flash_core.interfaces.embedding import EmbeddingProviderInterface, Priority, Purpose
from flash_core.testing.fakes import FakeAuthenticator, FakeCache, FakeEmbeddingProvider
from tests.unit.embedding_service.fakes import PROMPTS, EmbeddingServer, FakeTransformer, WordCounter, packaged_model
from tests.unit.embedding_service.test_embedding_api import serving

POLICY = BatchPolicy(size=3, window_seconds=0.001, concurrency=1, queue_size=100)


@pytest.fixture(params=["fake", "onnx", "sentence-transformers", "openai", "batching", "cached", "client"])
async def provider(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[EmbeddingProviderInterface]:
    match request.param:
        case "fake":
            yield FakeEmbeddingProvider()
        case "onnx":
            yield packaged_model(tmp_path_factory)
        case "sentence-transformers":
            yield SentenceTransformerEmbeddings(FakeTransformer(), "fake", PROMPTS)
        case "openai":
            yield EmbeddingServer().provider()
        case "batching":
            yield BatchingEmbeddings(FakeEmbeddingProvider(), POLICY)
        case "cached":
            yield CachedEmbeddings(FakeEmbeddingProvider(), FakeCache())
        case "client":
            async with serving(FakeEmbeddingProvider()) as client:
                yield EmbeddingClient(HttpClient(client, FakeAuthenticator()).sibling("http://embedding"))


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("priority", list(Priority))
async def test_every_text_has_a_float32_vector_of_norm_one(
    provider: EmbeddingProviderInterface, purpose: Purpose, priority: Priority
) -> None:
    vectors = await provider.embed(["one", "two words", "three more words", "one"], purpose=purpose, priority=priority)
    assert vectors.shape == (4, (await provider.model()).dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


async def test_the_same_text_is_the_same_vector_and_another_is_not(provider: EmbeddingProviderInterface) -> None:
    first = await provider.embed(["a dog", "a cat"])
    again = await provider.embed(["a cat", "something else entirely", "a dog"])
    assert np.allclose(first, again[[2, 0]], atol=1e-6)
    assert not np.allclose(first[0], first[1], atol=1e-3)


async def test_the_model_does_not_change(provider: EmbeddingProviderInterface) -> None:
    model = await provider.model()
    assert await provider.model() == model
    assert model.name
    assert model.dimension > 0
    assert model.max_tokens > 0


async def test_a_long_text_is_cut_not_refused(provider: EmbeddingProviderInterface) -> None:
    assert (await provider.embed(["word " * 2_000])).shape[0] == 1


async def test_tokens_are_counted_text_by_text_past_what_the_model_reads(provider: EmbeddingProviderInterface) -> None:
    few, none, many = await provider.count_tokens(["some words", "", "some words " * 400])
    assert 2 <= few <= 4
    assert none <= 1
    assert 300 * few <= many <= 600 * few
    assert await provider.count_tokens([]) == []


@pytest.fixture(params=["fake", "onnx", "sentence-transformers", "openai"])
def counter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TokenCounterInterface:
    counters: dict[str, TokenCounterInterface] = {
        "fake": WordCounter(),
        "onnx": packaged_model(tmp_path_factory),
        "sentence-transformers": SentenceTransformerEmbeddings(FakeTransformer(), "fake", PROMPTS),
        "openai": EmbeddingServer().provider(),
    }
    return counters[request.param]


def test_more_text_is_more_tokens(counter: TokenCounterInterface) -> None:
    one, both = counter.count(["some words"]), counter.count(["some words", "some more words"])
    assert 0 < one < both
