"""The index holds what documentation says, and nothing else: looked at every night."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from flash_core.errors import FlashError, NotFoundError
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.documents import StoredDocumentsInterface
from flash_core.interfaces.embedding import EmbeddingModelsInterface
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.interfaces.worker import WorkerInterface
from flash_core.models.vector import CHUNKS, CollectionInfo
from flash_core.utils.ids import new_id
from indexing_service.interfaces import UnitOfWorkFactory
from indexing_service.interfaces.rebuilds import Rebuild, RebuildTransactionFactory
from indexing_service.services.live import pages
from indexing_service.services.passages import chunker_of
from indexing_service.services.rebuilding import Walks

log = structlog.get_logger(__name__)
_NIGHT: Final = 2
"""The hour, in UTC."""
_POINTS_A_PAGE: Final = 1_000
Hashes = Mapping[UUID, set[str]]


class IndexUpkeep(WorkerInterface):
    """An hour after the start and every night. Safe in every replica, and while documents are indexed: what a running
    job has written may be published in a moment, so it is left alone.

    A worker that was killed, or a vector store that was away, between the publication of a version and the removal of
    the one before it leaves passages that no search shows; the next sync finds nothing to do there.
    """

    name = "index-upkeep"

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        rebuilds: RebuildTransactionFactory,
        documents: StoredDocumentsInterface,
        models: EmbeddingModelsInterface,
        vectors: VectorStoreInterface,
        clock: ClockInterface,
        *,
        first_after_seconds: float = 3_600.0,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._rebuilds = rebuilds
        self._documents = documents
        self._models = models
        self._vectors = vectors
        self._clock = clock
        self._first_after_seconds = first_after_seconds

    async def run(self) -> None:
        pause = self._first_after_seconds
        while True:
            await asyncio.sleep(pause)
            try:
                await self.run_once()
            except FlashError as error:
                log.warning("index_upkeep.postponed", error=error.code)
            pause = _until_night(self._clock.now())

    async def run_once(self) -> None:
        """Nothing while the index is built anew: that compares the same things."""
        try:
            live = await self._vectors.info(CHUNKS)
        except NotFoundError:
            return  # nothing was ever indexed
        async with self._rebuilds() as work:
            if await work.rebuilds.active() is not None:
                return
        async with self._unit_of_work() as work:
            settled = await work.jobs.settled_fence()
        removed = await self._remove_orphans(live, settled)
        restored = await self._restore_missing(live)
        if removed or restored:
            log.warning("index.mended", orphaned=removed, restored=restored)

    async def _remove_orphans(self, live: CollectionInfo, fence: int) -> int:
        """Of how many documents there were passages that belong to no version that can be found."""
        suspects = await self._suspects(live)
        for some in pages(list(suspects)):
            current = await self._content_hashes(some)
            gone = [one for one in some if one not in current]
            if gone:
                await self._vectors.delete(CHUNKS, document_ids=gone, fence=fence)
            for one in current.keys() & set(some):
                kept = {current[one], *(seen for seen in suspects[one] if _content(seen) == _content(current[one]))}
                if suspects[one] - kept:
                    await self._vectors.delete(
                        CHUNKS, document_ids=[one], except_content_hashes=sorted(kept), fence=fence
                    )
        return len(suspects)

    async def _suspects(self, live: CollectionInfo) -> Hashes:
        """The documents of which there are passages of another version than the one that can be found, with these."""
        suspects: defaultdict[UUID, set[str]] = defaultdict(set)
        first: UUID | None = None
        while True:
            points, first = await self._vectors.page(live.version, first, _POINTS_A_PAGE)
            current = await self._content_hashes(list({one.document_id for one in points}))
            for one in points:
                if current.get(one.document_id) != one.content_hash:
                    suspects[one.document_id].add(one.content_hash)
            if first is None:
                return suspects

    async def _content_hashes(self, document_ids: Sequence[UUID]) -> dict[UUID, str]:
        current = await self._documents.current(document_ids)
        return {one: version.content_hash for one, version in current.items()}

    async def _restore_missing(self, live: CollectionInfo) -> int:
        """How many documents had no passages, or not all; none while they can't be made as the others were."""
        model = next((one for one in await self._models.models() if one.name == live.model), None)
        if model is None or chunker_of(model) != live.chunker:
            return 0
        walks = Walks(self._rebuilds, self._documents, self._models.named(model.name), self._vectors, _keep)
        walked = await walks.until_complete(_walk_of(live, self._clock.now()), model.max_tokens)
        return walked.embedded


async def _keep(_: Rebuild) -> None:
    """A walk that is broken off begins again the next night."""


def _walk_of(live: CollectionInfo, now: datetime) -> Rebuild:
    """Of the collection into itself."""
    return Rebuild(
        id=new_id(),
        version=live.version,
        model=live.model,
        chunker=live.chunker,
        dimension=live.dimension,
        replaced=live.version,
        created_at=now,
    )


def _content(content_hash: str) -> str:
    """The half that says what passages are of; those of the same content are the same points."""
    return content_hash.partition(".")[0]


def _until_night(now: datetime) -> float:
    tonight = now.replace(hour=_NIGHT, minute=0, second=0, microsecond=0)
    return ((tonight if tonight > now else tonight + timedelta(days=1)) - now).total_seconds()
