"""`EmbeddingProviderInterface` on sentence-transformers: any of its models, on any device of torch.

The library is not a dependency: it comes with `make install-torch`, and is imported only when this provider is chosen.
"""

import asyncio
import importlib
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from embedding_service.interfaces import TokenCounterInterface
from flash_core.errors import InvalidInputError
from flash_core.interfaces.embedding import EmbeddingModel, EmbeddingProviderInterface, Priority, Purpose, Vectors


class SentenceTransformerEmbeddings(EmbeddingProviderInterface, TokenCounterInterface):
    """One inference at a time, in a thread; the fast tokenizers can't be shared by threads ("Already borrowed")."""

    def __init__(self, transformer: Any, name: str) -> None:
        self._transformer = transformer
        self._name = name
        self._one_at_a_time = threading.Lock()

    async def model(self) -> EmbeddingModel:
        return EmbeddingModel(
            self._name, self._transformer.get_embedding_dimension(), self._transformer.get_max_seq_length()
        )

    async def embed(
        self,
        texts: Sequence[str],
        *,
        purpose: Purpose = Purpose.PASSAGE,
        priority: Priority = Priority.INTERACTIVE,  # noqa: ARG002  # the batcher's business
    ) -> Vectors:
        return await asyncio.to_thread(self._embed, list(texts), purpose)

    def count(self, texts: Sequence[str]) -> int:
        with self._one_at_a_time:
            return int(self._transformer.preprocess(list(texts))["attention_mask"].sum())

    def _embed(self, texts: list[str], purpose: Purpose) -> Vectors:
        transformer = self._transformer
        encode = transformer.encode_query if purpose is Purpose.QUERY else transformer.encode_document
        with self._one_at_a_time:
            vectors = encode(texts, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, np.float32)


def load_sentence_transformer(model: str, name: str, *, device: str, threads: int) -> SentenceTransformerEmbeddings:
    """`model` is a name on the Hugging Face Hub or a folder; it will be called `name`."""
    try:
        library = importlib.import_module("sentence_transformers")
        torch = importlib.import_module("torch")
    except ModuleNotFoundError as error:
        raise InvalidInputError(
            "EMBEDDING_PROVIDER=sentence-transformers needs torch and sentence-transformers: run `make install-torch`."
        ) from error
    if threads:
        torch.set_num_threads(threads)
    return SentenceTransformerEmbeddings(library.SentenceTransformer(model, device=device), name)
