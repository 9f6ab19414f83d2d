"""`EmbeddingProviderInterface` on onnxruntime."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
from tokenizers import Encoding, Tokenizer

from embedding_service.config import Precision
from embedding_service.interfaces import TokenCounterInterface
from embedding_service.providers.background import background_threads, cores
from embedding_service.providers.identity import contents_of, versioned
from embedding_service.providers.onnx.folder import Head, ModelFolder
from embedding_service.providers.onnx.model_store import built_model
from embedding_service.providers.onnx.runtime import open_session, open_tokenizer, padded, runs
from embedding_service.providers.prompts import Prompts, prompts_of
from flash_core.interfaces.embedding import EmbeddingModel, EmbeddingProviderInterface, Priority, Purpose, Vectors

RUN_TOKENS: Final = 256
"""Of the texts that go through the graph together, padding included; a longer text goes alone. More leave the cores'
caches: a third slower with MiniLM, and more memory (`docs/benchmarks.md`)."""


class OnnxEmbeddings(EmbeddingProviderInterface, TokenCounterInterface):
    """Small runs beside each other, each on one core: no core waits for another within a run, and a text that somebody
    waits for waits for no batch. Inference holds no lock of Python's, so the service goes on answering. An index run's
    texts are computed beside people's, and leave the cores to them.
    """

    def __init__(
        self, session: Any, tokenizer: Tokenizer, model: EmbeddingModel, prompts: Prompts, *, threads: int
    ) -> None:
        """`session` computes in the thread that calls it; `threads` of each priority do."""
        self._session = session
        self._tokenizer = tokenizer
        self._model = model
        self._prompts = prompts
        self._threads = {
            Priority.INTERACTIVE: ThreadPoolExecutor(threads, "embedding"),
            Priority.BULK: background_threads(threads),
        }

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
        loop, threads = asyncio.get_running_loop(), self._threads[priority]
        encodings = await loop.run_in_executor(threads, self._tokenizer.encode_batch, prompted)
        vectors = np.empty((len(texts), self._model.dimension), np.float32)

        async def run(places: list[int]) -> None:
            some = [encodings[place] for place in places]
            vectors[places] = await loop.run_in_executor(threads, self._run, some)

        await asyncio.gather(*map(run, runs(encodings, RUN_TOKENS)))
        return vectors

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return await asyncio.to_thread(self._whole, texts)

    def count(self, texts: Sequence[str]) -> int:
        return sum(len(encoding.ids) for encoding in self._tokenizer.encode_batch(list(texts)))

    def _whole(self, texts: Sequence[str]) -> list[int]:
        """What is cut off at the model's limit hangs on an encoding as further ones."""
        encodings = self._tokenizer.encode_batch(list(texts))
        return [sum(map(_tokens, [encoding, *encoding.overflowing])) for encoding in encodings]

    def _run(self, encodings: Sequence[Encoding]) -> Vectors:
        [vectors] = self._session.run(None, padded(encodings))
        return np.asarray(vectors, np.float32)


def load_onnx_embeddings(
    path: Path, name: str | None, *, cache: Path, precision: Precision, threads: int
) -> OnnxEmbeddings:
    """The model in the folder `path`; takes some seconds when its graph has to be built first.

    `name`: what it is called, for a model whose contents are known by it; None: the folder's name with the digest of
    what makes its vectors, because another model may lie under the same name tomorrow. `threads`: 0 is one a core.
    """
    folder = ModelFolder(path)
    graph = built_model(folder, cache, Head.SENTENCE, precision)
    prompts = prompts_of(folder.stated_prompts, folder.known_as)
    model = EmbeddingModel(
        _identity(name or versioned(path.name, contents_of(path), *prompts.values()), precision),
        folder.shape.hidden_size,
        folder.max_tokens,
    )
    session = open_session(graph, threads=1)
    return OnnxEmbeddings(session, open_tokenizer(folder), model, prompts, threads=threads or cores())


def _tokens(encoding: Encoding) -> int:
    return len(encoding.ids) - sum(encoding.special_tokens_mask)


def _identity(name: str, precision: Precision) -> str:
    return name if precision is Precision.FP32 else f"{name}-{precision}"
