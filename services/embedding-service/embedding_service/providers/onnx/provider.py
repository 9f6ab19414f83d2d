"""`EmbeddingProviderInterface` on onnxruntime."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
import structlog
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from embedding_service.config import Precision
from embedding_service.interfaces import TokenCounterInterface
from embedding_service.providers.onnx.graph import INPUTS
from embedding_service.providers.onnx.model_store import ModelFolder, built_model
from flash_core.interfaces.embedding import EmbeddingModel, EmbeddingProviderInterface, Priority, Purpose, Vectors

log = structlog.get_logger(__name__)

BATCH: Final = 8
"""Larger batches are slower on a CPU, and need more memory: most of a large one is padding, and it leaves the cache."""


class OnnxEmbeddings(EmbeddingProviderInterface, TokenCounterInterface):
    """Runs in a thread; inference holds no lock of Python's, so the service goes on answering."""

    def __init__(self, session: Any, tokenizer: Tokenizer, model: EmbeddingModel) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._model = model

    async def model(self) -> EmbeddingModel:
        return self._model

    async def embed(
        self,
        texts: Sequence[str],
        *,
        purpose: Purpose = Purpose.PASSAGE,  # noqa: ARG002  # MiniLM reads both alike
        priority: Priority = Priority.INTERACTIVE,  # noqa: ARG002  # the batcher's business
    ) -> Vectors:
        return await asyncio.to_thread(self._embed, texts)

    def count(self, texts: Sequence[str]) -> int:
        return sum(len(encoding.ids) for encoding in self._tokenizer.encode_batch(list(texts)))

    def _embed(self, texts: Sequence[str]) -> Vectors:
        encodings = self._tokenizer.encode_batch(list(texts))
        vectors = np.empty((len(texts), self._model.dimension), np.float32)
        for places in _batches(encodings):
            [vectors[places]] = self._session.run(None, _inputs([encodings[place] for place in places]))
        return vectors


def load_onnx_embeddings(path: Path, name: str, *, cache: Path, precision: Precision, threads: int) -> OnnxEmbeddings:
    """The model in the folder `path`, called `name`; takes some seconds when its graph has to be built first."""
    folder = ModelFolder(path)
    session = _session(built_model(folder, cache, precision), threads)
    tokenizer = Tokenizer.from_file(str(folder.tokenizer))
    tokenizer.enable_truncation(folder.max_tokens)
    tokenizer.no_padding()  # whatever the file says: padding is per batch
    identity = name if precision is Precision.FP32 else f"{name}-{precision}"
    return OnnxEmbeddings(session, tokenizer, EmbeddingModel(identity, folder.shape.hidden_size, folder.max_tokens))


def _session(path: Path, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.enable_cpu_mem_arena = False  # the arena never gives back what one long batch needed
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the cores belong to others, too
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _batches(encodings: Sequence[Encoding]) -> Iterator[list[int]]:
    """Places of texts of similar length, so that little is padded."""
    by_length = sorted(range(len(encodings)), key=lambda place: len(encodings[place].ids))
    for start in range(0, len(by_length), BATCH):
        yield by_length[start : start + BATCH]


def _inputs(encodings: Sequence[Encoding]) -> dict[str, NDArray[np.int64]]:
    longest = max(len(encoding.ids) for encoding in encodings)
    ids, mask, segments = (np.zeros((len(encodings), longest), np.int64) for _ in INPUTS)  # 0 is BERT's padding token
    for row, encoding in enumerate(encodings):
        length = len(encoding.ids)
        ids[row, :length] = encoding.ids
        mask[row, :length] = 1
        segments[row, :length] = encoding.type_ids
    return dict(zip(INPUTS, (ids, mask, segments), strict=True))
