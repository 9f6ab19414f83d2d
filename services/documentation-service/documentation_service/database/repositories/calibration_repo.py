"""Calibrations in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Text, cast, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from documentation_service.database.tables import CalibrationRow, DocumentRow, SourceRow
from documentation_service.interfaces import (
    Calibration,
    CalibrationRepositoryInterface,
    OutdatedCalibration,
    SampledDocument,
)

_LONGEST_TEXT: Final = 40_000
_decode = msgspec.msgpack.Decoder(dict[str, int]).decode


class SqlCalibrationRepository(CalibrationRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def outdated(self, before: datetime) -> list[OutdatedCalibration]:
        is_old = func.coalesce(CalibrationRow.calibrated_at < before, False)
        is_first = func.coalesce(CalibrationRow.passages, 0) == 0
        rows = await self._session.execute(
            select(SourceRow.id, SourceRow.version, is_old, is_first)
            .outerjoin(CalibrationRow, CalibrationRow.source_id == SourceRow.id)
            .where(
                SourceRow.deleted_at.is_(None),
                or_(CalibrationRow.source_version.is_(None), CalibrationRow.source_version != SourceRow.version),
            )
            .order_by(SourceRow.id)
        )
        return [OutdatedCalibration(*row) for row in rows]

    async def sample(self, source_id: UUID, limit: int) -> list[SampledDocument]:
        rows = await self._session.execute(
            select(
                DocumentRow.title,
                func.left(DocumentRow.text, _LONGEST_TEXT),
                DocumentRow.groups + SourceRow.groups,
                func.cardinality(DocumentRow.groups) > 0,
            )
            .join(SourceRow, SourceRow.id == DocumentRow.source_id)
            .where(DocumentRow.source_id == source_id, DocumentRow.content_hash.is_not(None))
            .order_by(func.md5(cast(DocumentRow.id, Text)))  # in no order of theirs, and yet the same each time
            .limit(limit)
        )
        return [SampledDocument(title, text, frozenset(groups), own) for title, text, groups, own in rows]

    async def put(self, calibration: Calibration) -> None:
        values = {
            "source_version": calibration.source_version,
            "questions": calibration.questions,
            "cosine": calibration.cosine,
            "passages": calibration.passages,
            "frequencies": msgspec.msgpack.encode(dict(calibration.frequencies)),
            "calibrated_at": calibration.calibrated_at,
        }
        new = insert(CalibrationRow).values(source_id=calibration.source_id, **values)
        await self._session.execute(
            new.on_conflict_do_update(
                index_elements=[CalibrationRow.source_id],
                set_=values,
                where=CalibrationRow.source_version <= calibration.source_version,
            )
        )

    async def stamps(self) -> dict[UUID, datetime]:
        rows = await self._session.execute(
            select(CalibrationRow.source_id, CalibrationRow.calibrated_at)
            .join(SourceRow, SourceRow.id == CalibrationRow.source_id)
            .where(SourceRow.deleted_at.is_(None))
        )
        return {source_id: calibrated_at for source_id, calibrated_at in rows}  # noqa: C416  # rows are no pairs to mypy

    async def get(self, source_ids: Sequence[UUID]) -> list[Calibration]:
        rows = await self._session.scalars(
            select(CalibrationRow)
            .where(CalibrationRow.source_id.in_(source_ids))
            .execution_options(populate_existing=True)
        )
        return [
            Calibration(
                source_id=row.source_id,
                source_version=row.source_version,
                questions=row.questions,
                cosine=row.cosine,
                passages=row.passages,
                frequencies=_decode(row.frequencies),
                calibrated_at=row.calibrated_at,
            )
            for row in rows
        ]
