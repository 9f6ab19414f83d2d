"""Sealed credentials of sources, in memory and in PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import pytest

from flash_core.database.context import open_database
from flash_core.schemas.indexing import SourceType
from flash_core.utils.ids import new_id
from indexing_service.database.repositories.sealed_repo import SqlSealedCredentials
from indexing_service.database.tables import METADATA
from indexing_service.database.unit_of_work import SqlIndexingUnitOfWork
from indexing_service.interfaces import Source, UnitOfWorkFactory
from indexing_service.interfaces.sealing import SealedCredentialsInterface
from indexing_service.providers.vault import EnvelopeVault, SealingKey
from indexing_service.services.key_rotation import KeyRotation
from tests.unit.indexing_service.sealed import FakeSealedCredentials

OLD, NEW = SealingKey("old", b"o" * 32), SealingKey("new", b"n" * 32)


@dataclass(frozen=True)
class Stored:
    credentials: SealedCredentialsInterface
    put: Callable[[UUID, bytes | None], Awaitable[None]]


@pytest.fixture(params=["fake", "postgres"])
async def stored(request: pytest.FixtureRequest) -> AsyncIterator[Stored]:
    if request.param == "fake":
        fake = FakeSealedCredentials()
        yield Stored(fake, partial(_put_in_memory, fake))
        return
    async with open_database(request.getfixturevalue("postgres_url")) as database:
        async with database.sessions.begin() as session:
            connection = await session.connection()
            await connection.run_sync(METADATA.create_all)
        put = partial(_put_in_postgres, partial(SqlIndexingUnitOfWork, database.sessions))
        yield Stored(SqlSealedCredentials(database.sessions), put)


async def _put_in_memory(fake: FakeSealedCredentials, source_id: UUID, sealed: bytes | None) -> None:
    if sealed is not None:
        fake.sealed[source_id] = sealed


async def _put_in_postgres(unit_of_work: UnitOfWorkFactory, source_id: UUID, sealed: bytes | None) -> None:
    source = Source(
        source_id, SourceType.NOTION, "Notes", {}, frozenset(), None, datetime.now(UTC), sealed_credentials=sealed
    )
    async with unit_of_work() as work:
        await work.sources.add(source)
        await work.commit()


async def test_only_sources_with_credentials_are_named(stored: Stored) -> None:
    with_some, without = new_id(), new_id()
    await stored.put(with_some, b"sealed")
    await stored.put(without, None)

    assert await stored.credentials.all() == {with_some: b"sealed"}


async def test_they_are_replaced_unless_they_have_changed(stored: Stored) -> None:
    source_id = new_id()
    await stored.put(source_id, b"sealed")

    assert await stored.credentials.replace(source_id, b"sealed", b"moved")
    assert not await stored.credentials.replace(source_id, b"sealed", b"lost")
    assert not await stored.credentials.replace(new_id(), b"sealed", b"lost")
    assert await stored.credentials.all() == {source_id: b"moved"}


async def test_a_key_is_replaced_while_its_sources_go_on(stored: Stored) -> None:
    """The new key in front, all moved, the old one removed: at every step every source opens."""
    ids = [new_id() for _ in range(5)]
    for one in ids:
        await stored.put(one, EnvelopeVault([OLD]).seal(one, {"token": str(one)}))

    async def all_open(*keys: SealingKey) -> bool:
        sealed = await stored.credentials.all()
        return [EnvelopeVault(keys).open(one, sealed[one]) for one in ids] == [{"token": str(one)} for one in ids]

    assert await all_open(NEW, OLD)
    assert await KeyRotation(stored.credentials, EnvelopeVault([NEW, OLD])).run_once() == len(ids)
    assert await all_open(NEW, OLD)
    assert await all_open(NEW)
