"""Where a configuration would send its secrets."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

_SSH: Final = re.compile(r"(?:[^@/\s]+@)?(?P<host>[^:/\s]+):(?!//)\S+")
"""The short form of SSH addresses: `git@host:path`."""


def destinations(config: Mapping[str, Any]) -> frozenset[str]:
    """The hosts, with how they are spoken to, of all addresses in a configuration."""
    return frozenset(place for value in _texts(config) if (place := _destination(value)))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _destination(text: str) -> str:
    if "://" in text:
        parts = urlsplit(text)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".casefold()
    short = _SSH.fullmatch(text)
    return f"ssh://{short['host']}".casefold() if short else ""
