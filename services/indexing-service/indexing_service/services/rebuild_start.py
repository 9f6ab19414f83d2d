"""When the index is built anew, and into which collection."""

from collections.abc import Sequence

import structlog

from flash_core.errors import NotFoundError
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.embedding import EmbeddingModel, EmbeddingModelsInterface
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.models.vector import CHUNKS, CollectionInfo
from flash_core.schemas.indexing import JobState
from flash_core.utils.ids import new_id
from indexing_service.interfaces.rebuilds import Rebuild, RebuildTransactionFactory
from indexing_service.services.passages import chunker_of

log = structlog.get_logger(__name__)
_ENDED_BADLY = frozenset({JobState.FAILED, JobState.CANCELLED})


class RebuildStart:
    def __init__(
        self,
        transaction: RebuildTransactionFactory,
        models: EmbeddingModelsInterface,
        vectors: VectorStoreInterface,
        clock: ClockInterface,
    ) -> None:
        self._transaction = transaction
        self._models = models
        self._vectors = vectors
        self._clock = clock

    async def if_needed(self) -> None:
        """Begin one when the live collection can't be used as it is: its model is not served any more, or passages are
        cut another way by now. One that failed or was cancelled is not begun again by itself.
        """
        async with self._transaction() as work:
            active, newest = await work.rebuilds.active(), await work.rebuilds.newest()
        if active is not None:
            return
        try:
            live = await self._vectors.info(CHUNKS)
        except NotFoundError:
            return  # nothing was ever indexed
        versions = await self._vectors.versions(CHUNKS)
        wanted = _wanted(live, versions, await self._models.models())
        if wanted is None or (newest is not None and _was_refused(newest, wanted)):
            return
        log.warning("rebuild.needed", holds=live.model, chunker=live.chunker, served=wanted.name)
        await self.into(_collection_for(wanted, live, versions), live)

    async def begin(self, model: EmbeddingModel) -> Rebuild:
        """For this model; `ConflictError` while one is under way, `NotFoundError` before anything was indexed."""
        live = await self._vectors.info(CHUNKS)
        return await self.into(_collection_for(model, live, await self._vectors.versions(CHUNKS)), live)

    async def into(self, target: CollectionInfo, live: CollectionInfo) -> Rebuild:
        rebuild = Rebuild(
            id=new_id(),
            version=target.version,
            model=target.model,
            chunker=target.chunker,
            dimension=target.dimension,
            replaced=live.version,
            created_at=self._clock.now(),
        )
        async with self._transaction() as work:
            await work.rebuilds.add(rebuild)
            await work.commit()
        log.info("rebuild.queued", collection=rebuild.version, model=rebuild.model)
        return rebuild


def _wanted(
    live: CollectionInfo, versions: Sequence[CollectionInfo], served: Sequence[EmbeddingModel]
) -> EmbeddingModel | None:
    own = next((model for model in served if model.name == live.model), None)
    if own is None:
        return served[0]
    known = {(one.model, one.chunker) for one in versions}  # with one of them somebody has gone back
    return None if (own.name, chunker_of(own)) in known else own


def _was_refused(newest: Rebuild, wanted: EmbeddingModel) -> bool:
    return newest.state in _ENDED_BADLY and (newest.model, newest.chunker) == (wanted.name, chunker_of(wanted))


def _collection_for(model: EmbeddingModel, live: CollectionInfo, versions: Sequence[CollectionInfo]) -> CollectionInfo:
    """One that was made the same way is completed instead of made again; else a new one, to be made."""
    made = (model.name, model.dimension, chunker_of(model))
    for one in versions:
        if one.version != live.version and (one.model, one.dimension, one.chunker) == made:
            return one
    number = 1 + max(int(one.version.rpartition("_v")[2]) for one in versions)
    return CollectionInfo("", f"{CHUNKS}_v{number}", model.name, model.dimension, 0, chunker_of(model))
