"""Sealed credentials of sources, in memory and in PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import cast
from uuid import UUID

import pytest

from flash_core.database.context import open_database
from flash_core.errors import UpstreamRejectedError
from flash_core.schemas.indexing import SourceType
from flash_core.utils.ids import new_id
from indexing_service.database.repositories.sealed_repo import SqlSealedCredentials
from indexing_service.database.tables import METADATA
from indexing_service.database.unit_of_work import SqlIndexingUnitOfWork
from indexing_service.interfaces import Source, UnitOfWorkFactory
from indexing_service.interfaces.sealing import RewrappingInterface, SealedCredentialsInterface
from indexing_service.providers.vault import EnvelopeVault, SealingKey
from indexing_service.services.key_rotation import KeyRotation
from tests.unit.indexing_service.sealed import FakeRewrapping, FakeSealedCredentials

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


@dataclass(frozen=True)
class Safe:
    """Vaults by the names of their keys, and a source's secret in and out of them."""

    of: Callable[..., RewrappingInterface]
    put: Callable[[RewrappingInterface, UUID], bytes]
    taken: Callable[[RewrappingInterface, UUID, bytes], object]


def _envelopes(*names: str) -> EnvelopeVault:
    known = {key.id: key for key in (OLD, NEW)}
    return EnvelopeVault([known[name] for name in names])


SAFES = {
    "fake": Safe(
        lambda *names: FakeRewrapping(names),
        lambda vault, one: cast("FakeRewrapping", vault).seal(one, "s3cret"),
        lambda vault, one, sealed: cast("FakeRewrapping", vault).open(one, sealed),
    ),
    "envelope": Safe(
        _envelopes,
        lambda vault, one: cast("EnvelopeVault", vault).seal(one, {"token": "s3cret"}),
        lambda vault, one, sealed: cast("EnvelopeVault", vault).open(one, sealed),
    ),
}


@pytest.fixture(params=SAFES)
def safe(request: pytest.FixtureRequest) -> Safe:
    return SAFES[request.param]


def test_what_moves_to_the_key_in_front_is_the_same_secret_and_opens_without_the_old_key(safe: Safe) -> None:
    source_id, both = new_id(), safe.of("new", "old")
    sealed = safe.put(safe.of("old"), source_id)
    assert not both.is_current(sealed)

    moved = both.rewrapped(source_id, sealed)

    assert both.is_current(moved)
    assert safe.taken(safe.of("new"), source_id, moved) == safe.taken(safe.of("old"), source_id, sealed)


@pytest.mark.parametrize("keys", [("new",), ("new", "old")])
def test_what_no_key_opens_or_another_source_owns_is_refused_with_what_to_do(safe: Safe, keys: tuple[str, ...]) -> None:
    owner = new_id()
    reader = owner if keys == ("new",) else new_id()
    sealed = safe.put(safe.of("old"), owner)

    with pytest.raises(UpstreamRejectedError, match="credentials of this source again"):
        safe.of(*keys).rewrapped(reader, sealed)
