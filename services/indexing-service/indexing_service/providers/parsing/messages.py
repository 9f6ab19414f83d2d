"""What the service and a reading process say to each other: a length, a head in JSON, a length, a body."""

import json
from collections.abc import Mapping
from struct import Struct
from typing import Any, Final

LENGTH: Final = Struct(">I")


def packed(head: Mapping[str, Any], body: bytes = b"") -> bytes:
    raw = json.dumps(head).encode()
    return b"".join((LENGTH.pack(len(raw)), raw, LENGTH.pack(len(body)), body))


def unpacked_head(raw: bytes) -> dict[str, Any]:
    head: dict[str, Any] = json.loads(raw)
    return head
