"""`PairReaderInterface` on onnxruntime."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from embedding_service.config import Precision
from embedding_service.interfaces import Logits, PairModel, PairReaderInterface, TextPair
from embedding_service.providers.identity import contents_of, versioned
from embedding_service.providers.onnx.folder import Head, ModelFolder
from embedding_service.providers.onnx.graph import SEGMENTS
from embedding_service.providers.onnx.model_store import built_model
from embedding_service.providers.onnx.runtime import open_session, open_tokenizer, padded
from flash_core.errors import InvalidInputError


class OnnxPairs(PairReaderInterface):
    """Inference holds no lock of Python's: in a thread, the service goes on answering."""

    def __init__(self, session: Any, tokenizer: Tokenizer, model: PairModel, *, segments: bool) -> None:
        """`segments`: whether the second text of a pair is marked as such."""
        self._session = session
        self._tokenizer = tokenizer
        self._segments = segments
        self._inputs = {given.name for given in session.get_inputs()}
        self.model = model

    def logits(self, pairs: Sequence[TextPair]) -> Logits:
        inputs = padded(self._tokenizer.encode_batch(list(pairs)))
        if not self._segments:
            inputs[SEGMENTS].fill(0)
        known = {name: value for name, value in inputs.items() if name in self._inputs}  # RoBERTa's have no segments
        logits: Logits = np.asarray(self._session.run(None, known)[0], np.float32)
        return logits.reshape(len(pairs), len(self.model.labels))


def load_onnx_pairs(path: Path, *, cache: Path, threads: int) -> OnnxPairs:
    """The classifier in the folder `path`: its ONNX file, or one that is built from its weights (seconds, once)."""
    folder = ModelFolder(path)
    graph = folder.exported or built_model(folder, cache, Head.PAIR, Precision.FP32)
    session = open_session(graph, threads)
    model = PairModel(versioned(path.name, contents_of(path)), folder.labels)
    width = session.get_outputs()[0].shape[-1]
    if isinstance(width, int) and width != len(model.labels):
        raise InvalidInputError(f"{path} has {width} outputs, but config.json names {len(model.labels)} labels.")
    return OnnxPairs(session, open_tokenizer(folder), model, segments=folder.tells_pairs_apart)


def runs_on_onnx(path: Path) -> bool:
    """Whether `load_onnx_pairs` is for this folder."""
    folder = ModelFolder(path)
    return folder.exported is not None or folder.builds_a_pair_classifier
