"""The keys behind the access tokens: one signs, its successor is published already, and every 30 days they move on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from auth_service.interfaces import (
    AccessTokensInterface,
    AuthUnitOfWorkFactory,
    SigningKey,
    TokenSignerInterface,
)
from flash_core.interfaces.clock import ClockInterface
from flash_core.models.user import Principal
from flash_core.schemas.auth import AUDIENCE, ISSUER
from flash_core.utils.ids import new_id

log = structlog.get_logger(__name__)

ACCESS_TOKEN_TTL = timedelta(minutes=15)
KEY_LIFE = timedelta(days=30)
PUBLISHED_AFTERWARDS = timedelta(hours=1)
"""Longer than an access token lives plus what replicas and verifiers remember."""
_REMEMBERED = timedelta(minutes=1)


class SigningKeyRing(AccessTokensInterface):
    """Any replica may rotate; the database decides which one does. Replicas re-read the keys every minute, and an old
    key stays published longer than that, so none of them has to know when another rotated.
    """

    def __init__(
        self, unit_of_work: AuthUnitOfWorkFactory, signer: TokenSignerInterface, clock: ClockInterface
    ) -> None:
        self._unit_of_work = unit_of_work
        self._signer = signer
        self._clock = clock
        self._keys: Sequence[SigningKey] = ()
        self._read_at: datetime | None = None

    async def issue(self, principal: Principal, at: datetime, *, csrf: str | None = None) -> str:
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(principal.user_id),
            "jti": str(new_id()),
            "iat": int(at.timestamp()),
            "iat_ms": int(at.timestamp() * 1000),
            "exp": int((at + ACCESS_TOKEN_TTL).timestamp()),
            "roles": sorted(principal.roles),
            "groups": sorted(principal.groups),
        }
        if principal.session_id is not None:
            claims["sid"] = str(principal.session_id)
        if csrf is not None:
            claims["csrf"] = csrf
        return self._signer.sign(_current(await self._known_keys()), claims)

    async def public_keys(self) -> Sequence[Mapping[str, str]]:
        return [key.public for key in await self._known_keys()]

    async def rotate(self) -> None:
        now = self._clock.now()
        async with self._unit_of_work() as work:
            await work.signing_keys.lock()
            before = await work.signing_keys.all()
            after = self._moved_on(before, now)
            for key in after:
                if key not in before:
                    await work.signing_keys.save(key)
            for key in before:
                if key.kid not in {kept.kid for kept in after}:
                    await work.signing_keys.remove(key.kid)
            await work.commit()
        self._keys, self._read_at = after, now

    def _moved_on(self, keys: Sequence[SigningKey], now: datetime) -> list[SigningKey]:
        """What the keys have to be at `now`: some retired, one that signs, one that waits."""
        kept = [self._retired_if_due(key, now) for key in keys if not _forgettable(key, now)]
        if not any(_signs(key) for key in kept):
            successor = next((key for key in kept if _waits(key)), None) or self._signer.new_key(now)
            kept = [key for key in kept if key != successor]
            kept.append(replace(successor, activated_at=now))
            log.info("signing_key.activated", kid=successor.kid)
        if not any(_waits(key) for key in kept):
            kept.append(self._signer.new_key(now))
        return kept

    def _retired_if_due(self, key: SigningKey, now: datetime) -> SigningKey:
        if key.retired_at is not None:
            return key
        if not self._signer.can_sign_with(key):
            log.warning("signing_key.unreadable", kid=key.kid, hint="INTERNAL_KEY changed; a new key takes over")
            return replace(key, retired_at=now)
        too_old = key.activated_at is not None and key.activated_at + KEY_LIFE <= now
        return replace(key, retired_at=now) if too_old else key

    async def _known_keys(self) -> Sequence[SigningKey]:
        now = self._clock.now()
        if self._read_at is None or now - self._read_at > _REMEMBERED:
            async with self._unit_of_work() as work:
                self._keys, self._read_at = await work.signing_keys.all(), now
        return self._keys


def _forgettable(key: SigningKey, now: datetime) -> bool:
    return key.retired_at is not None and key.retired_at + PUBLISHED_AFTERWARDS <= now


def _signs(key: SigningKey) -> bool:
    return key.activated_at is not None and key.retired_at is None


def _waits(key: SigningKey) -> bool:
    return key.activated_at is None and key.retired_at is None


def _current(keys: Sequence[SigningKey]) -> SigningKey:
    """There is always one: `rotate` runs before the service answers."""
    return next(key for key in keys if _signs(key))
