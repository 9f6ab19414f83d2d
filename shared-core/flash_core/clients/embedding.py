"""The embedding service's models, as providers.

Each client wants a sibling, and so a breaker, of its own: a slow cross-encoder must not open that of the embeddings.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict

import numpy as np

from flash_core.clients.http import Sibling
from flash_core.errors import FlashError, NotFoundError
from flash_core.interfaces.embedding import (
    EmbeddingModel,
    EmbeddingModelsInterface,
    EmbeddingProviderInterface,
    Priority,
    Purpose,
    Vectors,
)
from flash_core.interfaces.entailment import Claim, EntailmentModelInterface
from flash_core.interfaces.reranker import RerankerInterface
from flash_core.schemas.embedding import (
    MAX_PAIRS,
    ClaimPair,
    CountTokensRequest,
    CountTokensResponse,
    EmbeddingModelResponse,
    EmbedRequest,
    EmbedResponse,
    EntailmentRequest,
    EntailmentResponse,
    RerankRequest,
    RerankResponse,
)

_INTERACTIVE_SECONDS = 5.0
_BULK_SECONDS = 300.0
_TEXTS_A_CALL = 512
_NAMES_SECONDS = 1.0
_NAMES_ARE_FRESH_SECONDS = 10.0
_PAIRS_SECONDS = 10.0
"""The longest time for one call; whoever calls has a shorter deadline of its own."""


class EmbeddingModelsClient(EmbeddingModelsInterface):
    """The models are asked for anew with every call: the service may be restarted with others. `seconds`: the longest
    time for the texts of somebody who waits.
    """

    def __init__(self, embedding: Sibling, *, seconds: float = _INTERACTIVE_SECONDS) -> None:
        self._embedding = embedding
        self._seconds = seconds

    async def models(self) -> list[EmbeddingModel]:
        answer = await self._embedding.get(EmbeddingModelResponse, "/internal/model")
        beside = [EmbeddingModel(one.name, one.dimension, one.max_tokens) for one in answer.beside]
        return [EmbeddingModel(answer.name, answer.dimension, answer.max_tokens), *beside]

    def named(self, name: str) -> EmbeddingProviderInterface:
        return EmbeddingClient(self._embedding, name, seconds=self._seconds)


class EmbeddingClient(EmbeddingProviderInterface):
    """The model of this name, or the one that is set for the fleet."""

    def __init__(self, embedding: Sibling, name: str | None = None, *, seconds: float = _INTERACTIVE_SECONDS) -> None:
        self._embedding = embedding
        self._name = name
        self._seconds = {Priority.INTERACTIVE: seconds, Priority.BULK: _BULK_SECONDS}

    async def model(self) -> EmbeddingModel:
        models = await EmbeddingModelsClient(self._embedding).models()
        for model in models:
            if self._name in {None, model.name}:
                return model
        raise NotFoundError(f"No embedding model {self._name} is served.")

    async def embed(
        self, texts: Sequence[str], *, purpose: Purpose = Purpose.PASSAGE, priority: Priority = Priority.INTERACTIVE
    ) -> Vectors:
        parts = [
            await self._part(texts[start : start + _TEXTS_A_CALL], purpose, priority)
            for start in range(0, len(texts), _TEXTS_A_CALL)
        ]
        return np.concatenate(parts) if parts else np.empty((0, 0), np.float32)

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        counts: list[int] = []
        for start in range(0, len(texts), _TEXTS_A_CALL):
            request = CountTokensRequest(texts=list(texts[start : start + _TEXTS_A_CALL]), model=self._name)
            answer = await self._embedding.post(
                CountTokensResponse, "/internal/tokens", request, seconds=self._seconds[Priority.BULK]
            )
            counts += answer.counts
        return counts

    async def _part(self, texts: Sequence[str], purpose: Purpose, priority: Priority) -> Vectors:
        request = EmbedRequest(texts=list(texts), purpose=purpose, priority=priority, model=self._name)
        answer = await self._embedding.post(
            EmbedResponse, "/internal/embeddings", request, seconds=self._seconds[priority]
        )
        flat = np.frombuffer(b"".join(answer.vectors), dtype="<f4")
        return flat.reshape(len(texts), answer.dimension)


class RerankerClient(RerankerInterface):
    """`name` is asked for every ten seconds at most, so that a search does not pay for it. `seconds`: the longest time
    for one call; a call that is cancelled before counts as nothing, and the next one waits as long. `names`: another
    way to the service, for the name: that it answers says nothing of how fast the model is.
    """

    def __init__(
        self,
        embedding: Sibling,
        *,
        names: Sibling | None = None,
        seconds: float = _PAIRS_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._embedding = embedding
        self._seconds = seconds
        self._installed = _InstalledModels(names or embedding, monotonic)

    async def name(self) -> str | None:
        models = await self._installed.known()
        return models.reranker if models else None

    async def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        scores: list[float] = []
        for start in range(0, len(texts), MAX_PAIRS):
            request = RerankRequest(query=query, texts=list(texts[start : start + MAX_PAIRS]))
            answer = await self._embedding.post(
                RerankResponse, "/internal/rerank", request, seconds=self._seconds, repeat=False
            )
            scores += answer.scores
        return scores


class EntailmentClient(EntailmentModelInterface):
    """`name` is asked for every ten seconds at most, so that an answer does not pay for it. `names`: another way to the
    service, for the name, as with the reranker.
    """

    def __init__(
        self,
        embedding: Sibling,
        *,
        names: Sibling | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._embedding = embedding
        self._installed = _InstalledModels(names or embedding, monotonic)

    async def name(self) -> str | None:
        models = await self._installed.known()
        return models.entailment if models else None

    async def supported(self, claims: Sequence[Claim]) -> list[float]:
        supported: list[float] = []
        for start in range(0, len(claims), MAX_PAIRS):
            pairs = [ClaimPair(**asdict(claim)) for claim in claims[start : start + MAX_PAIRS]]
            answer = await self._embedding.post(
                EntailmentResponse,
                "/internal/entailment",
                EntailmentRequest(claims=pairs),
                seconds=_PAIRS_SECONDS,
                repeat=False,
            )
            supported += answer.supported
        return supported


class _InstalledModels:
    """What the embedding service last said of its models; None as long as it never answered.

    A failure is not asked about again before an answer would be: it must not cost every search a time-out.
    """

    def __init__(self, embedding: Sibling, monotonic: Callable[[], float]) -> None:
        self._embedding = embedding
        self._monotonic = monotonic
        self._asking = asyncio.Lock()
        self._answer: EmbeddingModelResponse | None = None
        self._ask_again_at = 0.0

    async def known(self) -> EmbeddingModelResponse | None:
        async with self._asking:
            if self._monotonic() >= self._ask_again_at:
                with suppress(FlashError):
                    self._answer = await self._embedding.get(
                        EmbeddingModelResponse, "/internal/model", seconds=_NAMES_SECONDS, repeat=False
                    )
                self._ask_again_at = self._monotonic() + _NAMES_ARE_FRESH_SECONDS
        return self._answer
