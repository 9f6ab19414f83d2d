"""Documents that are handed in: stored durably with the job that will index them, before anything is answered."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

import structlog

from flash_core.errors import ConflictError, FieldError, InvalidInputError, NotFoundError
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.documents import DocumentRegistryInterface, VisibleDocumentsInterface
from flash_core.messaging.events import JobQueued
from flash_core.models.user import Principal
from flash_core.schemas.documentation import PutSourceRequest, ResolvedDocument
from flash_core.schemas.indexing import (
    BatchRequest,
    DocumentAcceptedResponse,
    JobAcceptedResponse,
    SingleDocumentRequest,
    SourceType,
)
from flash_core.utils.ids import new_id
from flash_core.utils.request_id import current_request_id
from indexing_service.interfaces import (
    IndexingUnitOfWorkInterface,
    Item,
    ItemState,
    Job,
    JobKind,
    Source,
    SourceDocument,
    UnitOfWorkFactory,
)
from indexing_service.services.incoming import UploadedFile, from_file, from_incoming, from_single

log = structlog.get_logger(__name__)
Groups = frozenset[str]
_AT_ONCE: Final = 8
"""Hand-ins of one source wait for each other, each with a connection of the database, which jobs need, too."""
_TAKEN: Final = "This external id can't be used; choose another one."


class DocumentIntake:
    """Takes documents for sources of type `upload`; those of other sources come and go with their syncs.

    What somebody else handed in is replaced only by those who may see it, and by administrators. `ConflictError` when
    nothing of what was handed in is left.
    A `request_name` that was accepted before is the same hand-in again: the job that it has.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        registry: DocumentRegistryInterface,
        visible: VisibleDocumentsInterface,
        clock: ClockInterface,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._registry = registry
        self._visible = visible
        self._clock = clock
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def accept_single(
        self, body: SingleDocumentRequest, editor: Principal, request_name: str | None = None
    ) -> DocumentAcceptedResponse:
        document = from_single(body, self._clock.now(), request_name)
        return await self._accept_one(body.source_id, document, editor, request_name)

    async def accept_file(
        self, file: UploadedFile, editor: Principal, request_name: str | None = None
    ) -> DocumentAcceptedResponse:
        return await self._accept_one(file.source_id, from_file(file, self._clock.now()), editor, request_name)

    async def accept_batch(
        self, body: BatchRequest, editor: Principal, request_name: str | None = None
    ) -> JobAcceptedResponse:
        """Of documents with the same external id the last one counts."""
        now = self._clock.now()
        documents = [from_incoming(one.external_id, one, now) for one in body.documents]
        job_id, _ = await self._accept(await self._source(body.source_id), documents, editor, request_name)
        return JobAcceptedResponse(job_id=job_id)

    async def _accept_one(
        self, source_id: UUID | None, document: SourceDocument, editor: Principal, request_name: str | None
    ) -> DocumentAcceptedResponse:
        source = await self._source(source_id)
        job_id, [document_id] = await self._accept(source, [document], editor, request_name)
        return DocumentAcceptedResponse(document_id=document_id, job_id=job_id)

    async def _accept(
        self, source: Source, documents: Sequence[SourceDocument], editor: Principal, request_name: str | None
    ) -> tuple[UUID, list[UUID]]:
        """The job, and what each document is to become. It is said now, so that one which is deleted before its turn
        does not come back.
        """
        last = {document.external_id: document for document in documents}
        async with self._turns, self._unit_of_work() as work:
            # While the source is locked nothing else is handed in or retried, and nothing that was emptied leaves.
            now = await work.sources.get(source.id, locked=True)
            if now is None:
                raise NotFoundError(f"There is no source {source.id}.")
            held = await work.intake.groups_of(source.id, list(last))  # first: what ends meanwhile is there below
            places = await self._registry.resolve(source.id, list(last))
            before = None if request_name is None else await work.jobs.named(request_name)
            if before is not None:
                return before.id, [place.document_id for place in places]
            closed = _held_closed(now, held, editor) | await self._closed(places, editor)
            closed -= await work.intake.signed_by(editor.user_id, source.id, list(closed))
            meant = {
                ordinal: replace(last[place.external_id], document_id=place.document_id)
                for ordinal, place in enumerate(places)
                if place.external_id not in closed
            }
            if not meant:
                raise ConflictError(_TAKEN)
            job_id = await work.jobs.next_id(source.id)
            job = Job(
                job_id,
                source.id,
                JobKind.DOCUMENTS,
                self._clock.now(),
                listed=True,
                request_name=request_name,
                created_by=editor.user_id,
            )
            names = [one.external_id for one in meant.values()]
            await work.intake.supersede(source.id, names)
            await work.intake.sign(job, names, editor.user_id)
            await work.jobs.add(job)
            await work.items.add(job.id, [_item(ordinal, name, name in closed) for ordinal, name in enumerate(last)])
            await work.intake.add(job.id, meant)
            work.outbox.add(JobQueued(job_id=job.id, request_id=current_request_id()))
            await work.commit()
        log.info("job.queued", job_id=str(job.id), source_id=str(source.id), kind=job.kind, documents=len(last))
        return job.id, [place.document_id for place in places]

    async def _closed(self, places: Sequence[ResolvedDocument], editor: Principal) -> set[str]:
        """The names of searchable documents that the editor may not see."""
        there = {place.document_id: place.external_id for place in places if place.content_hash is not None}
        if editor.is_admin or not there:
            return set()
        visible = await self._visible.versions(list(there), editor)
        return {name for document_id, name in there.items() if document_id not in visible}

    async def _source(self, source_id: UUID | None) -> Source:
        """The source, known to documentation; the default one, made when it is first needed, if none is named."""
        async with self._unit_of_work() as work:
            if source_id is not None:
                return await _upload_source(work, source_id)
            candidate = Source(
                id=new_id(),
                type=SourceType.UPLOAD,
                name="Uploads",
                config={},
                groups=frozenset(),
                schedule=None,
                created_at=self._clock.now(),
                is_default=True,
            )
            source = await work.sources.default(candidate)
            if source.id == candidate.id:
                known = PutSourceRequest(name=source.name, provider=source.type.value, groups=[])
                await self._registry.put_source(source.id, known)
            await work.commit()
        return source


def _held_closed(source: Source, held: Iterable[tuple[str, Groups]], editor: Principal) -> set[str]:
    """The names of documents on their way that the editor may not see."""
    if editor.is_admin:
        return set()
    is_open = source.visible_to(editor.groups)
    return {name for name, groups in held if not is_open or (groups and not groups & editor.groups)}


def _item(ordinal: int, name: str, is_closed: bool) -> Item:
    return Item(ordinal, name, ItemState.FAILED, _TAKEN) if is_closed else Item(ordinal, name)


async def _upload_source(work: IndexingUnitOfWorkInterface, source_id: UUID) -> Source:
    source = await work.sources.get(source_id)
    if source is None:
        raise NotFoundError(f"There is no source {source_id}.")
    if source.type is not SourceType.UPLOAD:
        detail = f"Documents can be handed in to sources of type upload; this one is of type {source.type.value}."
        raise InvalidInputError(detail, [FieldError("source_id", detail)])
    return source
