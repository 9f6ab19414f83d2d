"""The provider around the library, with the library faked; the real one is tested where it is installed."""

import sys
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from embedding_service.providers.sentence_transformers import (
    SentenceTransformerEmbeddings,
    load_cross_encoder,
    load_sentence_transformer,
)
from flash_core.errors import InvalidInputError
from flash_core.interfaces.embedding import EmbeddingModel, Purpose
from tests.unit.embedding_service.fakes import PROMPTS, FakeTransformer
from tests.unit.embedding_service.pair_readers import FakeCrossEncoder


async def test_questions_and_passages_are_read_differently() -> None:
    provider = SentenceTransformerEmbeddings(FakeTransformer(), "some-model", PROMPTS)
    passage, question = [
        await provider.embed(["text"], purpose=purpose) for purpose in (Purpose.PASSAGE, Purpose.QUERY)
    ]
    assert passage.dtype == np.float32
    assert not np.allclose(passage, question)


async def test_the_model_says_what_it_is() -> None:
    provider = SentenceTransformerEmbeddings(FakeTransformer(), "some-model", PROMPTS)
    assert await provider.model() == EmbeddingModel("some-model", 8, 16)


def test_padding_is_not_counted() -> None:
    assert SentenceTransformerEmbeddings(FakeTransformer(), "some-model", PROMPTS).count(["one", "two more words"]) == 4


def test_without_the_library_the_operator_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)  # what Python keeps for "not to be found"
    with pytest.raises(InvalidInputError, match="make install-torch"):
        load_sentence_transformer("any", "any", device="cpu", threads=0)


@dataclass
class Library:
    """Stands for sentence-transformers and torch, and remembers how it was asked."""

    commit: str | None = "c0ffee"
    labels: dict[int, str] = field(default_factory=lambda: {1: "yes", 0: "no"})
    prompts: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        library = SimpleNamespace(SentenceTransformer=self._encoder, CrossEncoder=self._classifier)
        torch = SimpleNamespace(set_num_threads=self.threads.append, nn=SimpleNamespace(Identity=lambda: lambda x: x))
        monkeypatch.setitem(sys.modules, "sentence_transformers", library)
        monkeypatch.setitem(sys.modules, "torch", torch)

    def _encoder(self, model: str, **options: Any) -> Any:
        self.asked.append((model, options))
        return self._configured(FakeTransformer())

    def _classifier(self, model: str, **options: Any) -> Any:
        self.asked.append((model, options))
        return self._configured(FakeCrossEncoder(len(self.labels)))

    def _configured(self, loaded: Any) -> Any:
        config = SimpleNamespace(_commit_hash=self.commit, id2label=self.labels, _name_or_path="")
        loaded.transformers_model, loaded.prompts = SimpleNamespace(config=config), self.prompts
        return loaded


async def test_a_model_from_the_hub_is_named_by_its_commit_and_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    names = set()
    for library in (Library(), Library(commit="other"), Library(prompts={"query": "ask: "})):
        library.install(monkeypatch)
        provider = load_sentence_transformer("org/some-model", None, device="cpu", threads=2)
        names.add((await provider.model()).name)
        assert library.asked == [("org/some-model", {"device": "cpu", "model_kwargs": {"dtype": "float32"}})]
        assert library.threads == [2]
    assert len(names) == 3
    assert {name.partition("@")[0] for name in names} == {"some-model"}


async def test_a_family_that_wants_prompts_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    Library().install(monkeypatch)
    provider = load_sentence_transformer("intfloat/multilingual-e5-small", None, device="cuda", threads=0)
    [passage], [question] = [
        await provider.embed(["vpn"], purpose=purpose) for purpose in (Purpose.PASSAGE, Purpose.QUERY)
    ]
    plain = SentenceTransformerEmbeddings(FakeTransformer(), "plain", {Purpose.PASSAGE: "", Purpose.QUERY: ""})
    expected = await plain.embed(["passage: vpn", "query: vpn"])
    assert np.allclose([passage, question], expected)


def test_a_cross_encoder_from_the_hub_has_its_labels_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library()
    library.install(monkeypatch)
    reader = load_cross_encoder("org/reranker", device="cuda", threads=0)
    assert reader.model.labels == ("no", "yes")
    assert reader.model.name.startswith("reranker@")
    assert reader.logits([("one", "text")]).tolist() == [[3, 4]]
    assert library.asked == [("org/reranker", {"device": "cuda", "model_kwargs": {}})]
    assert library.threads == []
