"""What authenticators, service tokens, clocks, health checks and embedding providers promise."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey
from redis.asyncio import Redis

from flash_core.clients.guarded_model import ModelHealth
from flash_core.clients.identity import Authenticator, HttpIdentitySource, ServiceTokens
from flash_core.clients.redis import RedisHealth
from flash_core.database.context import open_database
from flash_core.errors import UnauthenticatedError, UpstreamUnavailableError
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.embedding import Purpose
from flash_core.interfaces.health import HealthCheckInterface
from flash_core.interfaces.identity import AuthenticatorInterface, IdentitySourceInterface, ServiceTokenInterface
from flash_core.models.user import Principal, UserRole
from flash_core.schemas.auth import AUDIENCE, ISSUER
from flash_core.testing.fakes import (
    FakeAuthenticator,
    FakeEmbeddingProvider,
    FakeHealthCheck,
    FakeIdentitySource,
    FrozenClock,
)
from flash_core.utils.clock import SystemClock
from flash_core.utils.eddsa import EdDsaRegistry
from tests.contract.flash_core.siblings import identity_source_over_http

ALICE = Principal(uuid4(), frozenset({UserRole.USER}), frozenset({"staff"}))
KEY = OKPKey.generate_key("Ed25519", {"kid": "one", "alg": "EdDSA", "use": "sig"})


@dataclass
class Identity:
    """An authenticator, and proofs that it takes."""

    authenticator: AuthenticatorInterface
    tokens: ServiceTokenInterface
    bearer: str
    cookie: str


def _token(**more: str) -> str:
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(ALICE.user_id),
        "exp": int((datetime.now(UTC) + timedelta(minutes=1)).timestamp()),
        "roles": ["user"],
        "groups": ["staff"],
        **more,
    }
    return jwt.encode({"alg": "EdDSA", "kid": "one"}, claims, KEY, registry=EdDsaRegistry())


@pytest.fixture(params=["fake", "real"])
def identity(request: pytest.FixtureRequest, bus: Redis) -> Identity:
    if request.param == "fake":
        fake = FakeAuthenticator(users={"alice": ALICE})
        return Identity(fake, fake, "alice", "alice")
    published: Any = KEY.as_dict(private=False)
    source = FakeIdentitySource([published])
    tokens = ServiceTokens("k" * 32, "tests")
    return Identity(Authenticator(source, bus, tokens), tokens, _token(), _token(csrf="csrf"))


async def test_a_valid_proof_gives_the_principal(identity: Identity) -> None:
    assert await identity.authenticator.bearer(identity.bearer) == ALICE
    assert await identity.authenticator.cookie(identity.cookie) == (ALICE, "csrf")


async def test_anything_else_is_unauthenticated(identity: Identity) -> None:
    for wrong in ("", "wrong", "ask_wrong"):
        with pytest.raises(UnauthenticatedError):
            await identity.authenticator.bearer(wrong)
        with pytest.raises(UnauthenticatedError):
            await identity.authenticator.cookie(wrong)
        with pytest.raises(UnauthenticatedError):
            identity.authenticator.internal(wrong)


async def test_a_service_proves_itself_and_on_whose_behalf_it_calls(identity: Identity) -> None:
    assert identity.authenticator.internal(identity.tokens.issue()) is None
    assert identity.authenticator.internal(identity.tokens.issue(ALICE)) == ALICE


# Where keys come from


@pytest.mark.parametrize("kind", ["fake", "http"])
async def test_a_source_of_identity_knows_keys_and_whom_they_stand_for(kind: str) -> None:
    fake = FakeIdentitySource([{"kid": "one", "kty": "OKP"}], {"ask_a": ALICE})
    async with identity_source_over_http(fake) as sibling:
        source: IdentitySourceInterface = fake if kind == "fake" else HttpIdentitySource(sibling)
        assert await source.public_keys() == {"keys": [{"kid": "one", "kty": "OKP"}]}
        assert await source.api_key("ask_a") == ALICE
        with pytest.raises(UnauthenticatedError):
            await source.api_key("ask_wrong")
        with pytest.raises(UnauthenticatedError):
            await source.api_key("ask_" + "x" * 1_000)


# Clocks


@pytest.mark.parametrize("clock", [FrozenClock(datetime.now(UTC)), SystemClock()], ids=["frozen", "system"])
def test_a_clock_tells_the_time_in_utc_and_never_goes_back(clock: ClockInterface) -> None:
    first = clock.now()
    assert first.tzinfo is UTC
    assert clock.now() >= first


def test_a_frozen_clock_moves_when_it_is_told_to() -> None:
    clock = FrozenClock(datetime(2026, 1, 1, tzinfo=UTC))
    clock.advance(minutes=2)
    assert clock.now() == datetime(2026, 1, 1, 0, 2, tzinfo=UTC)


# Health


async def test_a_health_check_passes_while_its_dependency_answers(bus: Redis, postgres_url: str) -> None:
    async with open_database(postgres_url) as database:
        checks: list[HealthCheckInterface] = [FakeHealthCheck(), RedisHealth(bus), database, ModelHealth("model:m")]
        for check in checks:
            await check.check()
        assert [check.name for check in checks] == ["fake", "redis", "database", "model:m"]


async def test_a_health_check_raises_when_its_dependency_is_away(gone: Redis) -> None:
    async with open_database("postgresql+asyncpg://nobody@127.0.0.1:1/none") as database:
        fake, model = FakeHealthCheck(error=UpstreamUnavailableError("away")), ModelHealth("model:m")
        model.failed(UpstreamUnavailableError("away"))
        for check in (fake, RedisHealth(gone), database, model):
            with pytest.raises(UpstreamUnavailableError):
                await check.check()


# Embeddings: the other providers' contract stands with the embedding service


async def test_a_fake_embedding_is_of_unit_length_and_the_same_for_the_same_text() -> None:
    provider = FakeEmbeddingProvider()
    model = await provider.model()
    vectors = await provider.embed(["the same text", "another", "", "the same text"], purpose=Purpose.QUERY)
    assert vectors.shape == (4, model.dimension)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert np.array_equal(vectors[0], vectors[3])
    assert (await provider.embed([])).shape == (0, model.dimension)
