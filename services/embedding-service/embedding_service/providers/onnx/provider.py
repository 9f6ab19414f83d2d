"""`EmbeddingProviderInterface` on onnxruntime."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from tokenizers import Encoding, Tokenizer

from embedding_service.config import Precision
from embedding_service.interfaces import TokenCounterInterface
from embedding_service.providers.background import background_threads, in_background
from embedding_service.providers.identity import contents_of, versioned
from embedding_service.providers.onnx.folder import Head, ModelFolder
from embedding_service.providers.onnx.model_store import built_model
from embedding_service.providers.onnx.runtime import batches, open_session, open_tokenizer, padded
from embedding_service.providers.prompts import Prompts, prompts_of
from flash_core.interfaces.embedding import EmbeddingModel, EmbeddingProviderInterface, Priority, Purpose, Vectors

BATCH: Final = 8
"""Larger batches are slower on a CPU, and need more memory: most of a large one is padding, and it leaves the cache."""


class OnnxEmbeddings(EmbeddingProviderInterface, TokenCounterInterface):
    """Runs in threads; inference holds no lock of Python's, so the service goes on answering. An index run's texts are
    computed beside people's, and leave the cores to them.
    """

    def __init__(self, session: Any, tokenizer: Tokenizer, model: EmbeddingModel, prompts: Prompts) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._model = model
        self._prompts = prompts
        self._threads = {Priority.INTERACTIVE: ThreadPoolExecutor(1, "embedding"), Priority.BULK: background_threads()}

    async def model(self) -> EmbeddingModel:
        return self._model

    async def embed(
        self,
        texts: Sequence[str],
        *,
        purpose: Purpose = Purpose.PASSAGE,
        priority: Priority = Priority.INTERACTIVE,
    ) -> Vectors:
        prompted = [self._prompts[purpose] + text for text in texts]
        return await asyncio.get_running_loop().run_in_executor(self._threads[priority], self._embed, prompted)

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return await asyncio.to_thread(self._whole, texts)

    def count(self, texts: Sequence[str]) -> int:
        return sum(len(encoding.ids) for encoding in self._tokenizer.encode_batch(list(texts)))

    def _whole(self, texts: Sequence[str]) -> list[int]:
        """What is cut off at the model's limit hangs on an encoding as further ones."""
        encodings = self._tokenizer.encode_batch(list(texts))
        return [sum(map(_tokens, [encoding, *encoding.overflowing])) for encoding in encodings]

    def _embed(self, texts: Sequence[str]) -> Vectors:
        encodings = self._tokenizer.encode_batch(list(texts))
        vectors = np.empty((len(texts), self._model.dimension), np.float32)
        for places in batches(encodings, BATCH):
            [vectors[places]] = self._session.run(None, padded([encodings[place] for place in places]))
        return vectors


def load_onnx_embeddings(
    path: Path, name: str | None, *, cache: Path, precision: Precision, threads: int
) -> OnnxEmbeddings:
    """The model in the folder `path`; takes some seconds when its graph has to be built first.

    `name`: what it is called, for a model whose contents are known by it; None: the folder's name with the digest of
    what makes its vectors, because another model may lie under the same name tomorrow.
    """
    folder = ModelFolder(path)
    graph = built_model(folder, cache, Head.SENTENCE, precision)
    prompts = prompts_of(folder.stated_prompts, folder.known_as)
    model = EmbeddingModel(
        _identity(name or versioned(path.name, contents_of(path), *prompts.values()), precision),
        folder.shape.hidden_size,
        folder.max_tokens,
    )
    session = in_background(partial(open_session, graph, threads))  # its own threads serve whoever calls
    return OnnxEmbeddings(session, open_tokenizer(folder), model, prompts)


def _tokens(encoding: Encoding) -> int:
    return len(encoding.ids) - sum(encoding.special_tokens_mask)


def _identity(name: str, precision: Precision) -> str:
    return name if precision is Precision.FP32 else f"{name}-{precision}"
