"""The packaged model as files that onnxruntime loads: built once, then found by a name that tells its contents."""

import hashlib
import json
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import onnx
import structlog

from embedding_service.config import Precision
from embedding_service.providers.onnx.graph import BertShape, bert_sentence_encoder
from embedding_service.providers.onnx.safetensors import read_float_tensors
from flash_core.errors import InvalidInputError

log = structlog.get_logger(__name__)

_GRAPH_VERSION: Final = 1
"""Part of the file's name: raise it when `graph` or the quantisation changes what is computed."""

_DIGEST_LENGTH: Final = 16


@dataclass(frozen=True)
class ModelFolder:
    """A sentence-transformers folder that holds a BERT model."""

    path: Path

    @property
    def weights(self) -> Path:
        return self.path / "model.safetensors"

    @property
    def tokenizer(self) -> Path:
        return self.path / "tokenizer.json"

    @cached_property
    def shape(self) -> BertShape:
        config = self._json("config.json")
        if config.get("model_type") != "bert" or config.get("hidden_act") != "gelu":
            raise InvalidInputError(
                f"{self.path} is not a BERT model with gelu; EMBEDDING_PROVIDER=sentence-transformers reads other ones."
            )
        return BertShape(
            hidden_size=config["hidden_size"],
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            epsilon=config["layer_norm_eps"],
        )

    @cached_property
    def max_tokens(self) -> int:
        return int(self._json("sentence_bert_config.json")["max_seq_length"])

    @cached_property
    def digest(self) -> str:
        """Of everything that the graph is built from; `InvalidInputError` when the folder holds no such model."""
        _ = self.shape
        digest = hashlib.sha256(f"graph {_GRAPH_VERSION}, onnx {onnx.__version__}".encode())
        for path in (self.path / "config.json", self.weights):
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()[:_DIGEST_LENGTH]

    def _json(self, name: str) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads((self.path / name).read_text(encoding="utf-8"))
        except OSError as error:
            raise InvalidInputError(f"{self.path} holds no model: {name} can't be read.") from error
        return content


def built_model(folder: ModelFolder, cache: Path, precision: Precision) -> Path:
    """The ONNX file for `folder`, built if the cache has none (some seconds, once).

    Two processes may build at the same time: each writes a file of its own and moves it into place whole.
    """
    target = cache / f"sentence-encoder-{precision}-{folder.digest}.onnx"
    if target.exists():
        return target
    log.info("model.build_started", precision=str(precision))
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".building-") as scratch:
        built = Path(scratch) / "model.onnx"
        onnx.save(bert_sentence_encoder(read_float_tensors(folder.weights), folder.shape), built)
        if precision is Precision.INT8:
            built = _quantized(built)
        built.replace(target)
    log.info("model.build_finished", file=target.name)
    return target


def _quantized(full: Path) -> Path:
    """Weights of the matrix products as int8 with one scale a channel: one scale a tensor would cost 5 % of cosine."""
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415  # slow to import, needed once

    small = full.with_suffix(".int8.onnx")
    quantize_dynamic(full, small, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul"])
    return small
