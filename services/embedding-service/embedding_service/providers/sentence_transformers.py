"""sentence-transformers: any of its models, bi-encoders and cross-encoders, on any device of torch.

The library is not a dependency: it comes with `make install-torch`, and is imported only when such a model is chosen.
"""

import asyncio
import importlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from embedding_service.interfaces import Logits, PairModel, PairReaderInterface, TextPair, TokenCounterInterface
from embedding_service.providers.identity import contents_of, versioned
from embedding_service.providers.prompts import Prompts, prompts_of
from flash_core.errors import InvalidInputError
from flash_core.interfaces.embedding import EmbeddingModel, EmbeddingProviderInterface, Priority, Purpose, Vectors


class SentenceTransformerEmbeddings(EmbeddingProviderInterface, TokenCounterInterface):
    """One inference at a time, in a thread; the fast tokenizers can't be shared by threads ("Already borrowed")."""

    def __init__(self, transformer: Any, name: str, prompts: Prompts) -> None:
        self._transformer = transformer
        self._name = name
        self._prompts = prompts
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

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return await asyncio.to_thread(self._whole, list(texts)) if texts else []

    def count(self, texts: Sequence[str]) -> int:
        with self._one_at_a_time:
            return int(self._transformer.preprocess(list(texts))["attention_mask"].sum())

    def _whole(self, texts: list[str]) -> list[int]:
        with self._one_at_a_time:
            ids = self._transformer.tokenizer(texts, add_special_tokens=False, truncation=False, verbose=False)
        return [len(one) for one in ids["input_ids"]]

    def _embed(self, texts: list[str], purpose: Purpose) -> Vectors:
        transformer = self._transformer
        encode = transformer.encode_query if purpose is Purpose.QUERY else transformer.encode_document
        with self._one_at_a_time:
            vectors = encode(texts, prompt=self._prompts[purpose], normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, np.float32)


class SentenceTransformerPairs(PairReaderInterface):
    """A `CrossEncoder`, one inference at a time."""

    def __init__(self, encoder: Any, model: PairModel, identity: Any) -> None:
        """`identity`: torch's function that leaves logits as they are."""
        self._encoder = encoder
        self._identity = identity
        self._one_at_a_time = threading.Lock()
        self.model = model

    def logits(self, pairs: Sequence[TextPair]) -> Logits:
        with self._one_at_a_time:
            found = self._encoder.predict(list(pairs), activation_fn=self._identity, show_progress_bar=False)
        return np.asarray(found, np.float32).reshape(len(pairs), len(self.model.labels))


def load_sentence_transformer(
    model: str, name: str | None, *, device: str, threads: int
) -> SentenceTransformerEmbeddings:
    """`model` is a name on the Hugging Face Hub or a folder.

    `name`: what it is called, for a model whose contents are known by it; None: its own name with a digest of what
    makes its vectors.
    """
    library, _ = _imported(threads)
    transformer = library.SentenceTransformer(model, device=device, model_kwargs=_dtype(device))
    prompts = prompts_of(transformer.prompts, f"{model} {_config_of(transformer, '_name_or_path')}")
    name = name or versioned(Path(model).name, _version_of(model, transformer), *prompts.values())
    return SentenceTransformerEmbeddings(transformer, name, prompts)


def load_cross_encoder(model: str, *, device: str, threads: int) -> SentenceTransformerPairs:
    """`model` is a name on the Hugging Face Hub or a folder."""
    library, torch = _imported(threads)
    encoder = library.CrossEncoder(model, device=device, model_kwargs=_dtype(device))
    named = _config_of(encoder, "id2label") or {}
    labels = tuple(str(named[key]) for key in sorted(named))
    return SentenceTransformerPairs(
        encoder, PairModel(versioned(Path(model).name, _version_of(model, encoder)), labels), torch.nn.Identity()
    )


def _imported(threads: int) -> tuple[Any, Any]:
    try:
        library = importlib.import_module("sentence_transformers")
        torch = importlib.import_module("torch")
    except ModuleNotFoundError as error:
        raise InvalidInputError(
            "This model needs torch and sentence-transformers (EMBEDDING_PROVIDER=sentence-transformers, or a reranker "
            "that is no ONNX folder): run `make install-torch`."
        ) from error
    if threads:
        torch.set_num_threads(threads)
    return library, torch


def _dtype(device: str) -> dict[str, str]:
    """Checkpoints in half precision are several times slower than others on a CPU, unless they are widened."""
    return {"dtype": "float32"} if device == "cpu" else {}


def _version_of(model: str, loaded: Any) -> str:
    """A digest for a folder, the commit for a name on the Hub."""
    folder = Path(model)
    return contents_of(folder) if folder.is_dir() else f"{model} {_config_of(loaded, '_commit_hash')}"


def _config_of(loaded: Any, field: str) -> Any:
    """A field of the configuration of transformers' model in it; None where there is none."""
    return getattr(getattr(loaded.transformers_model, "config", None), field, None)
