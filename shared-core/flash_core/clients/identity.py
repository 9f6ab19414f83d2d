"""Proving who asks: the auth service's tokens by its public keys, and the services' own tokens by a shared key."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, TypeAlias
from uuid import UUID

import orjson
import structlog
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, OctKey
from joserfc.jwt import JWTClaimsRegistry
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from flash_core.clients.http import Sibling
from flash_core.clients.redis import for_a_moment
from flash_core.errors import (
    FlashError,
    InvalidInputError,
    NotFoundError,
    UnauthenticatedError,
    UpstreamUnavailableError,
)
from flash_core.interfaces.identity import AuthenticatorInterface, IdentitySourceInterface, ServiceTokenInterface
from flash_core.models.user import Principal, UserRole
from flash_core.schemas.auth import AUDIENCE, ISSUER, PrincipalResponse, VerifyKeyRequest
from flash_core.utils.eddsa import EdDsaRegistry

log = structlog.get_logger(__name__)

API_KEY_PREFIX = "ask_"
ENDED_TTL_SECONDS = 21 * 60
"""Longer than an access token lives, even where a clock is minutes slow: no token outlives the note that ended it."""

_SERVICE_AUDIENCE = "askflash-services"
_SERVICE_SECONDS = 60
_CLOCK_SKEW_SECONDS = 5 * 60
_KEYS_SECONDS = 10 * 60.0
_KEYS_MIN_AGE_SECONDS = 5.0
_NO_KEYS_PAUSE_SECONDS = 0.5
_API_KEY_SECONDS = 30.0
_API_KEY_WITHOUT_AUTH_SECONDS = 15 * 60.0
_API_KEYS_REMEMBERED = 1_000
_TOKENS_REMEMBERED: Final = 1_024


def session_ended_key(session_id: UUID) -> str:
    """Set when a session ends before its access token does."""
    return f"session:ended:{session_id}"


def user_changed_key(user_id: UUID) -> str:
    """Holds the epoch milliseconds of the user's last change of groups, roles or password: older tokens are void."""
    return f"user:changed:{user_id}"


def api_key_ended_key(key_hash: str) -> str:
    """Set when an API key ends, by the SHA-256 of the key in hexadecimal: what was remembered of it is void."""
    return f"api-key:ended:{key_hash}"


class ServiceTokens(ServiceTokenInterface):
    """Short-lived HS256 tokens between the services; their audience keeps them apart from users' tokens.

    A token is issued again for half of its life, and its signature is checked once: both cost more than a lookup.
    """

    def __init__(self, key: str, service: str) -> None:
        self._key = OctKey.import_key(key.encode())
        self._service = service
        self._claims = JWTClaimsRegistry(
            leeway=_CLOCK_SKEW_SECONDS, aud={"essential": True, "value": _SERVICE_AUDIENCE}, exp={"essential": True}
        )
        self._signed = lru_cache(_TOKENS_REMEMBERED)(self._sign)
        self._claims_of = lru_cache(_TOKENS_REMEMBERED)(self._decode)

    def issue(self, principal: Principal | None = None) -> str:
        half_lives = int(time.time()) // (_SERVICE_SECONDS // 2)
        return self._signed(principal, (half_lives + 2) * (_SERVICE_SECONDS // 2))

    def verify(self, token: str) -> Principal | None:
        try:
            claims = self._claims_of(token)
            self._claims.validate(claims)
        except (JoseError, ValueError) as error:
            raise UnauthenticatedError("This route is for services of the fleet.") from error
        return principal_of(claims) if "sub" in claims else None

    def _sign(self, principal: Principal | None, ends_at: int) -> str:
        claims: dict[str, Any] = {"iss": self._service, "aud": _SERVICE_AUDIENCE, "exp": ends_at}
        if principal is not None:
            claims |= {
                "sub": str(principal.user_id),
                "roles": sorted(principal.roles),
                "groups": sorted(principal.groups),
            }
        return jwt.encode({"alg": "HS256"}, claims, self._key, algorithms=["HS256"])

    def _decode(self, token: str) -> dict[str, Any]:
        return jwt.decode(token, self._key, algorithms=["HS256"]).claims


def principal_of(claims: dict[str, Any]) -> Principal:
    """The principal that a verified token's claims describe."""
    try:
        return Principal(
            user_id=UUID(claims["sub"]),
            roles=frozenset(UserRole(role) for role in claims.get("roles", ())),
            groups=frozenset(claims.get("groups", ())),
            session_id=UUID(claims["sid"]) if claims.get("sid") else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnauthenticatedError("The token is not valid.") from error


class HttpIdentitySource(IdentitySourceInterface):
    """The auth service, asked over HTTP."""

    def __init__(self, auth: Sibling) -> None:
        self._auth = auth

    async def public_keys(self) -> Mapping[str, Any]:
        published: dict[str, Any] = orjson.loads(await self._auth.call("GET", "/.well-known/jwks.json", seconds=3))
        return published

    async def api_key(self, key: str) -> Principal:
        try:
            body = VerifyKeyRequest(key=key)
            answer = await self._auth.post(PrincipalResponse, "/internal/api-keys/verify", body)
        except (NotFoundError, InvalidInputError, ValidationError) as error:
            raise UnauthenticatedError("The API key is not valid.") from error
        return Principal(answer.user_id, frozenset(answer.roles), frozenset(answer.groups), answer.session_id)


@dataclass(frozen=True, slots=True)
class _KnownKey:
    """`verified_ms` by the wall clock, to compare with notes; `verified_at` by the clock that nobody turns."""

    principal: Principal
    verified_ms: int
    verified_at: float

    @property
    def age(self) -> float:
        return time.monotonic() - self.verified_at


_ClaimsOf: TypeAlias = Callable[[str], dict[str, Any]]


@dataclass(slots=True)
class _PublicKeys:
    """`claims_of` raises for a token that none of the keys signed."""

    claims_of: _ClaimsOf | None = None
    asked_at: float = float("-inf")
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def age(self) -> float:
        return time.monotonic() - self.asked_at


class _UserClaims(JWTClaimsRegistry):
    def validate_iat(self, value: object) -> None:
        """RFC 7519 asks nothing of it, and a token from the future only shows that two machines' clocks differ."""


def _verifying(keys: KeySet) -> _ClaimsOf:
    """A signature is checked once: a session's token comes with each of its requests."""

    @lru_cache(_TOKENS_REMEMBERED)
    def claims_of(token: str) -> dict[str, Any]:
        return dict(jwt.decode(token, keys, registry=EdDsaRegistry()).claims)

    return claims_of


class Authenticator(AuthenticatorInterface):
    """Verifies EdDSA tokens by the auth service's published keys, which are remembered: known sessions go on while
    auth is away. Ended sessions and changed users are notes in Redis; without Redis a token lives out its time.
    """

    def __init__(self, source: IdentitySourceInterface, redis: Redis, services: ServiceTokens) -> None:
        self._source = source
        self._redis = redis
        self._services = services
        self._public = _PublicKeys()
        self._api_keys: dict[str, _KnownKey] = {}
        self._claims = _UserClaims(
            leeway=5,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
            sub={"essential": True},
        )

    async def bearer(self, token: str) -> Principal:
        if token.startswith(API_KEY_PREFIX):
            return await self._api_key(token)
        claims = await self._verified(token)
        if "csrf" in claims:  # a cookie's token is no bearer token: it must come with its CSRF proof
            raise UnauthenticatedError("The token is not valid.")
        return principal_of(claims)

    async def cookie(self, token: str) -> tuple[Principal, str]:
        claims = await self._verified(token)
        csrf = claims.get("csrf")
        if not isinstance(csrf, str) or not csrf:
            raise UnauthenticatedError("The session is not valid; sign in again.")
        return principal_of(claims), csrf

    def internal(self, token: str) -> Principal | None:
        return self._services.verify(token)

    async def _verified(self, token: str) -> dict[str, Any]:
        claims = await self._decoded(token)
        try:
            self._claims.validate(claims)
        except JoseError as error:
            raise UnauthenticatedError("The token has expired or is not for this service.") from error
        await self._check_not_ended(claims)
        return claims

    async def _decoded(self, token: str) -> dict[str, Any]:
        try:
            try:
                return (await self._keys(refresh=False))(token)
            except InvalidKeyIdError:  # a key that is newer than what we know
                return (await self._keys(refresh=True))(token)
        except (JoseError, ValueError) as error:
            raise UnauthenticatedError("The token is not valid.") from error

    async def _keys(self, *, refresh: bool) -> _ClaimsOf:
        """What verifies by the published keys, asked for anew now and then, by one request at a time.

        `refresh`: a token names a key that is not among them.
        """
        public = self._public
        max_age = _NO_KEYS_PAUSE_SECONDS if public.claims_of is None else _KEYS_SECONDS
        max_age = min(max_age, _KEYS_MIN_AGE_SECONDS) if refresh else max_age
        if public.age > max_age:
            async with public.asking:
                if public.age > max_age:
                    await self._ask_for_keys()
        if public.claims_of is None:
            raise UpstreamUnavailableError("The auth service does not answer; try again in a moment.")
        return public.claims_of

    async def _ask_for_keys(self) -> None:
        try:
            published: Any = await self._source.public_keys()
            self._public.claims_of = _verifying(KeySet.import_key_set(published))
        except (FlashError, JoseError, KeyError, TypeError, ValueError) as error:
            log.warning("identity.keys_away", error=str(error))
        finally:
            self._public.asked_at = time.monotonic()

    async def _check_not_ended(self, claims: dict[str, Any]) -> None:
        principal = principal_of(claims)
        keys = [user_changed_key(principal.user_id)]
        if principal.session_id is not None:
            keys.append(session_ended_key(principal.session_id))
        changed, *ended = await self._notes(keys)
        issued_ms = int(claims.get("iat_ms", int(claims.get("iat", 0)) * 1000))
        if any(ended) or (changed is not None and issued_ms < int(changed)):
            raise UnauthenticatedError("This session has ended or changed; sign in again.")

    async def _notes(self, keys: Sequence[str]) -> list[Any]:
        try:
            async with for_a_moment():
                return list(await self._redis.mget(keys))
        except RedisError as error:
            log.warning("identity.redis_away", error=type(error).__name__)
            return [None] * len(keys)

    async def _api_key(self, key: str) -> Principal:
        key_hash = hashlib.sha256(key.encode()).hexdigest()
        known = self._api_keys.get(key_hash)
        if known is not None and not await self._still_holds(known, key_hash):
            known = None
        if known is None or known.age > _API_KEY_SECONDS:
            known = await self._verified_key(key, known)
        if len(self._api_keys) >= _API_KEYS_REMEMBERED:
            self._api_keys.clear()
        self._api_keys[key_hash] = known
        return known.principal

    async def _verified_key(self, key: str, known: _KnownKey | None) -> _KnownKey:
        """Asked of auth again; a key that it vouched for lately goes on while it is away."""
        began_ms, began = time.time_ns() // 1_000_000, time.monotonic()
        try:
            return _KnownKey(await self._source.api_key(key), began_ms, began)
        except UpstreamUnavailableError:
            if known is None or known.age > _API_KEY_WITHOUT_AUTH_SECONDS:
                raise
            return known

    async def _still_holds(self, known: _KnownKey, key_hash: str) -> bool:
        changed, ended = await self._notes([user_changed_key(known.principal.user_id), api_key_ended_key(key_hash)])
        return ended is None and (changed is None or known.verified_ms >= int(changed))
