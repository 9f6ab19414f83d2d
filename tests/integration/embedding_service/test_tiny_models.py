"""What onnxruntime computes from a model's folder is what the model's own library computes."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from embedding_service.composition import load_provider
from embedding_service.config import ProviderKind, Settings
from embedding_service.providers.onnx.cross_encoder import load_onnx_pairs
from embedding_service.providers.sentence_transformers import load_cross_encoder
from flash_core.interfaces.embedding import Purpose
from tests.unit.embedding_service.tiny_models import (
    BERT,
    NLI_LABELS,
    ROBERTA,
    Family,
    write_classifier,
    write_encoder,
)

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(find_spec("sentence_transformers") is None, reason="needs `make install-torch`"),
    pytest.mark.filterwarnings("default"),  # the library's own
    pytest.mark.timeout(240),  # importing torch takes ten seconds, and much longer on a busy machine
]

TEXTS = ["How do I get sick leave?", "The office is open on Monday.", "vpn", "", "staff " * 100]
PAIRS = [(question, text) for question in TEXTS[:3] for text in TEXTS]


@pytest.mark.parametrize("labels", [("LABEL_0",), ("LABEL_0", "LABEL_1"), NLI_LABELS])
def test_a_cross_encoder_says_the_same_on_both(tmp_path: Path, labels: Sequence[str]) -> None:
    folder = write_classifier(tmp_path / "classifier", labels)
    onnx = load_onnx_pairs(folder, cache=tmp_path / "cache", threads=1)
    torch = load_cross_encoder(str(folder), device="cpu", threads=2)
    assert onnx.model == torch.model
    assert onnx.model.labels == tuple(labels)
    assert np.abs(onnx.logits(PAIRS) - torch.logits(PAIRS)).max() < 1e-4


def test_a_cross_encoder_without_segments_says_the_same_on_both(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path / "classifier", inputs=("input_ids", "attention_mask"))
    onnx = load_onnx_pairs(folder, cache=tmp_path / "cache", threads=1)
    torch = load_cross_encoder(str(folder), device="cpu", threads=2)
    assert np.abs(onnx.logits(PAIRS) - torch.logits(PAIRS)).max() < 1e-4


@pytest.mark.parametrize("family", [BERT, ROBERTA], ids=lambda family: family.kind)
@pytest.mark.parametrize("pooling", ["mean", "cls"])
async def test_a_sentence_encoder_says_the_same_on_both(tmp_path: Path, family: Family, pooling: str) -> None:
    folder = write_encoder(tmp_path / "multilingual-e5-small", family, pooling=pooling)
    onnx, torch = (
        load_provider(
            Settings(
                internal_key="k" * 32,
                embedding_provider=kind,
                embedding_model=str(folder),
                embedding_threads=2,
                model_cache=tmp_path / "cache",
            )
        )
        for kind in (ProviderKind.ONNX, ProviderKind.SENTENCE_TRANSFORMERS)
    )
    assert await onnx.model() == await torch.model()
    assert (await onnx.model()).max_tokens == 64
    assert onnx.count(TEXTS) == torch.count(TEXTS)
    vectors = {purpose: await onnx.embed(TEXTS, purpose=purpose) for purpose in Purpose}
    for purpose in Purpose:
        assert np.abs(vectors[purpose] - await torch.embed(TEXTS, purpose=purpose)).max() < 1e-4
    assert np.abs(vectors[Purpose.QUERY] - vectors[Purpose.PASSAGE]).max() > 1e-3  # e5 wants prompts
