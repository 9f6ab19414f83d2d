"""What everyone promises who serves several embedding models."""

from collections.abc import AsyncIterator

import numpy as np
import pytest

from embedding_service.services.serving import ServedModels
from flash_core.clients.embedding import EmbeddingClient, EmbeddingModelsClient
from flash_core.clients.http import HttpClient
from flash_core.errors import NotFoundError
from flash_core.interfaces.embedding import EmbeddingModel, EmbeddingModelsInterface, Priority, Purpose
from flash_core.testing.fakes import FakeAuthenticator, FakeEmbeddingModels, FakeEmbeddingProvider
from indexing_service.providers.embedding_turns import EmbeddingTurns
from tests.unit.embedding_service.test_embedding_api import serving

SET, NEXT = FakeEmbeddingProvider(), FakeEmbeddingProvider(32, "next")


@pytest.fixture(params=["fake", "served", "client", "in turn"])
async def models(request: pytest.FixtureRequest) -> AsyncIterator[EmbeddingModelsInterface]:
    match request.param:
        case "fake":
            yield FakeEmbeddingModels([SET, NEXT])
        case "served":
            yield ServedModels(SET, [NEXT])
        case "in turn":
            yield EmbeddingTurns(FakeEmbeddingModels([SET, NEXT]), at_once=1)
        case "client":
            async with serving(SET, beside=[NEXT]) as client:
                yield EmbeddingModelsClient(HttpClient(client, FakeAuthenticator()).sibling("http://embedding"))


async def test_the_model_that_is_set_comes_first(models: EmbeddingModelsInterface) -> None:
    assert list(await models.models()) == [EmbeddingModel("fake", 64, 256), EmbeddingModel("next", 32, 256)]


@pytest.mark.parametrize("provider", [SET, NEXT])
async def test_each_computes_under_its_name(models: EmbeddingModelsInterface, provider: FakeEmbeddingProvider) -> None:
    named = models.named(provider.name)
    assert await named.model() == await provider.model()
    vectors = await named.embed(["sick leave"], purpose=Purpose.QUERY, priority=Priority.BULK)
    assert np.allclose(vectors, await provider.embed(["sick leave"]))
    assert await named.count_tokens(["sick leave", "vpn"]) == [2, 1]


async def test_another_name_is_not_found(models: EmbeddingModelsInterface) -> None:
    named = models.named("nobody's")
    with pytest.raises(NotFoundError):
        await named.model()
    with pytest.raises(NotFoundError):
        await named.embed(["sick leave"])
    with pytest.raises(NotFoundError):
        await named.count_tokens(["sick leave"])


async def test_without_a_name_the_model_that_is_set_computes() -> None:
    async with serving(SET, beside=[NEXT]) as client:
        unnamed = EmbeddingClient(HttpClient(client, FakeAuthenticator()).sibling("http://embedding"))
        assert (await unnamed.model()).name == "fake"
        assert (await unnamed.embed(["one"])).shape == (1, 64)
