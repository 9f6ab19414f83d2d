"""The first administrator, the signing keys, and what is tidied up."""

import asyncio
from datetime import timedelta

import orjson
import pytest
from structlog.testing import capture_logs

from auth_service.interfaces import SigningKey
from auth_service.services.housekeeping import Housekeeping
from auth_service.services.opaque import digest
from auth_service.services.signing_keys import ACCESS_TOKEN_TTL, KEY_LIFE, PUBLISHED_AFTERWARDS, SigningKeyRing
from flash_core.errors import UpstreamUnavailableError
from flash_core.models.user import UserRole
from flash_core.utils.ids import new_id
from tests.unit.auth_service.fakes import FakeAccessTokens, FakeTokenSigner
from tests.unit.auth_service.world import NOON, World, person

ANN = person("ann", UserRole.EDITOR, groups=("ops", "hr"))


async def test_the_first_administrator_is_made_once(world: World) -> None:
    for password in ("secret", "another"):
        await world.first_administrator.ensure("Root@Example.com", password)
    [account] = world.database.tables.accounts.values()
    assert (account.email, account.password_hash) == ("root@example.com", "hash of secret")
    assert account.roles == {UserRole.ADMIN}


async def test_without_a_password_the_log_says_what_to_set(world: World) -> None:
    with capture_logs() as logs:
        await world.first_administrator.ensure("root@example.com", "")
    assert [(line["event"], line["log_level"]) for line in logs] == [("administrator.missing", "error")]
    assert "ASKFLASH_ADMIN_PASSWORD" in logs[0]["hint"]
    assert not world.database.tables.accounts


async def test_an_email_that_belongs_to_someone_else_makes_nobody_an_administrator(world: World) -> None:
    await world.with_accounts(ANN)
    with capture_logs() as logs:
        await world.first_administrator.ensure("ann@example.com", "secret")
    assert world.account(ANN.id) == ANN
    assert "ASKFLASH_ADMIN_EMAIL" in logs[0]["hint"]


def ring(world: World, secret: bytes = b"secret") -> SigningKeyRing:
    return SigningKeyRing(world.database, FakeTokenSigner(secret), world.clock)


def stored(world: World) -> list[SigningKey]:
    return list(world.database.tables.signing_keys.values())


async def signing_kid(keys: SigningKeyRing, world: World) -> str:
    token = await keys.issue(ANN.principal(), world.clock.now())
    return str(orjson.loads(token)["kid"])


async def published(keys: SigningKeyRing) -> set[str]:
    return {key["kid"] for key in await keys.public_keys()}


async def test_at_first_there_are_a_key_that_signs_and_one_that_waits(world: World) -> None:
    keys = ring(world)
    await keys.rotate()
    current = await signing_kid(keys, world)
    assert current in await published(keys)
    assert len(await published(keys)) == 2
    assert [key.activated_at for key in stored(world) if key.kid == current] == [NOON]


async def test_rotating_a_young_key_changes_nothing(world: World) -> None:
    keys = ring(world)
    await keys.rotate()
    before = stored(world)
    world.clock.advance(days=29)
    await keys.rotate()
    assert stored(world) == before


async def test_after_thirty_days_the_waiting_key_takes_over_and_the_old_one_stays_published(world: World) -> None:
    keys = ring(world)
    await keys.rotate()
    old = await signing_kid(keys, world)
    [waiting] = await published(keys) - {old}
    world.clock.at += KEY_LIFE
    await keys.rotate()
    assert await signing_kid(keys, world) == waiting
    assert {old, waiting} < await published(keys)
    world.clock.at += PUBLISHED_AFTERWARDS
    await keys.rotate()
    assert old not in await published(keys)
    assert len(stored(world)) == 2


async def test_a_replica_that_did_not_rotate_learns_of_it_before_its_key_is_gone(world: World) -> None:
    active, passive = ring(world), ring(world)
    await active.rotate()
    first = await signing_kid(passive, world)
    world.clock.at += KEY_LIFE
    assert await signing_kid(passive, world) == first
    await active.rotate()
    assert first in await published(active)
    world.clock.advance(seconds=61)
    assert await signing_kid(passive, world) == await signing_kid(active, world) != first


async def test_keys_sealed_under_another_secret_are_replaced_and_stay_published(world: World) -> None:
    before = ring(world)
    await before.rotate()
    old = await published(before)
    after = ring(world, b"a new secret")
    with capture_logs() as logs:
        await after.rotate()
    assert await signing_kid(after, world) not in old
    assert old < await published(after)
    assert [line["event"] for line in logs].count("signing_key.unreadable") == 2


async def test_a_token_says_who_it_is_for_and_until_when(world: World) -> None:
    keys, session_id = ring(world), new_id()
    await keys.rotate()
    claims = orjson.loads(await keys.issue(ANN.principal(session_id), NOON, csrf="abc"))
    seconds = int(NOON.timestamp())
    assert claims.pop("jti") != orjson.loads(await keys.issue(ANN.principal(), NOON))["jti"]
    claims.pop("kid")
    assert claims == {
        "iss": "askflash",
        "aud": "askflash",
        "sub": str(ANN.id),
        "sid": str(session_id),
        "roles": ["editor"],
        "groups": ["hr", "ops"],
        "iat": seconds,
        "iat_ms": seconds * 1000,
        "exp": seconds + ACCESS_TOKEN_TTL.total_seconds(),
        "csrf": "abc",
    }


async def test_a_token_of_a_program_has_no_session_and_no_csrf(world: World) -> None:
    keys = ring(world)
    await keys.rotate()
    assert not {"sid", "csrf"} & orjson.loads(await keys.issue(ANN.principal(), NOON)).keys()


async def test_housekeeping_removes_what_has_expired_and_rotates(world: World) -> None:
    await world.with_accounts(ANN)
    await world.session_of(ANN, "old")
    world.clock.advance(days=10)
    young = await world.session_of(ANN, "young")
    async with world.database() as work:
        await work.sessions.use(digest("young"), world.clock.now() - timedelta(days=31))
        await work.commit()
    world.clock.advance(days=20)
    await Housekeeping(world.database, world.tokens, world.clock).run_once()
    assert set(world.database.tables.sessions) == {young.id}
    assert not world.database.tables.tokens
    assert world.tokens.rotations == 1


async def test_housekeeping_survives_a_database_that_is_away(world: World) -> None:
    tried = asyncio.Event()

    class Away(FakeAccessTokens):
        async def rotate(self) -> None:
            tried.set()
            raise UpstreamUnavailableError("away")

    worker = asyncio.create_task(Housekeeping(world.database, Away(), world.clock).run())
    await tried.wait()
    await asyncio.sleep(0)
    assert not worker.done()
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker
