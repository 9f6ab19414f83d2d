"""Passwords and keys of one fleet: made at its first start, kept for its life."""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from local_fleet.home import read_json, write_private


@dataclass(frozen=True, slots=True)
class FleetSecrets:
    """Everything that must not be guessed. In a form that no format has to quote.

    `credentials_keys`: as the setting of that name wants them, `id:key` with the one that seals first.
    """

    postgres: str
    redis: str
    internal_key: str
    credentials_keys: str
    databases: Mapping[str, str]
    admin_email: str
    admin_password: str


def load_or_create(path: Path, databases: Iterable[str], administrator: Mapping[str, str]) -> FleetSecrets:
    """What the file says; what is missing there is made now and written to it.

    `administrator` may hold an `admin_email` and an `admin_password` that replace those of the file.
    """
    kept = {**read_json(path), **administrator}
    passwords = kept.get("databases")
    known = passwords if isinstance(passwords, dict) else {}

    def secret(name: str, default: str) -> str:
        return str(kept.get(name) or default)

    loaded = FleetSecrets(
        postgres=secret("postgres", secrets.token_hex(24)),
        redis=secret("redis", secrets.token_hex(24)),
        internal_key=secret("internal_key", secrets.token_hex(32)),
        credentials_keys=secret("credentials_keys", f"first:{secrets.token_urlsafe(32)}"),
        databases={name: str(known.get(name) or secrets.token_hex(24)) for name in databases},
        admin_email=secret("admin_email", "admin@askflash.local"),
        admin_password=secret("admin_password", secrets.token_hex(8)),
    )
    if asdict(loaded) != read_json(path):
        write_private(path, json.dumps(asdict(loaded), indent=2) + "\n")
    return loaded
