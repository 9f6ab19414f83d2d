"""The calibrations of all sources, at hand for every search."""

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

import structlog

from documentation_service.interfaces import Calibration, TransactionFactory
from flash_core.errors import FlashError

log = structlog.get_logger(__name__)


class CalibrationBook:
    """Only what has changed is read again: a calibration holds the frequencies of some ten thousand words."""

    def __init__(self, transaction: TransactionFactory) -> None:
        self._transaction = transaction
        self._known: Mapping[UUID, Calibration] = MappingProxyType({})

    async def current(self) -> Mapping[UUID, Calibration]:
        """By source. Never fails: what was read before counts while the database is away."""
        try:
            await self._read()
        except FlashError as error:
            log.warning("calibrations.not_read", error=error.code)
        return self._known

    async def _read(self) -> None:
        known = self._known
        async with self._transaction() as work:
            stamps = await work.calibrations.stamps()
            changed = [
                source_id
                for source_id, stamp in stamps.items()
                if source_id not in known or known[source_id].calibrated_at != stamp
            ]
            fresh = {one.source_id: one for one in await work.calibrations.get(changed)} if changed else {}
        self._known = {source_id: fresh.get(source_id) or known[source_id] for source_id in stamps}
