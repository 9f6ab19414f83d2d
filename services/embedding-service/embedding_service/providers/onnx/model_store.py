"""Models as files that onnxruntime loads: built once, then found by a name that tells their contents."""

import tempfile
from pathlib import Path
from typing import Final

import onnx
import structlog

from embedding_service.config import Precision
from embedding_service.providers.onnx.folder import Head, ModelFolder
from embedding_service.providers.onnx.graph import Pooling, bert_pair_classifier, bert_sentence_encoder
from embedding_service.providers.onnx.safetensors import Weights, read_float_tensors

log = structlog.get_logger(__name__)

_GRAPH_VERSION: Final = 1
"""Part of the file's name: raise it when `graph` or the quantisation changes what is computed."""

_PREFIXES: Final = ("bert.", "roberta.", "model.")
_OLD_NAMES: Final = ((".gamma", ".weight"), (".beta", ".bias"))
"""Of layer norms in checkpoints that began as TensorFlow ones."""


def built_model(folder: ModelFolder, cache: Path, head: Head, precision: Precision) -> Path:
    """The ONNX file for `folder`, built if the cache has none (some seconds, once).

    Two processes may build at the same time: each writes a file of its own and moves it into place whole.
    """
    folder.check_size()
    target = cache / f"{head}-{precision}-{_digest(folder, head)}.onnx"
    if target.exists():
        return target
    log.info("model.build_started", head=str(head), precision=str(precision))
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".building-") as scratch:
        built = Path(scratch) / "model.onnx"
        onnx.save(_graph(folder, head), built)
        if precision is Precision.INT8:
            built = _quantized(built)
        built.replace(target)
    log.info("model.build_finished", file=target.name)
    return target


def _digest(folder: ModelFolder, head: Head) -> str:
    """Of everything that the graph is built from."""
    _ = folder.shape
    recipe = f"graph {_GRAPH_VERSION}, onnx {onnx.__version__}"
    if head is Head.SENTENCE and folder.pooling is not Pooling.MEAN:
        recipe += f", {folder.pooling}"
    return folder.digest((folder.path / "config.json", folder.weights), salt=recipe)


def _graph(folder: ModelFolder, head: Head) -> onnx.ModelProto:
    weights = _named_plainly(read_float_tensors(folder.weights))
    if head is Head.PAIR:
        return bert_pair_classifier(weights, folder.shape, labels=len(folder.labels))
    return bert_sentence_encoder(weights, folder.shape, folder.pooling)


def _named_plainly(weights: Weights) -> Weights:
    return {_plain_name(name): tensor for name, tensor in weights.items()}


def _plain_name(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    for old, new in _OLD_NAMES:
        if name.endswith(f"LayerNorm{old}"):
            name = name.removesuffix(old) + new
    return name


def _quantized(full: Path) -> Path:
    """Weights of the matrix products as int8 with one scale a channel: one scale a tensor would cost 5 % of cosine."""
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415  # slow to import, needed once

    small = full.with_suffix(".int8.onnx")
    quantize_dynamic(full, small, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul"])
    return small
