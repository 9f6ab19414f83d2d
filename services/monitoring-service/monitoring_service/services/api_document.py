"""The fleet's one OpenAPI document, merged from the services' own."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from flash_core.errors import FlashError
from monitoring_service.interfaces import ServiceProbeInterface

Document = dict[str, Any]

_PUBLIC = ("/api/", "/v1/", "/.well-known/")
_REFERENCE = "#/components/schemas/"
_BEARER = {"type": "http", "scheme": "bearer", "description": "A JWT of the token endpoint, or an API key."}


class ApiDocument:
    """Public routes only. A service that is away is missing from the document; the others are there."""

    def __init__(self, probes: Sequence[ServiceProbeInterface], version: str) -> None:
        self._probes = probes
        self._version = version

    async def merged(self, **own: Document) -> Document:
        """OpenAPI 3.1 with the public paths of all services that answer, and of the documents in `own`, by service."""
        documents = await asyncio.gather(*(_asked(probe) for probe in self._probes))
        merger = _Merger()
        for probe, document in zip(self._probes, documents, strict=True):
            merger.add(probe.name, document)
        for name, document in own.items():
            merger.add(name, document)
        return {
            "openapi": "3.1.0",
            "info": {"title": "AskFlash", "version": self._version},
            "security": [{"bearer": []}],
            "paths": dict(sorted(merger.paths.items())),
            "components": {"schemas": dict(sorted(merger.schemas.items())), "securitySchemes": {"bearer": _BEARER}},
        }


async def _asked(probe: ServiceProbeInterface) -> Document:
    try:
        return await probe.openapi()
    except FlashError:
        return {}


class _Merger:
    """Two services may answer the same path to different methods, and may mean different schemas by one name."""

    def __init__(self) -> None:
        self.paths: dict[str, dict[str, Any]] = {}
        self.schemas: dict[str, Any] = {}

    def add(self, service: str, document: Document) -> None:
        """Take over the public paths, and the schemas that they need. Of two equal methods the first one counts."""
        paths = {path: item for path, item in document.get("paths", {}).items() if path.startswith(_PUBLIC)}
        schemas = _needed(paths, document.get("components", {}).get("schemas", {}))
        names = self._names(service, schemas)
        self.schemas |= {names[name]: _renamed(schema, names) for name, schema in schemas.items()}
        for path, item in _renamed(paths, names).items():
            known = self.paths.setdefault(path, {})
            for method, operation in item.items():
                known.setdefault(method, _tagged(service, operation))

    def _names(self, service: str, schemas: Mapping[str, Any]) -> dict[str, str]:
        """What each schema is called in the merged document: its own name unless another schema has it already.

        A schema that refers to a renamed one differs from its namesake, too; so this goes on until nothing changes.
        """
        names = {name: name for name in schemas}
        settled = False
        while not settled:
            settled = True
            for name, schema in schemas.items():
                if names[name] == name and name in self.schemas and self.schemas[name] != _renamed(schema, names):
                    names[name] = "".join(part.title() for part in service.split("-")) + name
                    settled = False
        return names


def _needed(paths: Document, schemas: Mapping[str, Any]) -> Document:
    """The schemas that the paths refer to, directly or through others."""
    needed: Document = {}
    waiting = _references(paths)
    while waiting:
        name = waiting.pop()
        if name not in needed and name in schemas:
            needed[name] = schemas[name]
            waiting |= _references(schemas[name])
    return needed


def _references(node: object) -> set[str]:
    if isinstance(node, dict):
        own = {reference.removeprefix(_REFERENCE)} if isinstance(reference := node.get("$ref"), str) else set()
        return own.union(*(_references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*map(_references, node))
    return set()


def _renamed(node: Any, names: Mapping[str, str]) -> Any:
    """A copy in which every reference has its schema's new name."""
    if isinstance(node, dict):
        return {
            key: _reference(value, names) if key == "$ref" else _renamed(value, names) for key, value in node.items()
        }
    return [_renamed(value, names) for value in node] if isinstance(node, list) else node


def _reference(value: Any, names: Mapping[str, str]) -> Any:
    name = str(value).removeprefix(_REFERENCE)
    return f"{_REFERENCE}{names[name]}" if name in names else value


def _tagged(service: str, operation: Any) -> Any:
    return {"tags": [service], **operation} if isinstance(operation, dict) else operation
