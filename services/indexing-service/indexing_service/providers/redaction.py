"""Words of others without the secrets that they were sent."""

import base64
import binascii
from collections.abc import Iterable
from typing import Final

_SHORTEST: Final = 6
"""Shorter ones are no secrets, and would be found in any words."""


def without(secrets: Iterable[str], words: str) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            words = words.replace(secret, "…")
    return words


def forms_of(authorization: str) -> list[str]:
    """All in which the value of this header may come back."""
    scheme, _, proof = authorization.partition(" ")
    if scheme.lower() != "basic":
        return [proof]
    try:
        pair = base64.b64decode(proof).decode()
    except (binascii.Error, UnicodeDecodeError):
        pair = ""
    return [proof, pair, pair.partition(":")[2]]
