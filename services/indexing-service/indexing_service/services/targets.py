"""Where passages are written: the collection that is searched, and one beside it while the index is rebuilt."""

from collections.abc import Sequence
from dataclasses import dataclass

from flash_core.errors import NotFoundError, UpstreamUnavailableError
from flash_core.interfaces.embedding import EmbeddingModel, EmbeddingModelsInterface
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.models.vector import CHUNKS, CollectionInfo
from indexing_service.interfaces.rebuilds import RebuildTransactionFactory
from indexing_service.services.passages import chunker_of


@dataclass(frozen=True, slots=True)
class Target:
    """A collection by its own name, and the model that its vectors are of."""

    version: str
    model: EmbeddingModel


class IndexTargets:
    def __init__(
        self, rebuilds: RebuildTransactionFactory, models: EmbeddingModelsInterface, vectors: VectorStoreInterface
    ) -> None:
        self._rebuilds = rebuilds
        self._models = models
        self._vectors = vectors

    async def live(self) -> Target:
        """Made if there is none. `UpstreamUnavailableError` while its model is not served: a document that is stored
        without vectors would be found by its words alone for ever.
        """
        first, *others = await self._models.models()
        info = await self._vectors.ensure(
            CHUNKS, dimension=first.dimension, model=first.name, chunker=chunker_of(first)
        )
        model = _named(info.model, [first, *others])
        if model is None:
            raise UpstreamUnavailableError(
                f"The index holds vectors of {info.model}, which is not served; it is being rebuilt for {first.name}."
            )
        return Target(info.version, model)

    async def beside(self, live: Target) -> list[Target]:
        """While a rebuild is under way: the collection that it fills and, after the alias has moved, the one that some
        searches still look at.
        """
        async with self._rebuilds() as work:
            rebuild = await work.rebuilds.active()
        if rebuild is None:
            return []
        served = await self._models.models()
        found = [await self._described(one) for one in (rebuild.version, rebuild.replaced) if one != live.version]
        named = [(one.version, _named(one.model, served)) for one in found if one]
        return [Target(version, model) for version, model in named if model]

    async def _described(self, version: str) -> CollectionInfo | None:
        try:
            return await self._vectors.info(version)
        except NotFoundError:
            return None


def _named(name: str, models: Sequence[EmbeddingModel]) -> EmbeddingModel | None:
    return next((model for model in models if model.name == name), None)
