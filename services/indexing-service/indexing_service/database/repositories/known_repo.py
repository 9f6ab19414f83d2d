"""Documents as they were taken up last, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from indexing_service.database.tables import JobItemRow, KnownDocumentRow
from indexing_service.interfaces import ItemState
from indexing_service.interfaces.syncing import Known, KnownRepositoryInterface

_GONE = (ItemState.GONE.value, ItemState.DELETED.value)


class SqlKnownRepository(KnownRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def of(self, source_id: UUID) -> dict[str, Known]:
        return await self._known(KnownDocumentRow.source_id == source_id)

    async def named(self, source_id: UUID, external_ids: Sequence[str]) -> dict[str, Known]:
        row = KnownDocumentRow
        return await self._known((row.source_id == source_id) & row.external_id.in_(external_ids))

    async def _known(self, which: ColumnElement[bool]) -> dict[str, Known]:
        row = KnownDocumentRow
        columns = select(row.external_id, row.version, row.groups, row.mark, row.reason)
        found = await self._session.execute(columns.where(which))
        return {name: Known(name, version, frozenset(groups), mark, why) for name, version, groups, mark, why in found}

    async def put(self, source_id: UUID, documents: Sequence[Known]) -> None:
        rows = [
            {
                "source_id": source_id,
                "external_id": one.external_id,
                "version": one.version,
                "groups": sorted(one.groups),
                "mark": one.mark,
                "reason": one.reason,
            }
            for one in documents
        ]
        if rows:
            new = insert(KnownDocumentRow)
            kept = {name: new.excluded[name] for name in ("version", "groups", "mark", "reason")}
            await self._session.execute(
                new.on_conflict_do_update(index_elements=["source_id", "external_id"], set_=kept), rows
            )

    async def rename(self, source_id: UUID, renamed: Mapping[str, str]) -> None:
        for old, new in renamed.items():
            here = KnownDocumentRow.source_id == source_id
            taken = select(KnownDocumentRow.external_id).where(here, KnownDocumentRow.external_id == new)
            if await self._session.scalar(taken) is None:
                which = here & (KnownDocumentRow.external_id == old)
                await self._session.execute(update(KnownDocumentRow).where(which).values(external_id=new))

    async def forget_gone(self, source_id: UUID, job_id: UUID, *, complete: bool) -> None:
        item = exists().where(JobItemRow.job_id == job_id, JobItemRow.external_id == KnownDocumentRow.external_id)
        not_listed = (JobItemRow.state == ItemState.WITHDRAWN.value) & (JobItemRow.tries == 0)
        withdrawn = not_listed & (KnownDocumentRow.reason == "")
        gone = item.where(or_(JobItemRow.state == ItemState.GONE.value, withdrawn))
        unlisted = ~item.where(JobItemRow.state.not_in(_GONE))
        await self._session.execute(
            delete(KnownDocumentRow).where(
                KnownDocumentRow.source_id == source_id, or_(gone, unlisted) if complete else gone
            )
        )
