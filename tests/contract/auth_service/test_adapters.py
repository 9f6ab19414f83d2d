"""What stands behind the other interfaces, real and fake, keeps the same promises."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from auth_service.interfaces import (
    AccessTokensInterface,
    PasswordHasherInterface,
    RevocationsInterface,
    TicketStoreInterface,
    TokenSignerInterface,
)
from auth_service.providers.argon2_hasher import Argon2Hasher
from auth_service.providers.jose_signer import JoseTokenSigner
from auth_service.providers.local_identity import LocalIdentity
from auth_service.providers.redis_revocations import RedisRevocations
from auth_service.providers.redis_tickets import RedisTicketStore
from auth_service.services.api_keys import ApiKeys
from auth_service.services.signing_keys import SigningKeyRing
from flash_core.clients.identity import (
    ENDED_TTL_SECONDS,
    api_key_ended_key,
    session_ended_key,
    user_changed_key,
)
from flash_core.errors import UnauthenticatedError
from flash_core.interfaces.identity import IdentitySourceInterface
from flash_core.testing.fakes import FakeIdentitySource
from tests.unit.auth_service.fakes import (
    FakeAccessTokens,
    FakeHasher,
    FakeRevocations,
    FakeTicketStore,
    FakeTokenSigner,
)
from tests.unit.auth_service.world import NOON, World, person

ANN = person("ann")


@pytest.mark.parametrize("hasher", [FakeHasher(), Argon2Hasher()], ids=["fake", "argon2"])
async def test_a_password_fits_its_own_hash_only(hasher: PasswordHasherInterface) -> None:
    hashed = await hasher.hash("correct horse")
    assert await hasher.verify(hashed, "correct horse")
    assert not await hasher.verify(hashed, "wrong horse")
    assert not await hasher.verify(None, "correct horse")


@pytest.mark.parametrize(
    ("signer", "with_another_secret"),
    [
        (FakeTokenSigner(b"one"), FakeTokenSigner(b"two")),
        (JoseTokenSigner("1" * 32), JoseTokenSigner("2" * 32)),
    ],
    ids=["fake", "jose"],
)
def test_a_key_signs_where_its_secret_is_known(
    signer: TokenSignerInterface, with_another_secret: TokenSignerInterface
) -> None:
    key = signer.new_key(NOON)
    assert (key.created_at, key.activated_at, key.retired_at) == (NOON, None, None)
    assert key.public["kid"] == key.kid
    assert "d" not in key.public
    assert signer.can_sign_with(key)
    assert not with_another_secret.can_sign_with(key)
    assert signer.sign(key, {"sub": "ann"}) != signer.sign(signer.new_key(NOON), {"sub": "ann"})


async def access_tokens(kind: str, world: World) -> AccessTokensInterface:
    return FakeAccessTokens() if kind == "fake" else SigningKeyRing(world.database, FakeTokenSigner(), world.clock)


@pytest.mark.parametrize("kind", ["fake", "real"])
async def test_there_are_always_two_keys_and_every_token_is_its_own(kind: str) -> None:
    tokens = await access_tokens(kind, World())
    for _ in range(2):
        await tokens.rotate()
        assert len({key["kid"] for key in await tokens.public_keys()}) == 2
    assert await tokens.issue(ANN.principal(), NOON) != await tokens.issue(ANN.principal(), NOON)


async def test_what_fakes_collect_the_verifiers_read_from_redis(redis: Redis) -> None:
    session_id, other = uuid4(), uuid4()
    at = NOON + timedelta(milliseconds=1.7)
    fake = FakeRevocations()
    kinds: list[RevocationsInterface] = [fake, RedisRevocations(redis)]
    for revocations in kinds:
        await revocations.sessions_ended([session_id, other])
        await revocations.sessions_ended([])
        await revocations.users_changed([ANN.id], at)
        await revocations.api_key_ended(b"\x01\x02")
    assert (fake.sessions, fake.users, fake.api_keys) == ({session_id, other}, {ANN.id: at}, {b"\x01\x02"})
    void_before = int(NOON.timestamp()) * 1000 + 2  # the millisecond of the change is void, too
    assert await redis.mget(
        session_ended_key(session_id), session_ended_key(other), user_changed_key(ANN.id), api_key_ended_key("0102")
    ) == ["1", "1", str(void_before), "1"]
    assert {await redis.ttl(key) for key in await redis.keys("*")} <= {ENDED_TTL_SECONDS - 1, ENDED_TTL_SECONDS}


async def test_without_redis_nothing_is_announced_and_nothing_raised() -> None:
    async with Redis.from_url("redis://127.0.0.1:1") as away:
        await RedisRevocations(away).sessions_ended([uuid4()])


Make = Callable[[Redis], TicketStoreInterface]


@pytest.mark.parametrize("make", [lambda _: FakeTicketStore(), RedisTicketStore], ids=["fake", "redis"])
async def test_a_ticket_is_taken_once(make: Make, redis: Redis) -> None:
    store, session_id = make(redis), uuid4()
    await store.put("one", ANN.id, session_id, 20)
    await store.put("two", ANN.id, None, 20)
    assert await store.take("one") == (ANN.id, session_id)
    assert await store.take("one") is None
    assert await store.take("two") == (ANN.id, None)


async def test_tickets_in_redis_expire_whichever_way_the_client_decodes(redis: Redis, redis_url: str) -> None:
    await RedisTicketStore(redis).put("one", ANN.id, None, 20)
    assert await redis.ttl("ticket:one") in {19, 20}
    async with Redis.from_url(redis_url, protocol=2) as in_bytes:
        assert await RedisTicketStore(in_bytes).take("one") == (ANN.id, None)


async def local_identity(world: World) -> tuple[IdentitySourceInterface, str]:
    await world.with_accounts(ANN)
    api_keys = ApiKeys(world.database, world.revocations, world.clock)
    _, value = await api_keys.create(ANN.principal(), "laptop", None)
    return LocalIdentity(world.tokens, api_keys), value


async def fake_identity(_: World) -> tuple[IdentitySourceInterface, str]:
    return FakeIdentitySource([{"kid": "current"}, {"kid": "next"}], {"ask_a_b": ANN.principal()}), "ask_a_b"


@pytest.mark.parametrize("make", [fake_identity, local_identity])
async def test_a_source_of_identity_knows_keys_and_who_they_stand_for(
    make: Callable[[World], Awaitable[tuple[IdentitySourceInterface, str]]],
) -> None:
    source, api_key = await make(World())
    assert [key["kid"] for key in (await source.public_keys())["keys"]] == ["current", "next"]
    assert await source.api_key(api_key) == ANN.principal()
    with pytest.raises(UnauthenticatedError):
        await source.api_key(f"{api_key}x")
