"""Documents that are handed in: stored durably with the job that will index them, before anything is answered."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import structlog

from flash_core.errors import FieldError, InvalidInputError, NotFoundError
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.documents import DocumentRegistryInterface
from flash_core.messaging.events import JobQueued
from flash_core.schemas.documentation import PutSourceRequest
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
    Job,
    JobKind,
    Source,
    SourceDocument,
    UnitOfWorkFactory,
)
from indexing_service.services.incoming import UploadedFile, from_file, from_incoming, from_single

log = structlog.get_logger(__name__)


class DocumentIntake:
    """Takes documents for sources of type `upload`; those of other sources come and go with their syncs."""

    def __init__(
        self, unit_of_work: UnitOfWorkFactory, registry: DocumentRegistryInterface, clock: ClockInterface
    ) -> None:
        self._unit_of_work = unit_of_work
        self._registry = registry
        self._clock = clock

    async def accept_single(self, body: SingleDocumentRequest) -> DocumentAcceptedResponse:
        return await self._accept_one(body.source_id, from_single(body, self._clock.now()))

    async def accept_file(self, file: UploadedFile) -> DocumentAcceptedResponse:
        return await self._accept_one(file.source_id, from_file(file, self._clock.now()))

    async def accept_batch(self, body: BatchRequest) -> JobAcceptedResponse:
        """Of documents with the same external id the last one counts."""
        now = self._clock.now()
        documents = [from_incoming(one.external_id, one, now) for one in body.documents]
        job_id, _ = await self._accept(await self._source(body.source_id), documents)
        return JobAcceptedResponse(job_id=job_id)

    async def _accept_one(self, source_id: UUID | None, document: SourceDocument) -> DocumentAcceptedResponse:
        job_id, [document_id] = await self._accept(await self._source(source_id), [document])
        return DocumentAcceptedResponse(document_id=document_id, job_id=job_id)

    async def _accept(self, source: Source, documents: Sequence[SourceDocument]) -> tuple[UUID, list[UUID]]:
        """The job, and what each document is to become. It is said now, so that one which is deleted before its turn
        does not come back.
        """
        last = {document.external_id: document for document in documents}
        places = await self._registry.resolve(source.id, list(last))
        ids = [place.document_id for place in places]
        meant = [replace(one, document_id=to_be) for one, to_be in zip(last.values(), ids, strict=True)]
        async with self._unit_of_work() as work:
            if await work.sources.get(source.id, locked=True) is None:  # nothing older is retried behind this one
                raise NotFoundError(f"There is no source {source.id}.")
            job = Job(new_id(), source.id, JobKind.DOCUMENTS, self._clock.now(), listed=True)
            await work.intake.supersede(source.id, list(last))
            await work.jobs.add(job)
            await work.items.add(job.id, [Item(ordinal, name) for ordinal, name in enumerate(last)])
            await work.intake.add(job.id, dict(enumerate(meant)))
            work.outbox.add(JobQueued(job_id=job.id, request_id=current_request_id()))
            await work.commit()
        log.info("job.queued", job_id=str(job.id), source_id=str(source.id), kind=job.kind, documents=len(last))
        return job.id, ids

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


async def _upload_source(work: IndexingUnitOfWorkInterface, source_id: UUID) -> Source:
    source = await work.sources.get(source_id)
    if source is None:
        raise NotFoundError(f"There is no source {source_id}.")
    if source.type is not SourceType.UPLOAD:
        detail = f"Documents can be handed in to sources of type upload; this one is of type {source.type.value}."
        raise InvalidInputError(detail, [FieldError("source_id", detail)])
    return source
