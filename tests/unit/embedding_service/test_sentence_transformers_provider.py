"""The provider around the library, with the library faked; the real one is tested where it is installed."""

import sys

import numpy as np
import pytest

from embedding_service.providers.sentence_transformers import SentenceTransformerEmbeddings, load_sentence_transformer
from flash_core.errors import InvalidInputError
from flash_core.interfaces.embedding import EmbeddingModel, Purpose
from tests.unit.embedding_service.fakes import PROMPTS, FakeTransformer


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
