"""Sources that tell of changes. It is a hint only: schedules find every change also without."""

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog

from flash_core.errors import UnauthenticatedError

log = structlog.get_logger(__name__)
StartSync = Callable[[UUID], Awaitable[UUID]]
"""Asks for a sync; one that waits already is not doubled."""

_SIGNED: Final = "sha256="
_BASIC: Final = "basic "


@dataclass(frozen=True, slots=True)
class Proof:
    """What a source may show, each as its header has it: a password (Basic), a signature of the body, or a token."""

    authorization: str = field(default="", repr=False)
    signature: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


class WebhookReceiver:
    """Each source has a secret of its own, which follows from the fleet's `key`: it is stored nowhere."""

    def __init__(self, sync: StartSync, key: bytes) -> None:
        self._sync = sync
        self._key = key

    def secret(self, source_id: UUID) -> str:
        return hmac.new(self._key, b"askflash webhook\x01" + source_id.bytes, hashlib.sha256).hexdigest()

    async def receive(self, source_id: UUID, proof: Proof, body: bytes) -> None:
        """`UnauthenticatedError` without a proof, whether there is such a source or not. The body says nothing that is
        believed: what has changed is looked up.
        """
        if not _proves(proof, self.secret(source_id).encode(), body):
            raise UnauthenticatedError("The webhook's secret is missing or wrong.")
        job_id = await self._sync(source_id)
        log.info("webhook.received", source_id=str(source_id), job_id=str(job_id))


def _proves(proof: Proof, secret: bytes, body: bytes) -> bool:
    """Every comparison takes the same time, whatever is wrong."""
    signed = _SIGNED + hmac.new(secret, body, hashlib.sha256).hexdigest()
    shown = (
        (_password(proof.authorization), secret),
        (proof.signature.encode(), signed.encode()),
        (proof.token.encode(), secret),
    )
    return sum(hmac.compare_digest(given, expected) for given, expected in shown) > 0


def _password(authorization: str) -> bytes:
    if not authorization.lower().startswith(_BASIC):
        return b""
    try:
        return base64.b64decode(authorization[len(_BASIC) :], validate=True).partition(b":")[2]
    except ValueError:
        return b""
