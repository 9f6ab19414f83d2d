"""The walks of a rebuild: every searchable document, cut and embedded into another collection."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import structlog

from flash_core.interfaces.documents import StoredDocumentsInterface
from flash_core.interfaces.embedding import EmbeddingProviderInterface, Priority, Purpose, Vectors
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.models.document import EVERYONE
from flash_core.models.vector import ChunkPoint
from flash_core.schemas.documentation import CurrentVersion, StoredDocument
from indexing_service.interfaces import Source
from indexing_service.interfaces.rebuilds import Rebuild, RebuildTransactionFactory
from indexing_service.services.measuring import measured
from indexing_service.services.passages import Passage, Version, point_id, point_of
from indexing_service.services.stored_versions import stored_version

log = structlog.get_logger(__name__)

WALKS: Final = 5
"""Syncs write to both collections, so that a second walk finds little; under constant change this ends it."""
_TEXTS_A_CALL: Final = 96

Keep = Callable[[Rebuild], Awaitable[None]]
"""Stores how far a rebuild is. `FencedError` when it is another's, or was cancelled."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """A document of a source, in passages."""

    document_id: UUID
    source: Source
    version: Version
    passages: Sequence[Passage]

    @property
    def ids(self) -> list[UUID]:
        return [point_id(self.version, one, self.document_id) for one in self.passages]

    def is_in(self, held: Mapping[UUID, str]) -> bool:
        return all(held.get(one) == self.version.content_hash for one in self.ids)


class Walks:
    """What is there already is not embedded again, point by point; so a walk may be broken off anywhere."""

    def __init__(
        self,
        transaction: RebuildTransactionFactory,
        documents: StoredDocumentsInterface,
        embeddings: EmbeddingProviderInterface,
        vectors: VectorStoreInterface,
        keep: Keep,
    ) -> None:
        self._transaction = transaction
        self._documents = documents
        self._embeddings = embeddings
        self._vectors = vectors
        self._keep = keep

    async def until_complete(self, rebuild: Rebuild, max_tokens: int) -> Rebuild:
        """Walk until nothing is missing in the new collection."""
        while rebuild.walk < WALKS:
            rebuild = await self.once(rebuild, max_tokens)
            complete = rebuild.fresh == 0
            log.info("rebuild.walked", walk=rebuild.walk, documents=rebuild.documents, embedded=rebuild.fresh)
            rebuild = replace(rebuild, walk=WALKS if complete else rebuild.walk + 1, after=None, fresh=0)
            await self._keep(rebuild)
        return rebuild

    async def once(self, rebuild: Rebuild, max_tokens: int) -> Rebuild:
        """From where it stands to the last document."""
        if rebuild.after is None:
            rebuild = replace(rebuild, documents=0, fresh=0)
        while page := await self._documents.page(rebuild.after):
            fresh = await self._page(rebuild, page, max_tokens)
            rebuild = replace(
                rebuild,
                after=page[-1].document_id,
                documents=rebuild.documents + len(page),
                fresh=rebuild.fresh + fresh,
                embedded=rebuild.embedded + fresh,
            )
            await self._keep(rebuild)
        return rebuild

    async def _page(self, rebuild: Rebuild, page: Sequence[StoredDocument], max_tokens: int) -> int:
        """How many documents had to be embedded."""
        sources = await self._sources({one.source_id for one in page})
        kept = [one for one in page if one.source_id in sources]
        versions = await measured([stored_version(one) for one in kept], self._embeddings, max_tokens)
        cut = await asyncio.to_thread(_cut, kept, versions, sources)
        held = await self._vectors.content_hashes(rebuild.version, [one for document in cut for one in document.ids])
        missing = [one for one in cut if not one.is_in(held)]
        await self._embed(rebuild, missing)
        await self._settle(rebuild, missing)
        return len(missing)

    async def _sources(self, ids: set[UUID]) -> dict[UUID, Source]:
        """Those that are not deleted."""
        async with self._transaction() as work:
            found = [await work.sources.get(one) for one in sorted(ids)]
        return {source.id: source for source in found if source}

    async def _embed(self, rebuild: Rebuild, missing: Sequence[_Cut]) -> None:
        passages = [(document, passage) for document in missing for passage in document.passages]
        for start in range(0, len(passages), _TEXTS_A_CALL):
            batch = passages[start : start + _TEXTS_A_CALL]
            texts = [passage.embedded for _, passage in batch]
            rows = await self._embeddings.embed(texts, purpose=Purpose.PASSAGE, priority=Priority.BULK)
            points = [_point(document, passage, row) for (document, passage), row in zip(batch, rows, strict=True)]
            await self._vectors.upsert(rebuild.version, points)
            await self._keep(rebuild)

    async def _settle(self, rebuild: Rebuild, written: Sequence[_Cut]) -> None:
        """A document may have been deleted or changed, or it or its source closed or opened, while its passages were on
        their way.
        """
        if not written:
            return
        now = await self._documents.current([one.document_id for one in written])
        gone = [one.document_id for one in written if one.document_id not in now]
        if gone:
            await self._vectors.delete(rebuild.version, document_ids=gone)
        for one in written:
            if one.document_id in now:
                await self._settle_one(rebuild, one, now[one.document_id])
        before = {one.source.id: one.source for one in written}
        for source_id, source in (await self._sources(set(before))).items():
            if source.groups != before[source_id].groups:
                groups = {"source_groups": sorted(source.groups) or [EVERYONE]}
                await self._vectors.set_payload(rebuild.version, groups, source_id=source_id)

    async def _settle_one(self, rebuild: Rebuild, written: _Cut, current: CurrentVersion) -> None:
        ids = [written.document_id]
        if current.content_hash != written.version.content_hash:
            await self._vectors.delete(  # only what a rebuild wrote: a sync may be about to publish the rest
                rebuild.version, document_ids=ids, except_content_hashes=[current.content_hash], fence=0
            )
        if frozenset(current.groups) != written.version.document.groups:
            groups = {"document_groups": sorted(current.groups) or [EVERYONE]}
            await self._vectors.set_payload(rebuild.version, groups, document_ids=ids)


def _cut(page: Sequence[StoredDocument], versions: Sequence[Version], sources: Mapping[UUID, Source]) -> list[_Cut]:
    return [
        _Cut(one.document_id, sources[one.source_id], version, version.passages())
        for one, version in zip(page, versions, strict=True)
    ]


def _point(document: _Cut, passage: Passage, row: Vectors) -> ChunkPoint:
    return point_of(
        document.version,
        passage,
        row,
        document_id=document.document_id,
        source=document.source,
        language=document.version.language,
    )
