"""The far server's answers and failures, in this service's terms."""

import numpy as np
import pytest

from flash_core.errors import FlashError, OverloadedError, UpstreamRejectedError, UpstreamUnavailableError
from tests.unit.embedding_service.fakes import EmbeddingServer


async def test_vectors_travel_as_base64_and_come_back_in_order_with_norm_one() -> None:
    server = EmbeddingServer()
    provider = server.provider()
    together = await provider.embed(["one", "two", "three"])
    assert server.bodies[0]["encoding_format"] == "base64"
    assert server.bodies[0]["model"] == "far-model"
    assert np.allclose(np.linalg.norm(together, axis=1), 1)
    assert np.array_equal(together[1], (await provider.embed(["two"]))[0])


async def test_a_server_that_knows_no_base64_is_understood() -> None:
    texts = ["one", "two"]
    plain = await EmbeddingServer(knows_base64=False).provider().embed(texts)
    assert np.allclose(plain, await EmbeddingServer().provider().embed(texts))
    assert plain.dtype == np.float32


async def test_the_dimension_is_learnt_once() -> None:
    server = EmbeddingServer()
    provider = server.provider()
    assert (await provider.model()).dimension == 3
    assert (await provider.model()).name == "far-model"
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    ("server", "error"),
    [
        (EmbeddingServer(status=429), OverloadedError),
        (EmbeddingServer(status=500), UpstreamUnavailableError),
        (EmbeddingServer(status=401), UpstreamRejectedError),
        (EmbeddingServer(refuses_connections=True), UpstreamUnavailableError),
        (EmbeddingServer(forgets_one=True), UpstreamUnavailableError),
        (EmbeddingServer(status=418), UpstreamRejectedError),
    ],
    ids=["busy", "broken", "key", "away", "incomplete", "unknown"],
)
async def test_failures_are_told_apart_and_tell_no_text(server: EmbeddingServer, error: type[FlashError]) -> None:
    with pytest.raises(error) as failure:
        await server.provider().embed(["a private text", "another"])
    assert "private" not in str(failure.value)


async def test_tokens_are_estimated() -> None:
    assert EmbeddingServer().provider().count(["four", "and sixteen more"]) == 2 + 5
