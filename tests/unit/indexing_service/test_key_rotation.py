"""Credentials move to the key that seals now, whatever happens beside."""

import asyncio
from contextlib import suppress
from uuid import UUID, uuid4

from structlog.testing import capture_logs

from flash_core.errors import UpstreamUnavailableError
from indexing_service.interfaces.sealing import SealedCredentialsInterface
from indexing_service.providers.vault import EnvelopeVault, SealingKey
from indexing_service.services.key_rotation import KeyRotation
from tests.unit.indexing_service.sealed import FakeSealedCredentials

OLD, NEW, LOST = SealingKey("old", b"o" * 32), SealingKey("new", b"n" * 32), SealingKey("lost", b"l" * 32)
CREDENTIALS = {"token": "s3cret-token"}


async def test_what_an_older_key_sealed_is_moved_once() -> None:
    ids = [uuid4(), uuid4()]
    stored = FakeSealedCredentials(
        {ids[0]: EnvelopeVault([OLD]).seal(ids[0], CREDENTIALS), ids[1]: EnvelopeVault([NEW]).seal(ids[1], CREDENTIALS)}
    )
    rotation = KeyRotation(stored, EnvelopeVault([NEW, OLD]))

    assert [await rotation.run_once(), await rotation.run_once()] == [1, 0]
    assert [EnvelopeVault([NEW]).open(one, stored.sealed[one]) for one in ids] == [CREDENTIALS] * 2


async def test_one_that_does_not_open_stops_no_other_and_is_named_without_what_is_in_it() -> None:
    lost, fine = uuid4(), uuid4()
    stored = FakeSealedCredentials(
        {lost: EnvelopeVault([LOST]).seal(lost, CREDENTIALS), fine: EnvelopeVault([OLD]).seal(fine, CREDENTIALS)}
    )
    with capture_logs() as logs:
        assert await KeyRotation(stored, EnvelopeVault([NEW, OLD])).run_once() == 1

    assert [entry.get("source_id") for entry in logs] == [str(lost), None]
    assert "s3cret" not in repr(logs)


async def test_what_was_changed_meanwhile_stays_as_it_was_changed() -> None:
    source_id, newest = uuid4(), b"entered just now"

    class Changing(FakeSealedCredentials):
        async def all(self) -> dict[UUID, bytes]:
            read = await super().all()
            self.sealed[source_id] = newest
            return read

    stored = Changing({source_id: EnvelopeVault([OLD]).seal(source_id, CREDENTIALS)})

    assert await KeyRotation(stored, EnvelopeVault([NEW, OLD])).run_once() == 0
    assert stored.sealed[source_id] == newest


async def test_it_goes_on_after_the_database_was_away() -> None:
    source_id, done = uuid4(), asyncio.Event()
    sealed = EnvelopeVault([OLD]).seal(source_id, CREDENTIALS)

    class Away(SealedCredentialsInterface):
        calls = 0

        async def all(self) -> dict[UUID, bytes]:
            self.calls += 1
            if self.calls == 1:
                raise UpstreamUnavailableError("The database is away.")
            return {source_id: sealed}

        async def replace(self, source_id: UUID, old: bytes, new: bytes) -> bool:
            done.set()
            return True

    running = asyncio.create_task(KeyRotation(Away(), EnvelopeVault([NEW, OLD]), every_seconds=0.001).run())
    await done.wait()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
