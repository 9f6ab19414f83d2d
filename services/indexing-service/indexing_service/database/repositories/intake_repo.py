"""What was handed in, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import cast
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from indexing_service.database.tables import HandedInRow, IntakeRow, JobItemRow, JobRow
from indexing_service.interfaces import DocumentFormat, IntakeRepositoryInterface, ItemState, Job, SourceDocument
from indexing_service.services.formats import is_text


class SqlIntakeRepository(IntakeRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, job_id: UUID, documents: Mapping[int, SourceDocument]) -> None:
        rows = [
            {
                "job_id": job_id,
                "ordinal": ordinal,
                "document_id": document.document_id,
                "content": _bytes(document.content),
                "format": document.format,
                "title": document.title,
                "url": document.url,
                "path": list(document.path),
                "groups": sorted(document.groups),
                "updated_at": document.updated_at,
                "modified_at": document.modified_at,
            }
            for ordinal, document in documents.items()
        ]
        if rows:
            await self._session.execute(insert(IntakeRow), rows)

    async def get(self, job_id: UUID, ordinal: int) -> SourceDocument | None:
        row = await self._session.get(IntakeRow, (job_id, ordinal))
        item = await self._session.get(JobItemRow, (job_id, ordinal))
        if row is None or item is None:
            return None
        document_format = cast("DocumentFormat", row.format)
        return SourceDocument(
            external_id=item.external_id,
            content=row.content.decode() if is_text(document_format) else row.content,
            format=document_format,
            title=row.title,
            url=row.url,
            path=tuple(row.path),
            groups=frozenset(row.groups),
            updated_at=row.updated_at,
            modified_at=row.modified_at,
            document_id=row.document_id,
        )

    async def kept(self, job_id: UUID) -> set[int]:
        newer = exists().where(
            JobRow.id == job_id,
            JobItemRow.job_id == job_id,
            JobItemRow.ordinal == IntakeRow.ordinal,
            HandedInRow.source_id == JobRow.source_id,
            HandedInRow.external_id == JobItemRow.external_id,
            HandedInRow.job_id != job_id,
        )
        kept = select(IntakeRow.ordinal).where(IntakeRow.job_id == job_id, ~newer)
        return set(await self._session.scalars(kept))

    async def sign(self, job: Job, external_ids: Sequence[str], user_id: UUID) -> None:
        rows = [
            {"source_id": job.source_id, "external_id": name, "user_id": user_id, "job_id": job.id}
            for name in sorted(external_ids)
        ]
        if rows:
            new = insert(HandedInRow)
            latest = {"user_id": new.excluded.user_id, "job_id": new.excluded.job_id}
            key = [HandedInRow.source_id, HandedInRow.external_id]
            await self._session.execute(new.on_conflict_do_update(index_elements=key, set_=latest), rows)

    async def signed_by(self, user_id: UUID, source_id: UUID, external_ids: Sequence[str]) -> set[str]:
        own = select(HandedInRow.external_id).where(
            HandedInRow.source_id == source_id,
            HandedInRow.external_id.in_(external_ids),
            HandedInRow.user_id == user_id,
        )
        return set(await self._session.scalars(own))

    async def groups_of(self, source_id: UUID, external_ids: Sequence[str]) -> list[tuple[str, frozenset[str]]]:
        held = (
            select(JobItemRow.external_id, IntakeRow.groups)
            .join(JobRow, JobRow.id == IntakeRow.job_id)
            .join(JobItemRow, and_(JobItemRow.job_id == JobRow.id, JobItemRow.ordinal == IntakeRow.ordinal))
            .where(JobRow.source_id == source_id, JobItemRow.external_id.in_(external_ids))
        )
        return [(name, frozenset(groups)) for name, groups in await self._session.execute(held)]

    async def supersede(self, source_id: UUID, external_ids: Sequence[str]) -> None:
        older = exists().where(
            JobRow.id == IntakeRow.job_id,
            JobRow.source_id == source_id,
            JobRow.finished_at.is_not(None),
            JobItemRow.job_id == IntakeRow.job_id,
            JobItemRow.ordinal == IntakeRow.ordinal,
            JobItemRow.external_id.in_(external_ids),
        )
        await self._session.execute(delete(IntakeRow).where(older))

    async def awaited(self, source_id: UUID, external_ids: Sequence[str], *, beside: UUID) -> set[str]:
        waiting = select(JobItemRow.external_id).where(
            JobRow.source_id == source_id,
            JobRow.finished_at.is_(None),
            JobRow.id != beside,
            IntakeRow.job_id == JobRow.id,
            JobItemRow.job_id == IntakeRow.job_id,
            JobItemRow.ordinal == IntakeRow.ordinal,
            JobItemRow.external_id.in_(external_ids),
        )
        return set(await self._session.scalars(waiting))

    async def drop(self, job_id: UUID, ordinals: Sequence[int]) -> None:
        await self._session.execute(
            delete(IntakeRow).where(IntakeRow.job_id == job_id, IntakeRow.ordinal.in_(ordinals))
        )

    async def drop_emptied(self, job_id: UUID) -> None:
        emptied = select(JobItemRow.ordinal).where(
            JobItemRow.job_id == job_id, JobItemRow.state == ItemState.WITHDRAWN.value
        )
        await self._session.execute(delete(IntakeRow).where(IntakeRow.job_id == job_id, IntakeRow.ordinal.in_(emptied)))

    async def move(self, job_id: UUID, to_job_id: UUID, meant: Mapping[int, UUID]) -> None:
        names = select(JobItemRow.external_id).where(JobItemRow.job_id == job_id, JobItemRow.ordinal.in_(meant))
        signed = update(HandedInRow).where(HandedInRow.job_id == job_id, HandedInRow.external_id.in_(names))
        await self._session.execute(signed.values(job_id=to_job_id))
        table = IntakeRow.__table__
        moved = (
            update(table)  # type: ignore[arg-type]  # the table itself: many rows by their keys in one round trip
            .where(table.c.job_id == job_id, table.c.ordinal == bindparam("at"))
            .values(job_id=to_job_id, document_id=bindparam("becomes"))
        )
        rows = [{"at": ordinal, "becomes": document_id} for ordinal, document_id in meant.items()]
        await (await self._session.connection()).execute(moved, rows)


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content
