"""Several embedding models beside each other, each by its name."""

from collections.abc import Sequence

import structlog

from flash_core.errors import FlashError, NotFoundError, UpstreamUnavailableError
from flash_core.interfaces.embedding import (
    EmbeddingModel,
    EmbeddingModelsInterface,
    EmbeddingProviderInterface,
    Priority,
    Purpose,
    Vectors,
)

log = structlog.get_logger(__name__)


class ServedModels(EmbeddingModelsInterface):
    """`first` must answer; one of the `others` that does not is left out."""

    def __init__(self, first: EmbeddingProviderInterface, others: Sequence[EmbeddingProviderInterface] = ()) -> None:
        self._first = first
        self._others = others

    async def models(self) -> list[EmbeddingModel]:
        return [model for model, _ in await self._served()]

    def named(self, name: str) -> EmbeddingProviderInterface:
        return _Named(self, name)

    async def find(self, name: str) -> EmbeddingProviderInterface:
        """`NotFoundError` when no model has this name."""
        for model, provider in await self._served():
            if model.name == name:
                return provider
        raise NotFoundError(f"No embedding model {name} is served.")

    async def _served(self) -> list[tuple[EmbeddingModel, EmbeddingProviderInterface]]:
        served = [(await self._first.model(), self._first)]
        for provider in self._others:
            try:
                served.append((await provider.model(), provider))
            except FlashError as error:
                log.warning("embedding_model.left_out", error=error.code)
        return served


class UnusableEmbeddings(EmbeddingProviderInterface):
    """Stands for a model that could not be loaded, so that the others are served all the same."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def model(self) -> EmbeddingModel:
        raise UpstreamUnavailableError(self._reason)

    async def embed(
        self,
        texts: Sequence[str],  # noqa: ARG002  # nothing can be computed
        *,
        purpose: Purpose = Purpose.PASSAGE,  # noqa: ARG002
        priority: Priority = Priority.INTERACTIVE,  # noqa: ARG002
    ) -> Vectors:
        raise UpstreamUnavailableError(self._reason)

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:  # noqa: ARG002
        raise UpstreamUnavailableError(self._reason)


class _Named(EmbeddingProviderInterface):
    """The model is looked for with every call."""

    def __init__(self, served: ServedModels, name: str) -> None:
        self._served = served
        self._name = name

    async def model(self) -> EmbeddingModel:
        return await (await self._served.find(self._name)).model()

    async def embed(
        self, texts: Sequence[str], *, purpose: Purpose = Purpose.PASSAGE, priority: Priority = Priority.INTERACTIVE
    ) -> Vectors:
        provider = await self._served.find(self._name)
        return await provider.embed(texts, purpose=purpose, priority=priority)

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return await (await self._served.find(self._name)).count_tokens(texts)
