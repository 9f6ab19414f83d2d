"""The settings decide which model stands behind the service."""

import sys
from pathlib import Path
from typing import Any

import pytest

from embedding_service.composition import Container, batch_policy, compose, load_next, load_provider, pair_loader
from embedding_service.config import ProviderKind, Settings
from embedding_service.providers.onnx.provider import OnnxEmbeddings
from embedding_service.providers.openai import OpenAIEmbeddings
from embedding_service.services.cross_encoding import CrossEncoder
from embedding_service.services.serving import UnusableEmbeddings
from flash_core.errors import InvalidInputError, UpstreamUnavailableError
from flash_core.interfaces.entailment import Claim
from flash_core.interfaces.health import HealthCheckInterface
from tests.unit.embedding_service.tiny_models import NLI_LABELS, write_classifier, write_encoder

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


async def test_cross_encoders_are_loaded_beside_the_embeddings(models: Path, tmp_path: Path) -> None:
    rerank = write_classifier(tmp_path / "rerank")
    entail = write_classifier(tmp_path / "nli", NLI_LABELS)
    given = settings(model_cache=models, rerank_model=str(rerank), entailment_model=str(entail), embedding_threads=2)
    async with compose(given) as container:
        for check in await settled(container):
            await check.check()
        assert str(await container.reranker.name()).startswith("rerank@")
        assert str(await container.entailment.name()).startswith("nli@")
        assert len(await container.reranker.scores("leave", ["sick leave", "vpn"])) == 2
        assert len(await container.entailment.supported([Claim("sick leave", "leave")])) == 1


async def test_a_wrong_reranker_is_said_and_breaks_nothing(models: Path) -> None:
    async with compose(settings(model_cache=models, rerank_model="/nowhere/rerank")) as container:
        rerank, entail = await settled(container)
        with pytest.raises(UpstreamUnavailableError, match="no folder /nowhere/rerank"):
            await rerank.check()
        await entail.check()
        assert await container.reranker.name() is None
        assert (await container.embeddings.embed(["still there"])).shape == (1, 384)


def test_what_onnx_cannot_run_is_for_sentence_transformers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)  # what Python keeps for "not to be found"
    load = pair_loader(str(tmp_path), settings())
    assert load is not None
    with pytest.raises(InvalidInputError, match="config"):
        load()
    (tmp_path / "config.json").write_text('{"architectures": ["XLMRobertaForSequenceClassification"]}')
    with pytest.raises(InvalidInputError, match="make install-torch"):
        load()
    by_name = pair_loader("some/model-on-the-hub", settings())
    assert by_name is not None
    with pytest.raises(InvalidInputError, match="make install-torch"):
        by_name()
    assert pair_loader("", settings()) is None


async def test_a_folders_model_is_named_by_its_contents(models: Path, tmp_path: Path) -> None:
    names = set()
    for seed in (1, 2):
        folder = write_encoder(tmp_path / str(seed) / "encoder", seed=seed)
        provider = load_provider(settings(model_cache=models, embedding_model=str(folder)))
        names.add((await provider.model()).name)
    assert len(names) == 2
    assert {name.partition("@")[0] for name in names} == {"encoder"}


async def test_a_next_model_is_served_beside_the_one_that_is_set(models: Path, tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "encoder", seed=1)
    async with compose(settings(model_cache=models, embedding_next_model=str(folder))) as container:
        first, second = await container.models.models()
        assert first.name == "all-MiniLM-L6-v2"
        assert second.name.startswith("encoder@")
        assert (await container.models.named(second.name).embed(["sick leave"])).shape == (1, second.dimension)
        assert (await container.embeddings.embed(["sick leave"])).shape == (1, first.dimension)
        for check in await upcoming(container):
            await check.check()


async def test_a_wrong_next_model_is_said_and_breaks_nothing(models: Path, tmp_path: Path) -> None:
    async with compose(settings(model_cache=models, embedding_next_model=str(tmp_path))) as container:
        assert [one.name for one in await container.models.models()] == ["all-MiniLM-L6-v2"]
        [check] = await upcoming(container)
        with pytest.raises(UpstreamUnavailableError, match="EMBEDDING_NEXT_MODEL can't be loaded"):
            await check.check()
        with pytest.raises(UpstreamUnavailableError):
            await UnusableEmbeddings("It can't be loaded.").embed(["sick leave"])


async def test_a_next_model_may_have_another_provider() -> None:
    given = settings(
        embedding_next_model="far-model", embedding_next_provider="openai", openai_base_url="http://far/v1"
    )
    assert [type(one) for one in load_next(given)] == [OpenAIEmbeddings]
    assert load_next(settings()) == []


async def upcoming(container: Container) -> list[HealthCheckInterface]:
    return [one for one in container.optional_health if one.name == "next-embedding-model"]


async def settled(container: Container) -> list[CrossEncoder]:
    found = [one for one in container.optional_health if isinstance(one, CrossEncoder)]
    for one in found:
        await one.settled()
    return found
