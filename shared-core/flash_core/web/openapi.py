"""The OpenAPI document says what is true of every service: errors are problem documents."""

from typing import Any

from fastapi import FastAPI

from flash_core.schemas.common import Problem
from flash_core.web.problems import MEDIA_TYPE

_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")
_FIRST_ERROR = 400


class DescribedApp(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """FastAPI's document, with this project's errors instead of FastAPI's."""
        if self.openapi_schema is None:
            document = super().openapi()
            for item in document.get("paths", {}).values():
                for operation in item.values():
                    _describe_errors(operation.get("responses", {}))
            schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = Problem.model_json_schema()
            for name in _FRAMEWORKS_OWN:
                schemas.pop(name, None)
        return dict(self.openapi_schema or {})


def _describe_errors(responses: dict[str, Any]) -> None:
    for status, response in responses.items():
        schema = response.get("content", {}).get("application/json", {}).get("schema", {})
        own = {_PROBLEM["$ref"], *(f"#/components/schemas/{name}" for name in _FRAMEWORKS_OWN)}
        if status.isdigit() and int(status) >= _FIRST_ERROR and schema.get("$ref") in own:
            response["content"] = {MEDIA_TYPE: {"schema": _PROBLEM}}
