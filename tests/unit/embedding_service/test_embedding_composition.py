"""The settings decide which model stands behind the service."""

from pathlib import Path
from typing import Any

import pytest

from embedding_service.composition import batch_policy, compose, load_provider
from embedding_service.config import ProviderKind, Settings
from embedding_service.providers.onnx.provider import OnnxEmbeddings
from embedding_service.providers.openai import OpenAIEmbeddings
from flash_core.errors import InvalidInputError

KEY = "k" * 32


@pytest.fixture
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "models"


def settings(**given: Any) -> Settings:
    return Settings(internal_key=KEY, redis_url="redis://127.0.0.1:1", **given)


@pytest.mark.parametrize("name", ["", "all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"])
async def test_minilm_is_the_default(models: Path, name: str) -> None:
    provider = load_provider(settings(model_cache=models, embedding_model=name))
    assert isinstance(provider, OnnxEmbeddings)
    assert (await provider.model()).name == "all-MiniLM-L6-v2"


async def test_a_folder_is_another_model(models: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="holds no model"):
        load_provider(settings(model_cache=models, embedding_model=str(tmp_path)))


async def test_an_openai_server_is_named_by_settings() -> None:
    provider = load_provider(
        settings(embedding_provider="openai", openai_base_url="http://far/v1", embedding_model="far-model")
    )
    assert isinstance(provider, OpenAIEmbeddings)
    assert str(provider._client.base_url) == "http://far/v1/"


def test_sentence_transformers_are_loaded_only_when_chosen() -> None:
    with pytest.raises((InvalidInputError, OSError, ValueError)):  # neither the library nor such a model is there
        load_provider(settings(embedding_provider="sentence-transformers", embedding_model="/nowhere"))


def test_batches_suit_the_provider_unless_the_operator_says_otherwise() -> None:
    assert [batch_policy(settings(embedding_provider=kind)).size for kind in ProviderKind] == [8, 32, 128]
    assert batch_policy(settings(embedding_batch_size=5)).size == 5


async def test_the_composed_service_computes_without_redis(models: Path) -> None:
    async with compose(settings(model_cache=models)) as container:
        vectors = await container.embeddings.embed(["one", "two"])
        assert vectors.shape == (2, 384)
        assert container.tokens.count(["one"]) == 3  # [CLS] one [SEP]
        for check in container.health:
            await check.check()
