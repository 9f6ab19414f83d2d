"""Credentials of sources, sealed with AES-256-GCM.

A record is sealed with a data key of its own, and that key with one from the settings, so that another key of the
settings needs a new wrapping only. Both are bound to the source's id. The layout, version 1:

    1 byte version, 1 byte length of the key's id, the id, 12 bytes nonce, 48 bytes wrapped data key,
    12 bytes nonce, the sealed JSON
"""

import base64
import binascii
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from flash_core.errors import UpstreamRejectedError
from indexing_service.interfaces import CredentialVaultInterface
from indexing_service.interfaces.sealing import RewrappingInterface

_VERSION: Final = 1
_KEY_BYTES: Final = 32
_NONCE: Final = 12
_WRAPPED: Final = _NONCE + _KEY_BYTES + 16
_ENTRY: Final = re.compile(r"([A-Za-z0-9._-]{1,32}):([A-Za-z0-9+/_-]+={0,2})")
_AGAIN: Final = "enter the credentials of this source again"


@dataclass(frozen=True, slots=True)
class SealingKey:
    id: str
    key: bytes = field(repr=False)


def sealing_keys(setting: str) -> tuple[SealingKey, ...]:
    """`id:key, …` with keys of 32 bytes in base64, of either alphabet. `ValueError`, without the keys, for others."""
    keys = tuple(_key(number, entry) for number, entry in enumerate(setting.replace(",", " ").split(), start=1))
    if len({key.id for key in keys}) < len(keys):
        message = "CREDENTIALS_KEYS names two keys by the same id."
        raise ValueError(message)
    return keys


def _key(number: int, entry: str) -> SealingKey:
    found = _ENTRY.fullmatch(entry)
    try:
        key = (
            base64.urlsafe_b64decode(found[2].translate(str.maketrans("+/", "-_")).rstrip("=") + "==") if found else b""
        )
    except binascii.Error:
        key = b""
    if found is None or len(key) != _KEY_BYTES:
        message = f"Entry {number} of CREDENTIALS_KEYS is not id:key with a key of 32 bytes in base64."
        raise ValueError(message)
    return SealingKey(found[1], key)


@dataclass(frozen=True, slots=True)
class _Record:
    key_id: str
    wrapped: bytes = field(repr=False)
    data: bytes = field(repr=False)

    @classmethod
    def of(cls, sealed: bytes) -> "_Record":
        start = 2 + sealed[1] if len(sealed) > 1 else 0
        if len(sealed) < start + _WRAPPED + _NONCE or sealed[0] != _VERSION:
            raise _damaged()
        key_id = sealed[2:start].decode("ascii", "replace")
        return cls(key_id, sealed[start : start + _WRAPPED], sealed[start + _WRAPPED :])

    def packed(self) -> bytes:
        return bytes([_VERSION, len(self.key_id)]) + self.key_id.encode() + self.wrapped + self.data


class EnvelopeVault(CredentialVaultInterface, RewrappingInterface):
    """The first of the keys seals, all open. Without any, sources with credentials can't be used."""

    def __init__(self, keys: Sequence[SealingKey]) -> None:
        self._keys = {key.id: key for key in keys}
        self._first = keys[0] if keys else None

    def seal(self, source_id: UUID, credentials: Mapping[str, str]) -> bytes:
        key = self._sealing()
        data_key = os.urandom(_KEY_BYTES)
        data = _encrypted(data_key, orjson.dumps(dict(credentials)), _bound("data", source_id))
        return _Record(key.id, _encrypted(key.key, data_key, _bound(key.id, source_id)), data).packed()

    def open(self, source_id: UUID, sealed: bytes) -> Mapping[str, str]:
        record = _Record.of(sealed)
        data = _decrypted(self._data_key(source_id, record), record.data, _bound("data", source_id))
        credentials: dict[str, str] = orjson.loads(data)
        return credentials

    def is_current(self, sealed: bytes) -> bool:
        return self._first is not None and _Record.of(sealed).key_id == self._first.id

    def rewrapped(self, source_id: UUID, sealed: bytes) -> bytes:
        record, key = _Record.of(sealed), self._sealing()
        wrapped = _encrypted(key.key, self._data_key(source_id, record), _bound(key.id, source_id))
        return _Record(key.id, wrapped, record.data).packed()

    def _sealing(self) -> SealingKey:
        if self._first is None:
            raise UpstreamRejectedError("Credentials can't be kept: the operator has to set CREDENTIALS_KEYS.")
        return self._first

    def _data_key(self, source_id: UUID, record: _Record) -> bytes:
        key = self._keys.get(record.key_id)
        if key is None:
            raise UpstreamRejectedError(
                f"These credentials were sealed with the key {record.key_id!r}, which is not in CREDENTIALS_KEYS: "
                f"put it back there, or {_AGAIN}."
            )
        return _decrypted(key.key, record.wrapped, _bound(key.id, source_id))


def _bound(purpose: str, source_id: UUID) -> bytes:
    """What a sealed part belongs to; anywhere else it does not open."""
    return b"askflash credentials\x01" + source_id.bytes + purpose.encode()


def _encrypted(key: bytes, plain: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound)


def _decrypted(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)
    except InvalidTag:
        raise _damaged() from None


def _damaged() -> UpstreamRejectedError:
    return UpstreamRejectedError(
        f"The stored credentials are damaged or another source's, or their key has changed: {_AGAIN}."
    )
