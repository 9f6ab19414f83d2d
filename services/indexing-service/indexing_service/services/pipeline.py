"""The way of documents into the index: parse, cut, embed, store, publish."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar
from uuid import UUID

import structlog

from flash_core.errors import ConflictError, FencedError, FlashError, TooLargeError, UnsupportedMediaError
from flash_core.interfaces.documents import DocumentRegistryInterface
from flash_core.interfaces.embedding import EmbeddingModelsInterface, Priority, Purpose, Vectors
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.models.vector import CHUNKS, ChunkPoint
from flash_core.schemas.documentation import PutDocumentRequest, ResolvedDocument
from flash_core.schemas.indexing import SourceType
from indexing_service.interfaces import DocumentPipelineInterface, ItemState, Outcome, Source, SourceDocument
from indexing_service.interfaces.parsing import ConverterInterface, UnreadableError
from indexing_service.interfaces.rebuilds import RebuildTransactionFactory
from indexing_service.services.measuring import measured
from indexing_service.services.parsing import DocumentParser
from indexing_service.services.passages import CONTENT_VERSION, Passage, Version, about, point_id, point_of, version_of
from indexing_service.services.targets import IndexTargets, Target

log = structlog.get_logger(__name__)

_TEXTS_A_CALL: Final = 96
_UNCHANGED: Final = Outcome(ItemState.UNCHANGED)
_GONE: Final = Outcome(ItemState.SKIPPED, "It was deleted before it was indexed.")
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class _Work:
    """A version on its way, with the place that documentation keeps for it. `described`: only what describes the
    document has changed, not its content. `target`: where its passages go. `fence`: under which they are written.
    """

    version: Version
    place: ResolvedDocument
    described: bool
    target: Target
    fence: int

    @property
    def document_id(self) -> UUID:
        return self.place.document_id


@dataclass(frozen=True, slots=True)
class _Cut:
    """One passage of a version, ready to be embedded."""

    work: _Work
    passage: Passage
    language: str

    def point(self, source: Source, vector: Vectors) -> ChunkPoint:
        return point_of(
            self.work.version,
            self.passage,
            vector,
            document_id=self.work.document_id,
            source=source,
            language=self.language,
            fence=self.work.fence,
        )


class DocumentPipeline(DocumentPipelineInterface):
    """Passages of several documents are embedded together, so that short documents cost no more than long ones.

    A version becomes searchable when documentation takes it: its passages are in the vector store by then, and those
    of the version before leave it afterwards. Searches look at one of the two at any moment, never at a mixture.
    """

    def __init__(
        self,
        registry: DocumentRegistryInterface,
        models: EmbeddingModelsInterface,
        vectors: VectorStoreInterface,
        converter: ConverterInterface,
        rebuilds: RebuildTransactionFactory,
        *,
        retry_seconds: Sequence[float] = (0.5, 1.0, 2.0, 4.0),
        patience_seconds: float = 30.0,
    ) -> None:
        self._registry = registry
        self._models = models
        self._targets = IndexTargets(rebuilds, models, vectors)
        self._vectors = vectors
        self._parser = DocumentParser(converter)
        self._retry_seconds = retry_seconds
        self._patience_seconds = patience_seconds

    async def mark(self) -> str:
        return CONTENT_VERSION

    async def index(
        self, source: Source, documents: Sequence[SourceDocument], *, full: bool, fence: int
    ) -> AsyncIterator[tuple[str, Outcome]]:
        live = await self._patiently(self._targets.live)
        versions: list[Version] = []
        for document in documents:
            found = await self._version(source, document)
            if isinstance(found, Outcome):
                yield document.external_id, found
            else:
                versions.append(found)
        names = [one.document.external_id for one in versions]
        places = await self._patiently(lambda: self._registry.resolve(source.id, names))
        changed: list[_Work] = []
        unchanged: list[_Work] = []
        for version, place in zip(versions, places, strict=True):
            if version.document.document_id not in {None, place.document_id}:
                yield place.external_id, _GONE
                continue
            described = not full and version.same_content(place.content_hash)
            same = place.content_hash == version.content_hash and not full
            (unchanged if same else changed).append(_Work(version, place, described, live, fence))
        async for outcome in self._confirmed(source, unchanged):
            yield outcome
        async for outcome in self._stored(source, await self._into(live, changed)):
            yield outcome

    async def _version(self, source: Source, document: SourceDocument) -> Version | Outcome:
        """The version that `document` is, or why there is nothing in it to be found.

        What can't be read, or not for what it may cost, has failed: it may be mended, and the version before stays.
        A source that is synced holds files of all kinds; what was handed in was meant to be read.
        """
        try:
            parsed = await self._patiently(lambda: self._parser.parsed(document))
        except (TooLargeError, UnreadableError) as error:
            return Outcome(ItemState.FAILED, str(error))
        except FlashError as error:
            if error.retryable:
                raise
            meant = source.type is SourceType.UPLOAD and isinstance(error, UnsupportedMediaError)
            return Outcome(ItemState.FAILED if meant else ItemState.WITHDRAWN, str(error))
        return await asyncio.to_thread(version_of, source, document, parsed)

    async def _confirmed(self, source: Source, unchanged: Sequence[_Work]) -> AsyncIterator[tuple[str, Outcome]]:
        """Passages of other versions, which a worker left when it died, go. What has another name is told it."""
        if unchanged:
            await self._remove(unchanged, [work.version.content_hash for work in unchanged])
        for work in unchanged:
            outcome = _UNCHANGED
            if work.place.source_version != work.version.document.version:
                named = await self._alone(self._put, source, work)
                outcome = _UNCHANGED if named.state is ItemState.INDEXED else named
            yield work.place.external_id, outcome

    async def _stored(self, source: Source, changed: Sequence[_Work]) -> AsyncIterator[tuple[str, Outcome]]:
        for work in changed:
            if work.described:
                yield work.place.external_id, await self._alone(self._describe, source, work)
        rest = [work for work in changed if not work.described]
        try:
            await self._embed(source, rest)
        except FlashError as error:
            if error.retryable:
                raise
            for work in rest:
                yield work.place.external_id, await self._alone(self._index_one, source, work)
            return
        await self._embed_beside(source, rest)
        for work in rest:  # one by one: other groups are embedded meanwhile, and people search in the same service
            yield work.place.external_id, await self._alone(self._publish, source, work)

    async def _describe(self, source: Source, work: _Work) -> None:
        """The content is the same: nothing is embedded again, if it is all there. What an earlier version left behind
        goes first, lest it be described as this one.
        """
        ids = [point_id(work.version, one, work.document_id) for one in await asyncio.to_thread(work.version.passages)]
        held = await self._patiently(lambda: self._vectors.content_hashes(work.target.version, ids))
        if len(held) < len(ids):
            await self._index_one(source, work)
            return
        await self._remove([work], sorted(set(held.values())))
        payload = about(work.version, document_id=work.document_id, source=source, fence=work.fence)
        await self._patiently(
            lambda: self._vectors.set_payload(CHUNKS, payload, document_ids=[work.document_id], fence=work.fence)
        )
        await self._publish(source, work)

    async def _index_one(self, source: Source, work: _Work) -> None:
        await self._embed(source, [work])
        await self._publish(source, work)

    async def _embed_beside(self, source: Source, documents: Sequence[_Work]) -> None:
        """While the index is rebuilt its other collection gets them, too, and the alias may have moved meanwhile. What
        can't be written beside the live one now, the rebuild itself finds missing.
        """
        if not documents:
            return
        written = documents[0].target.version
        live = await self._patiently(self._targets.live)
        for target in [live, *await self._patiently(lambda: self._targets.beside(live))]:
            if target.version != written:
                try:
                    await self._embed(source, await self._into(target, documents))
                except FlashError as error:
                    if target == live:
                        raise
                    log.warning("pipeline.left_for_the_rebuild", error=error.code)

    async def _into(self, target: Target, works: Sequence[_Work]) -> list[_Work]:
        """Cut for the model of this collection."""
        embeddings = self._models.named(target.model.name)
        versions = await self._patiently(
            lambda: measured([work.version for work in works], embeddings, target.model.max_tokens)
        )
        return [replace(work, version=version, target=target) for work, version in zip(works, versions, strict=True)]

    async def _embed(self, source: Source, documents: Sequence[_Work]) -> None:
        if not documents:
            return
        target = documents[0].target
        embeddings = self._models.named(target.model.name)
        cut = [one for work in documents for one in await asyncio.to_thread(_cut, work)]
        for start in range(0, len(cut), _TEXTS_A_CALL):
            batch = cut[start : start + _TEXTS_A_CALL]
            texts = [one.passage.embedded for one in batch]
            vectors = await self._patiently(
                lambda texts=texts: embeddings.embed(texts, purpose=Purpose.PASSAGE, priority=Priority.BULK)  # type: ignore[misc]  # bound now
            )
            points = [one.point(source, vector) for one, vector in zip(batch, vectors, strict=True)]
            await self._patiently(lambda points=points: self._vectors.upsert(target.version, points))  # type: ignore[misc]  # bound now

    async def _publish(self, source: Source, work: _Work) -> None:
        """What is removed was written by this job or before; one that published meanwhile loses nothing."""
        await self._put(source, work)
        await self._remove([work], [work.version.content_hash])

    async def _remove(self, works: Sequence[_Work], kept: Sequence[str]) -> None:
        """All passages of these documents but those of these content hashes."""
        ids, fence = [work.document_id for work in works], works[0].fence
        await self._patiently(
            lambda: self._vectors.delete(CHUNKS, document_ids=ids, except_content_hashes=kept, fence=fence)
        )

    async def _put(self, source: Source, work: _Work) -> None:
        document, parsed_document = work.version.document, work.version.parsed
        request = PutDocumentRequest(
            source_id=source.id,
            external_id=document.external_id,
            title=parsed_document.title,
            path=list(document.path),
            url=document.url,
            text=parsed_document.text,
            groups=sorted(document.groups),
            content_hash=work.version.content_hash,
            updated_at=document.updated_at or document.modified_at,
            source_version=document.version,
            fence=work.fence,
        )
        await self._patiently(lambda: self._registry.put_document(work.document_id, request))

    async def _alone(self, step: Callable[[Source, _Work], Awaitable[None]], source: Source, work: _Work) -> Outcome:
        """One document by itself: what can't be helped by trying again is its own failure."""
        try:
            await step(source, work)
        except FencedError:
            raise
        except ConflictError:
            await self._patiently(lambda: self._vectors.delete(CHUNKS, document_ids=[work.document_id]))
            return _GONE
        except FlashError as error:
            if error.retryable:
                raise
            log.warning("document.refused", document_id=str(work.document_id), error=error.code)
            return Outcome(ItemState.FAILED, str(error))
        return Outcome(ItemState.INDEXED)

    async def _patiently(self, call: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Try again while the service that is called is away, for as long as this is likely to help. One that takes
        calls and never answers has had its time with the first: the job waits for it, and says so.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience_seconds
        for pause in self._retry_seconds:
            try:
                return await call()
            except FlashError as error:
                if not error.retryable or loop.time() >= deadline:
                    raise
                log.info("pipeline.retry", error=error.code)
                await asyncio.sleep(pause)
        return await call()


def _cut(work: _Work) -> list[_Cut]:
    language = work.version.language
    return [_Cut(work, passage, language) for passage in work.version.passages()]
