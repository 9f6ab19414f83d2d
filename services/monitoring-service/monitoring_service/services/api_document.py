"""The fleet's one OpenAPI document, merged from the services' own."""

import asyncio
from collections.abc import Sequence
from typing import Any

from flash_core.errors import FlashError
from monitoring_service.interfaces import ServiceProbeInterface

_PUBLIC = ("/api/", "/v1/", "/.well-known/")
_BEARER = {"type": "http", "scheme": "bearer", "description": "A JWT of the token endpoint, or an API key."}


class ApiDocument:
    """Public routes only. A service that is away is missing from the document; the others are there."""

    def __init__(self, probes: Sequence[ServiceProbeInterface], version: str) -> None:
        self._probes = probes
        self._version = version

    async def merged(self, *own: dict[str, Any]) -> dict[str, Any]:
        """OpenAPI 3.1 with the paths and schemas of all services that answer, and of the documents in `own`."""
        answers = await asyncio.gather(*(probe.openapi() for probe in self._probes), return_exceptions=True)
        paths: dict[str, Any] = {}
        schemas: dict[str, Any] = {}
        for answer in (*answers, *own):
            if isinstance(answer, FlashError):
                continue
            if isinstance(answer, BaseException):
                raise answer
            paths |= _public_paths(answer)
            schemas |= answer.get("components", {}).get("schemas", {})
        return {
            "openapi": "3.1.0",
            "info": {"title": "AskFlash", "version": self._version},
            "security": [{"bearer": []}],
            "paths": dict(sorted(paths.items())),
            "components": {"schemas": dict(sorted(schemas.items())), "securitySchemes": {"bearer": _BEARER}},
        }


def _public_paths(document: dict[str, Any]) -> dict[str, Any]:
    return {path: item for path, item in document.get("paths", {}).items() if path.startswith(_PUBLIC)}
