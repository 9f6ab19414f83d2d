"""Values that mean nothing by themselves: refresh tokens, keys, tickets. They are kept as hashes only.

They carry 256 random bits, so a plain SHA-256 is enough: there is nothing to guess (passwords go to Argon2id).
"""

import base64
import hashlib
import hmac
import secrets

_BYTES = 32


def new_value() -> str:
    """43 characters of base64url."""
    return secrets.token_urlsafe(_BYTES)


def digest(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()


def csrf_of(refresh_token: str) -> str:
    """The CSRF token that belongs to a refresh token: whoever knows one of them by script does not learn the other."""
    mac = hmac.digest(refresh_token.encode(), b"askflash csrf", hashlib.sha256)
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
