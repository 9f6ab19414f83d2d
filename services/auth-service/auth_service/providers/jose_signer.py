"""Ed25519 keys and JWTs by joserfc; private parts are sealed with AES-256-GCM under a key derived from INTERNAL_KEY."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwt
from joserfc.jwk import OKPKey

from auth_service.interfaces import SigningKey, TokenSignerInterface
from flash_core.utils.eddsa import ALGORITHM, EdDsaRegistry
from flash_core.utils.ids import new_id

_NONCE_BYTES = 12


class JoseTokenSigner(TokenSignerInterface):
    def __init__(self, internal_key: str) -> None:
        derivation = HKDF(SHA256(), length=32, salt=None, info=b"askflash auth signing keys")
        self._seal = AESGCM(derivation.derive(internal_key.encode()))
        self._opened: dict[str, OKPKey] = {}

    def new_key(self, at: datetime) -> SigningKey:
        kid = str(new_id())
        key = OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig", "alg": ALGORITHM}, private=True)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        private = orjson.dumps(key.as_dict(private=True))
        sealed = nonce + self._seal.encrypt(nonce, private, kid.encode())
        public = {name: str(value) for name, value in key.as_dict(private=False).items()}
        return SigningKey(kid, public, sealed, created_at=at)

    def can_sign_with(self, key: SigningKey) -> bool:
        try:
            self._open(key)
        except InvalidTag:
            return False
        return True

    def sign(self, key: SigningKey, claims: Mapping[str, Any]) -> str:
        header = {"alg": ALGORITHM, "kid": key.kid}
        return jwt.encode(header, dict(claims), self._open(key), registry=EdDsaRegistry())

    def _open(self, key: SigningKey) -> OKPKey:
        opened = self._opened.get(key.kid)
        if opened is None:
            nonce, sealed = key.sealed[:_NONCE_BYTES], key.sealed[_NONCE_BYTES:]
            private = orjson.loads(self._seal.decrypt(nonce, sealed, key.kid.encode()))
            opened = self._opened[key.kid] = OKPKey.import_key(private)
        return opened
