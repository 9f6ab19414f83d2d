"""What every reader of pairs promises, and every reranker and judge of claims behind or before one."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest

from embedding_service.interfaces import PairModel, PairReaderInterface
from embedding_service.providers.onnx.cross_encoder import OnnxPairs, load_onnx_pairs
from embedding_service.providers.sentence_transformers import SentenceTransformerPairs
from embedding_service.services.entailing import CrossEncoderEntailment
from embedding_service.services.reranking import CrossEncoderReranker
from flash_core.clients.embedding import EmbeddingClient, EntailmentClient, RerankerClient
from flash_core.clients.http import HttpClient
from flash_core.interfaces.entailment import Claim, EntailmentModelInterface
from flash_core.interfaces.reranker import RerankerInterface
from flash_core.testing.cross_encoders import FakeEntailment, FakeReranker
from flash_core.testing.fakes import FakeAuthenticator, FakeEmbeddingProvider
from tests.unit.embedding_service.pair_readers import FakeCrossEncoder, FakePairReader, loaded
from tests.unit.embedding_service.test_embedding_api import serving
from tests.unit.embedding_service.tiny_models import NLI_LABELS, write_classifier

PAIRS = [("How do I get sick leave?", "The office is open."), ("vpn", "staff " * 100), ("", ""), ("vpn", "monday")]


def onnx_pairs(folder: Path, labels: Sequence[str]) -> OnnxPairs:
    return load_onnx_pairs(write_classifier(folder / "tiny", labels), cache=folder / "cache", threads=1)


def exported(folder: Path, labels: Sequence[str]) -> OnnxPairs:
    """The same model as a folder of the kind that exports make."""
    made = write_classifier(folder / "tiny", labels)
    load_onnx_pairs(made, cache=folder / "cache", threads=1)
    [built] = (folder / "cache").glob("*.onnx")
    (made / "model.safetensors").unlink()
    (made / "onnx").mkdir()
    built.rename(made / "onnx" / "model.onnx")
    return load_onnx_pairs(made, cache=folder / "unused", threads=1)


@pytest.fixture(params=["fake", "onnx", "exported", "sentence-transformers"])
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> PairReaderInterface:
    match request.param:
        case "fake":
            return FakePairReader(NLI_LABELS)
        case "onnx":
            return onnx_pairs(tmp_path, NLI_LABELS)
        case "exported":
            return exported(tmp_path, NLI_LABELS)
    return SentenceTransformerPairs(FakeCrossEncoder(3), PairModel("fake", NLI_LABELS), lambda logits: logits)


def test_each_pair_has_a_float32_logit_a_label(reader: PairReaderInterface) -> None:
    logits = reader.logits(PAIRS)
    assert logits.shape == (4, len(reader.model.labels))
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()
    assert reader.model.name


def test_a_pair_has_the_same_logits_alone_and_in_company(reader: PairReaderInterface) -> None:
    together = reader.logits(PAIRS)
    for place, pair in enumerate(PAIRS):
        assert np.allclose(reader.logits([pair])[0], together[place], atol=1e-5)


def test_one_label_has_one_logit_a_pair() -> None:
    reader = SentenceTransformerPairs(FakeCrossEncoder(1), PairModel("fake", ("LABEL_0",)), lambda logits: logits)
    assert reader.logits(PAIRS).shape == (4, 1)


def test_the_order_of_a_pair_matters(tmp_path: Path) -> None:
    reader = onnx_pairs(tmp_path, NLI_LABELS)
    forth, back = reader.logits([("office open", "monday"), ("monday", "office open")])
    assert np.abs(forth - back).max() > 1e-3


def test_a_graph_without_segments_is_given_none(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path / "tiny")
    onnx.save(_length_as_logit(), folder / "model.onnx")
    assert load_onnx_pairs(folder, cache=tmp_path, threads=1).logits([("vpn", "vpn")]).tolist() == [[5.0]]


def _length_as_logit() -> onnx.ModelProto:
    """A "classifier" with the inputs of RoBERTa's exports: its logit is the number of tokens."""
    helper, kinds = onnx.helper, onnx.TensorProto
    inputs = [
        helper.make_tensor_value_info(name, kinds.INT64, ["batch", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    output = helper.make_tensor_value_info("logits", kinds.FLOAT, ["batch", 1])
    axis = onnx.numpy_helper.from_array(np.array([1], np.int64), "axis")
    nodes = [
        helper.make_node("ReduceSum", ["attention_mask", "axis"], ["sum"], keepdims=1),
        helper.make_node("Cast", ["sum"], ["logits"], to=kinds.FLOAT),
    ]
    graph = helper.make_graph(nodes, "length", inputs, [output], [axis])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


@pytest.fixture(params=["fake", "cross-encoder", "client"])
async def reranker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RerankerInterface]:
    match request.param:
        case "fake":
            yield FakeReranker()
        case "cross-encoder":
            yield CrossEncoderReranker(await loaded(onnx_pairs(tmp_path, ("LABEL_0",))))
        case "client":
            async with serving(FakeEmbeddingProvider()) as client:
                yield RerankerClient(HttpClient(client, FakeAuthenticator()).sibling("http://embedding"))


async def test_each_text_has_a_relevance(reranker: RerankerInterface) -> None:
    texts = ["The office is open on Monday.", "vpn", "How do I get sick leave?"]
    scores = await reranker.scores("When is the office open?", texts)
    assert len(scores) == 3
    assert all(0 <= score <= 1 for score in scores)
    assert await reranker.scores("When is the office open?", texts[::-1]) == pytest.approx(scores[::-1], abs=1e-5)
    assert await reranker.scores("When is the office open?", []) == []
    assert await reranker.name()


@pytest.fixture(params=["fake", "cross-encoder", "client"])
async def entailment(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EntailmentModelInterface]:
    match request.param:
        case "fake":
            yield FakeEntailment()
        case "cross-encoder":
            yield CrossEncoderEntailment(await loaded(onnx_pairs(tmp_path, NLI_LABELS)))
        case "client":
            async with serving(FakeEmbeddingProvider()) as client:
                yield EntailmentClient(HttpClient(client, FakeAuthenticator()).sibling("http://embedding"))


async def test_each_claim_has_a_probability(entailment: EntailmentModelInterface) -> None:
    claims = [
        Claim("The office is open on Monday.", "On Monday the office is open."),
        Claim("The office is open on Monday.", "Staff get sick leave."),
    ]
    supported = await entailment.supported(claims)
    assert len(supported) == 2
    assert all(0 <= one <= 1 for one in supported)
    assert await entailment.supported(claims[::-1]) == pytest.approx(supported[::-1], abs=1e-5)
    assert await entailment.supported([]) == []
    assert await entailment.name()


async def test_the_clients_name_no_model_where_there_is_none() -> None:
    async with serving(FakeEmbeddingProvider(), FakeReranker(None), FakeEntailment(None)) as client:
        sibling = HttpClient(client, FakeAuthenticator()).sibling("http://embedding")
        assert await RerankerClient(sibling).name() is None
        assert await EntailmentClient(sibling).name() is None
        assert (await EmbeddingClient(sibling).model()).name == "fake"
