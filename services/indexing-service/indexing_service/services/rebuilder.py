"""The worker that builds the index anew in another collection, and moves the alias when it is complete."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

import structlog

from flash_core.errors import ConflictError, FencedError, FlashError, NotFoundError
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.documents import StoredDocumentsInterface
from flash_core.interfaces.embedding import EmbeddingModelsInterface
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.interfaces.worker import WorkerInterface
from flash_core.models.vector import CHUNKS
from flash_core.schemas.indexing import JobState
from indexing_service.interfaces.rebuilds import Rebuild, RebuildTransactionFactory
from indexing_service.services.rebuild_start import RebuildStart
from indexing_service.services.rebuilding import Walks

log = structlog.get_logger(__name__)

SETTLE_SECONDS: Final = 10.0
"""Longer than a search may go on in the collection that the alias pointed to before (documentation asks for it every
five seconds); as long syncs write to both."""
_LEASE_SECONDS: Final = 60.0
"""Longer than one batch of passages takes, after which it is extended."""
_LOOK_SECONDS: Final = 15.0


class IndexRebuilder(WorkerInterface):
    """One rebuild at a time, whoever holds its lease. What it does may be repeated at any step."""

    name = "rebuilds"

    def __init__(
        self,
        transaction: RebuildTransactionFactory,
        documents: StoredDocumentsInterface,
        models: EmbeddingModelsInterface,
        vectors: VectorStoreInterface,
        clock: ClockInterface,
        *,
        settle_seconds: float = SETTLE_SECONDS,
        poll_seconds: float = 2.0,
        pause_seconds: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transaction = transaction
        self._documents = documents
        self._models = models
        self._vectors = vectors
        self._start = RebuildStart(transaction, models, vectors, clock)
        self._settle_seconds = settle_seconds
        self._poll_seconds = poll_seconds
        self._pause_seconds = pause_seconds
        self._monotonic = monotonic
        self._look_at = 0.0

    async def run(self) -> None:
        while True:
            try:
                await self.run_once()
            except FlashError as error:
                log.warning("rebuild.stalled", error=error.code)
            await asyncio.sleep(self._poll_seconds)

    async def run_once(self) -> bool:
        """Begin a rebuild where one is needed, and do what is to be done; whether there was anything."""
        if self._monotonic() >= self._look_at:
            self._look_at = self._monotonic() + _LOOK_SECONDS
            await self._start.if_needed()
        async with self._transaction() as work:
            rebuild = await work.rebuilds.claim(_LEASE_SECONDS)
            await work.commit()
        if rebuild is None:
            return False
        with structlog.contextvars.bound_contextvars(rebuild_id=str(rebuild.id), attempt=rebuild.attempt):
            await self._guarded(rebuild)
        return True

    async def _guarded(self, rebuild: Rebuild) -> None:
        log.info("rebuild.claimed", collection=rebuild.version, model=rebuild.model)
        try:
            await self._perform(rebuild)
        except FencedError:
            log.info("rebuild.fenced")
        except FlashError as error:
            await self._failed(rebuild, error)
        except asyncio.CancelledError:
            await asyncio.shield(self._release(rebuild))
            raise
        except Exception:  # the boundary: whatever it is, the rebuild must not be tried for ever
            log.exception("rebuild.crashed")
            await self._finish(rebuild, JobState.FAILED, "Something went wrong on our side; the logs say what.")

    async def _perform(self, rebuild: Rebuild) -> None:
        embeddings = self._models.named(rebuild.model)
        max_tokens = (await embeddings.model()).max_tokens
        walks = Walks(self._transaction, self._documents, embeddings, self._vectors, self._keep)
        if not rebuild.swapped:
            await self._make(rebuild)
            rebuild = await walks.until_complete(rebuild, max_tokens)
            rebuild = await self._swap(rebuild)
        await asyncio.sleep(self._settle_seconds)
        await self._keep(rebuild)
        await walks.once(replace(rebuild, after=None), max_tokens)
        await self._documents.index_changed()
        await self._forget_others(rebuild)
        await self._finish(rebuild, JobState.SUCCEEDED, None)

    async def _make(self, rebuild: Rebuild) -> None:
        with suppress(ConflictError):  # it is there: kept from before, or begun by a worker that was stopped
            await self._vectors.create_version(
                CHUNKS, rebuild.version, dimension=rebuild.dimension, model=rebuild.model, chunker=rebuild.chunker
            )

    async def _swap(self, rebuild: Rebuild) -> Rebuild:
        """While the row is held, so that nobody cancels it in between."""
        swapped = replace(rebuild, swapped=True, after=None)
        async with self._transaction() as work:
            await work.rebuilds.save(swapped, _LEASE_SECONDS)
            await self._vectors.point_alias(CHUNKS, rebuild.version)
            await work.commit()
        log.info("rebuild.swapped", collection=rebuild.version, replaced=rebuild.replaced)
        return swapped

    async def _forget_others(self, rebuild: Rebuild) -> None:
        """All but the collection that is searched and the one before it."""
        for one in await self._vectors.versions(CHUNKS):
            if one.version not in {rebuild.version, rebuild.replaced}:
                await self._vectors.drop_version(one.version)
                log.info("collection.dropped", collection=one.version)

    async def _keep(self, rebuild: Rebuild) -> None:
        async with self._transaction() as work:
            await work.rebuilds.save(rebuild, _LEASE_SECONDS)
            await work.commit()

    async def _failed(self, rebuild: Rebuild, error: FlashError) -> None:
        if error.retryable:
            log.warning("rebuild.postponed", error=error.code)
            await self._release(rebuild, self._pause_seconds, f"Waiting: {error}")
        elif isinstance(error, NotFoundError) and not await self._is_active(rebuild):
            log.info("rebuild.cancelled")  # and its collection is gone with it
        else:
            await self._finish(rebuild, JobState.FAILED, str(error))

    async def _is_active(self, rebuild: Rebuild) -> bool:
        async with self._transaction() as work:
            active = await work.rebuilds.active()
        return active is not None and active.id == rebuild.id

    async def _release(self, rebuild: Rebuild, after_seconds: float = 0, problem: str | None = None) -> None:
        with suppress(FlashError):  # the lease runs out, and somebody finds it again
            async with self._transaction() as work:
                await work.rebuilds.release(rebuild, after_seconds=after_seconds, problem=problem)
                await work.commit()

    async def _finish(self, rebuild: Rebuild, state: JobState, problem: str | None) -> None:
        async with self._transaction() as work:
            await work.rebuilds.finish(rebuild, state, problem)
            await work.commit()
        log.info("rebuild.ended", state=state)
