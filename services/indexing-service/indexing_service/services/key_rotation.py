"""Credentials follow the key that seals."""

import asyncio

import structlog

from flash_core.errors import FlashError
from flash_core.interfaces.worker import WorkerInterface
from indexing_service.interfaces.sealing import RewrappingInterface, SealedCredentialsInterface

log = structlog.get_logger(__name__)


class KeyRotation(WorkerInterface):
    """Moves what older keys have sealed to the first one, at the start and from time to time: another process, with
    older settings, may still seal with them.
    """

    name = "key-rotation"

    def __init__(
        self, stored: SealedCredentialsInterface, vault: RewrappingInterface, *, every_seconds: float = 600.0
    ) -> None:
        self._stored = stored
        self._vault = vault
        self._every_seconds = every_seconds

    async def run(self) -> None:
        while True:
            try:
                await self.run_once()
            except FlashError as error:
                log.warning("key_rotation.postponed", error=error.code)
            await asyncio.sleep(self._every_seconds)

    async def run_once(self) -> int:
        """How many were moved. One that does not open stays as it is; the log names its source."""
        moved = 0
        for source_id, sealed in (await self._stored.all()).items():
            try:
                if self._vault.is_current(sealed):
                    continue
                moved += await self._stored.replace(source_id, sealed, self._vault.rewrapped(source_id, sealed))
            except FlashError as error:
                log.warning("key_rotation.not_opened", source_id=str(source_id), reason=str(error))
        if moved:
            log.info("key_rotation.moved", sources=moved)
        return moved
