"""The collections of the index, for administrators."""

from contextlib import suppress
from typing import Literal

import structlog

from flash_core.errors import ConflictError, FieldError, InvalidInputError, NotFoundError
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.embedding import EmbeddingModelsInterface
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.models.vector import CHUNKS, CollectionInfo
from flash_core.schemas.collections import CollectionsResponse, IndexCollection, RebuildResponse
from flash_core.schemas.indexing import JobState
from indexing_service.interfaces.rebuilds import Rebuild, RebuildTransactionFactory
from indexing_service.services.rebuild_start import RebuildStart

log = structlog.get_logger(__name__)
Role = Literal["live", "next", "previous", "unused"]
Phase = Literal["queued", "building", "settling", "done"]


class IndexCollections:
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
        self._start = RebuildStart(transaction, models, vectors, clock)

    async def overview(self) -> CollectionsResponse:
        async with self._transaction() as work:
            active, newest = await work.rebuilds.active(), await work.rebuilds.newest()
            done = await work.rebuilds.newest(JobState.SUCCEEDED)
        served = {one.name for one in await self._models.models()}
        return CollectionsResponse(
            collections=[
                _collection(one, _role(one, active, done), served=one.model in served)
                for one in await self._vectors.versions(CHUNKS)
            ],
            rebuild=_response(newest) if newest else None,
        )

    async def rebuild(self, name: str | None) -> RebuildResponse:
        """For the model of this name; without one for the model that is set to come next, else the one that is set."""
        served = await self._models.models()
        model = served[-1] if name is None else next((one for one in served if one.name == name), None)
        if model is None:
            names = ", ".join(one.name for one in served)
            raise InvalidInputError(f"No model {name} is served.", [FieldError("model", f"One of: {names}.")])
        try:
            return _response(await self._start.begin(model))
        except NotFoundError:
            raise ConflictError("Nothing was indexed yet: there is nothing to rebuild.") from None

    async def rollback(self) -> RebuildResponse:
        """Back to the collection that was searched before the last rebuild, with what has changed since."""
        live = await self._vectors.info(CHUNKS)
        async with self._transaction() as work:
            done = await work.rebuilds.newest(JobState.SUCCEEDED)
        previous = await self._kept(done) if done and done.version == live.version else None
        if previous is None:
            raise ConflictError("There is no collection to go back to.")
        if all(one.name != previous.model for one in await self._models.models()):
            raise ConflictError(
                f"{previous.version} holds vectors of {previous.model}, which is not served: set it as "
                "EMBEDDING_NEXT_MODEL (or EMBEDDING_MODEL) and start the embedding service again."
            )
        return _response(await self._start.into(previous, live))

    async def cancel(self) -> None:
        """The collection that is searched stays; the unfinished one goes."""
        async with self._transaction() as work:
            cancelled = await work.rebuilds.cancel()
            done = await work.rebuilds.newest(JobState.SUCCEEDED)
            await work.commit()
        if cancelled is None:
            raise ConflictError("No rebuild is under way that could still be cancelled.")
        log.info("rebuild.cancelled", rebuild_id=str(cancelled.id))
        if done is None or done.replaced != cancelled.version:
            with suppress(NotFoundError):  # it was not made yet
                await self._vectors.drop_version(cancelled.version)

    async def _kept(self, done: Rebuild) -> CollectionInfo | None:
        versions = await self._vectors.versions(CHUNKS)
        return next((one for one in versions if one.version == done.replaced), None)


def _role(one: CollectionInfo, active: Rebuild | None, done: Rebuild | None) -> Role:
    if one.alias:
        return "live"
    if active is not None and one.version in {active.version, active.replaced}:
        return "next" if one.version == active.version else "previous"
    return "previous" if done is not None and one.version == done.replaced else "unused"


def _collection(one: CollectionInfo, role: Role, *, served: bool) -> IndexCollection:
    return IndexCollection(
        name=one.version,
        model=one.model,
        chunker=one.chunker,
        dimension=one.dimension,
        points=one.points,
        role=role,
        served=served,
    )


def _phase(rebuild: Rebuild) -> Phase:
    if rebuild.state.is_terminal:
        return "done"
    if rebuild.state is JobState.QUEUED:
        return "queued"
    return "settling" if rebuild.swapped else "building"


def _response(rebuild: Rebuild) -> RebuildResponse:
    return RebuildResponse(
        id=rebuild.id,
        collection=rebuild.version,
        model=rebuild.model,
        state=rebuild.state,
        phase=_phase(rebuild),
        documents=rebuild.documents,
        embedded=rebuild.embedded,
        problem=rebuild.problem,
        created_at=rebuild.created_at,
        heartbeat_at=rebuild.heartbeat_at,
        finished_at=rebuild.finished_at,
    )
