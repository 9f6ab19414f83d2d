"""Who may pass: tokens, cookies, keys and services, with auth or Redis away, and everything that only looks right."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey
from redis.asyncio import Redis

from flash_core.clients.identity import (
    API_KEY_PREFIX,
    Authenticator,
    ServiceTokens,
    api_key_ended_key,
    session_ended_key,
    user_changed_key,
)
from flash_core.clients.redis import open_redis
from flash_core.errors import UnauthenticatedError, UpstreamUnavailableError
from flash_core.models.user import Principal, UserRole
from flash_core.schemas.auth import AUDIENCE, ISSUER
from flash_core.testing.fakes import FakeIdentitySource
from flash_core.utils.eddsa import EdDsaRegistry
from tests.integration.flash_core.conftest import Proxy, through

INTERNAL_KEY = "k" * 32
ALICE = Principal(uuid4(), frozenset({UserRole.EDITOR}), frozenset({"staff"}), session_id=uuid4())
FOREVER = 60


class Source(FakeIdentitySource):
    """The auth service: it can be away, slow, or publish something else than keys."""

    def __init__(self, *keys: OKPKey) -> None:
        super().__init__([public(key) for key in keys], {})
        self.asked = 0
        self.error: Exception | None = None
        self.instead: Any = None

    async def public_keys(self) -> Mapping[str, object]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        published: Mapping[str, object] = await super().public_keys() if self.instead is None else self.instead
        return published

    async def api_key(self, key: str) -> Principal:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return await super().api_key(key)


def new_key(kid: str) -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": kid, "alg": "EdDSA", "use": "sig"})


def public(key: OKPKey) -> dict[str, Any]:
    return dict(key.as_dict(private=False))


KEY = new_key("one")


def claims(**changes: Any) -> dict[str, Any]:
    now = time.time()
    whole = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(ALICE.user_id),
        "iat": int(now),
        "iat_ms": int(now * 1000),
        "exp": int(now) + FOREVER,
        "roles": ["editor"],
        "groups": ["staff"],
        "sid": str(ALICE.session_id),
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


def signed(key: OKPKey = KEY, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
    whole = {"alg": "EdDSA", "kid": key.kid} if header is None else dict(header)
    return jwt.encode(whole, claims(**changes), key, registry=EdDsaRegistry())


@dataclass
class House:
    """A service's authenticator, and what it depends on."""

    redis: Redis
    source: Source = field(default_factory=lambda: Source(KEY))

    def __post_init__(self) -> None:
        self.authenticator = Authenticator(self.source, self.redis, ServiceTokens(INTERNAL_KEY, "tests"))


@pytest.fixture
async def house(bus: Redis) -> House:
    return House(bus)


async def test_a_good_token_says_who_it_is(house: House) -> None:
    assert await house.authenticator.bearer(signed()) == ALICE
    assert await house.authenticator.cookie(signed(csrf="proof")) == (ALICE, "proof")


def unsigned(token: str, algorithm: str) -> str:
    header, payload, _ = token.split(".")
    forged = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": "one"}).encode()).decode().rstrip("=")
    return f"{forged}.{payload}." if header else ""


def headed(header: object) -> str:
    return f"{base64.urlsafe_b64encode(json.dumps(header).encode()).decode()}.e30.AAAA"


def with_public_key_as_secret() -> str:
    """The attack on libraries that let the token choose between a signature and a MAC."""
    head = headed({"alg": "HS256", "kid": "one"}).partition(".")[0].rstrip("=")
    content = f"{head}.{signed().split('.')[1]}"
    mac = hmac.digest(KEY.as_pem(private=False), content.encode(), "sha256")
    return f"{content}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


WRONG: dict[str, Any] = {
    "another key": lambda: signed(new_key("one")),
    "no key id": lambda: signed(KEY, {"alg": "EdDSA"}, sub=str(uuid4()))[:-4] + "AAAA",
    "an unknown key id": lambda: signed(new_key("other")),
    "no algorithm": lambda: unsigned(signed(), "none"),
    "no algorithm, shouted": lambda: unsigned(signed(), "NONE"),
    "a signature turned into a MAC": with_public_key_as_secret,
    "expired": lambda: signed(exp=int(time.time()) - 10),
    "never expires": lambda: signed(exp=None),
    "another audience": lambda: signed(aud="somebody-else"),
    "no audience": lambda: signed(aud=None),
    "another issuer": lambda: signed(iss="somebody-else"),
    "not yet valid": lambda: signed(nbf=int(time.time()) + 600),
    "nobody": lambda: signed(sub=None),
    "a subject that is no id": lambda: signed(sub="alice"),
    "an unknown role": lambda: signed(roles=["emperor"]),
    "a session that is no id": lambda: signed(sid="x"),
    "roles that are no list": lambda: signed(roles=7),
    "a service's token": lambda: ServiceTokens(INTERNAL_KEY, "chat").issue(ALICE),
    "a changed payload": lambda: ".".join((signed().split(".")[0], signed(sub=str(uuid4())).split(".")[1], "AAAA")),
    "empty": lambda: "",
    "no token": lambda: "no token",
    "two parts": lambda: "a.b",
    "four parts": lambda: "a.b.c.d",
    "dots": lambda: "..",
    "no base64": lambda: "é.é.é",
    "a header that is no object": lambda: headed([]),
    "a header with an odd algorithm": lambda: headed({"alg": []}),
    "a header with an odd key id": lambda: headed({"alg": "EdDSA", "kid": {}}),
    "a header that is critical": lambda: headed({"alg": "EdDSA", "kid": "one", "crit": ["exp"], "exp": 1}),
}


@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG.keys())
async def test_what_is_no_good_token_is_refused(house: House, make: Any) -> None:
    token = make()
    with pytest.raises(UnauthenticatedError):
        await house.authenticator.bearer(token)
    with pytest.raises(UnauthenticatedError):
        await house.authenticator.cookie(token)


async def test_a_cookies_token_is_no_bearer_token_and_a_bearer_token_no_cookie(house: House) -> None:
    with pytest.raises(UnauthenticatedError):
        await house.authenticator.bearer(signed(csrf="proof"))
    for csrf in (None, "", 7):
        with pytest.raises(UnauthenticatedError):
            await house.authenticator.cookie(signed(csrf=csrf))


async def test_a_clock_that_is_minutes_slow_takes_new_tokens(house: House) -> None:
    later = int(time.time()) + 300
    assert await house.authenticator.bearer(signed(iat=later, iat_ms=later * 1000, exp=later + FOREVER)) == ALICE


async def test_a_new_key_is_asked_for_once_however_many_come_with_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.authenticator.bearer(signed())
    new = new_key("two")
    house.source.keys.append(public(new))
    monkeypatch.setattr("flash_core.clients.identity._KEYS_MIN_AGE_SECONDS", 0.0)
    await house.authenticator.bearer(signed(new))
    monkeypatch.setattr("flash_core.clients.identity._KEYS_MIN_AGE_SECONDS", 60.0)
    tokens = [signed(new_key(f"made up {number}")) for number in range(20)]
    refused = await asyncio.gather(*map(house.authenticator.bearer, tokens), return_exceptions=True)
    assert {type(one) for one in refused} == {UnauthenticatedError}
    assert house.source.asked == 2
    assert await house.authenticator.bearer(signed(new)) == ALICE


async def test_a_key_that_is_no_longer_published_is_forgotten(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.authenticator.bearer(signed())
    house.source.keys[:] = [public(new_key("two"))]
    await house.authenticator.bearer(signed())
    monkeypatch.setattr("flash_core.clients.identity._KEYS_SECONDS", 0.0)
    monkeypatch.setattr("flash_core.clients.identity._KEYS_MIN_AGE_SECONDS", 0.0)
    with pytest.raises(UnauthenticatedError):
        await house.authenticator.bearer(signed())


async def test_known_sessions_go_on_while_auth_is_away(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.authenticator.bearer(signed())
    house.source.error = UpstreamUnavailableError("killed")
    monkeypatch.setattr("flash_core.clients.identity._KEYS_SECONDS", 0.0)
    assert await house.authenticator.bearer(signed()) == ALICE


@pytest.mark.parametrize("published", [{}, {"keys": 7}, [], {"keys": [{"kty": "OKP"}]}])
async def test_without_keys_nobody_is_known_and_auth_is_not_flooded(house: House, published: Any) -> None:
    house.source.instead = published
    errors = await asyncio.gather(*(house.authenticator.bearer(signed()) for _ in range(9)), return_exceptions=True)
    assert {type(error) for error in errors} == {UpstreamUnavailableError}
    assert house.source.asked == 1


async def test_an_ended_session_is_over_at_once(house: House) -> None:
    await house.redis.set(session_ended_key(_session()), 1, ex=60)
    with pytest.raises(UnauthenticatedError):
        await house.authenticator.bearer(signed())
    assert (await house.authenticator.bearer(signed(sid=str(uuid4())))).user_id == ALICE.user_id


async def test_older_tokens_of_a_changed_user_are_void_and_newer_ones_are_not(house: House) -> None:
    now_ms = int(time.time() * 1000)
    await house.redis.set(user_changed_key(ALICE.user_id), now_ms, ex=60)
    with pytest.raises(UnauthenticatedError):
        await house.authenticator.bearer(signed(iat_ms=now_ms - 1))
    assert (await house.authenticator.bearer(signed(iat_ms=now_ms, sid=None))).user_id == ALICE.user_id


async def test_without_redis_a_token_lives_out_its_time(redis_url: str, redis_proxy: Proxy) -> None:
    async with open_redis(through(redis_proxy, redis_url)) as proxied:
        house = House(proxied)
        redis_proxy.hold()  # the worst kind of away: it does not answer
        assert await house.authenticator.bearer(signed()) == ALICE
    async with open_redis("redis://127.0.0.1:1/0") as gone:
        assert await House(gone).authenticator.bearer(signed()) == ALICE


# API keys

API_KEY = f"{API_KEY_PREFIX}abc_def"


@pytest.fixture
def keyed(house: House) -> House:
    house.source.users[API_KEY] = ALICE
    return house


async def test_an_api_key_is_looked_up_once_in_a_while(keyed: House) -> None:
    for _ in range(3):
        assert await keyed.authenticator.bearer(API_KEY) == ALICE
    assert keyed.source.asked == 1


async def test_an_unknown_api_key_is_refused_every_time(keyed: House) -> None:
    for _ in range(2):
        with pytest.raises(UnauthenticatedError):
            await keyed.authenticator.bearer(f"{API_KEY_PREFIX}guessed")


@pytest.mark.parametrize("note", ["ended", "changed"])
async def test_an_api_key_that_ended_is_over_at_once(keyed: House, note: str) -> None:
    await keyed.authenticator.bearer(API_KEY)
    del keyed.source.users[API_KEY]
    key_hash = hashlib.sha256(API_KEY.encode()).hexdigest()
    name = api_key_ended_key(key_hash) if note == "ended" else user_changed_key(ALICE.user_id)
    await keyed.redis.set(name, int(time.time() * 1000) + 1, ex=60)
    with pytest.raises(UnauthenticatedError):
        await keyed.authenticator.bearer(API_KEY)


async def test_a_known_api_key_goes_on_while_auth_is_away(keyed: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await keyed.authenticator.bearer(API_KEY)
    keyed.source.error = UpstreamUnavailableError("killed")
    monkeypatch.setattr("flash_core.clients.identity._API_KEY_SECONDS", 0.0)
    assert await keyed.authenticator.bearer(API_KEY) == ALICE
    monkeypatch.setattr("flash_core.clients.identity._API_KEY_WITHOUT_AUTH_SECONDS", 0.0)
    with pytest.raises(UpstreamUnavailableError):
        await keyed.authenticator.bearer(API_KEY)


async def test_the_memory_of_api_keys_is_bounded(keyed: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flash_core.clients.identity._API_KEYS_REMEMBERED", 3)
    keys = [f"{API_KEY_PREFIX}{number}" for number in range(10)]
    keyed.source.users |= dict.fromkeys(keys, ALICE)
    for key in keys:
        await keyed.authenticator.bearer(key)
    assert len(keyed.authenticator._api_keys) <= 3


# Services


def test_a_service_speaks_for_itself_or_for_a_user(house: House) -> None:
    tokens = ServiceTokens(INTERNAL_KEY, "chat")
    assert house.authenticator.internal(tokens.issue()) is None
    on_behalf = house.authenticator.internal(tokens.issue(ALICE))
    assert on_behalf == Principal(ALICE.user_id, ALICE.roles, ALICE.groups)


def service_token(key: str = INTERNAL_KEY, **changes: Any) -> str:
    whole = {"iss": "chat", "aud": "askflash-services", "exp": int(time.time()) + 60} | changes
    present = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode({"alg": "HS256"}, present, OctKey.import_key(key.encode()), algorithms=["HS256"])


NO_SERVICE: dict[str, Any] = {
    "a user's token": signed,
    "a user's token with the right audience": lambda: signed(aud="askflash-services"),
    "another key": lambda: service_token("x" * 32),
    "expired": lambda: service_token(exp=int(time.time()) - 3_600),
    "never expires": lambda: service_token(exp=None),
    "another audience": lambda: service_token(aud=AUDIENCE),
    "no algorithm": lambda: unsigned(service_token(), "none"),
    "on behalf of nobody": lambda: service_token(sub="nobody"),
    "empty": lambda: "",
    "no token": lambda: "é",
}


@pytest.mark.parametrize("make", NO_SERVICE.values(), ids=NO_SERVICE.keys())
def test_nobody_else_passes_for_a_service(house: House, make: Any) -> None:
    with pytest.raises(UnauthenticatedError):
        house.authenticator.internal(make())


def test_services_whose_clocks_differ_by_minutes_understand_each_other(house: House) -> None:
    assert house.authenticator.internal(service_token(exp=int(time.time()) - 200)) is None


def _session() -> UUID:
    assert ALICE.session_id is not None
    return ALICE.session_id
