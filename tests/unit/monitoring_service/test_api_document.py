"""One OpenAPI document out of many."""

from typing import Any

from flash_core.errors import UpstreamUnavailableError
from monitoring_service.services.api_document import ApiDocument
from tests.unit.monitoring_service.fakes import FakeServiceProbe


def operation(schema: str | None = None, **more: Any) -> dict[str, Any]:
    content = {} if schema is None else {"content": {"application/json": {"schema": reference(schema)}}}
    return {"responses": {"200": {"description": "OK", **content}}, **more}


def reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def document(paths: dict[str, Any], **schemas: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "paths": paths, "components": {"schemas": schemas}}


async def merged(*probes: FakeServiceProbe, **own: Any) -> Any:
    return await ApiDocument(probes, "1.0").merged(**own)


def shown(result: Any, path: str, method: str = "get") -> str:
    schema = result["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
    return str(schema["$ref"]).rpartition("/")[2]


async def test_public_paths_of_all_services_stand_in_one_document_and_internal_ones_do_not() -> None:
    result = await merged(
        FakeServiceProbe("chat", document={"paths": {"/api/v1/chat": {"post": operation()}}}),
        FakeServiceProbe("embedding", document=document({"/v1/embeddings": {"post": operation()}, "/internal/x": {}})),
        FakeServiceProbe("auth", document=document({"/.well-known/jwks.json": {"get": operation()}})),
        monitoring=document({"/api/v1/status": {"get": operation(tags=["operations"])}, "/health/live": {}}),
    )
    assert list(result["paths"]) == ["/.well-known/jwks.json", "/api/v1/chat", "/api/v1/status", "/v1/embeddings"]
    assert result["paths"]["/api/v1/chat"]["post"]["tags"] == ["chat"]
    assert result["paths"]["/api/v1/status"]["get"]["tags"] == ["operations"]
    assert (result["openapi"], result["info"]) == ("3.1.0", {"title": "AskFlash", "version": "1.0"})


async def test_a_service_that_is_away_is_missing_and_the_others_are_there() -> None:
    result = await merged(
        FakeServiceProbe("chat", error=UpstreamUnavailableError("away")),
        FakeServiceProbe("auth", document=document({"/api/v1/users": {"get": operation()}})),
    )
    assert list(result["paths"]) == ["/api/v1/users"]


async def test_two_services_answer_the_same_path_to_different_methods() -> None:
    reading = document({"/api/v1/documents": {"get": operation(summary="List"), "parameters": []}})
    writing = document({"/api/v1/documents": {"post": operation(summary="Bring"), "get": operation(summary="Other")}})
    result = await merged(
        FakeServiceProbe("documentation", document=reading), FakeServiceProbe("indexing", document=writing)
    )
    item = result["paths"]["/api/v1/documents"]
    assert (item["get"]["summary"], item["post"]["summary"]) == ("List", "Bring")


async def test_only_schemas_that_a_public_path_needs_are_shown() -> None:
    schemas = {
        "Page": {"properties": {"items": {"type": "array", "items": reference("Item")}}},
        "Item": {"properties": {"next": {"anyOf": [reference("Item"), {"type": "null"}]}}},
        "Secret": {"type": "object"},
    }
    paths = {"/api/v1/items": {"get": operation("Page")}, "/internal/x": {"get": operation("Secret")}}
    result = await merged(FakeServiceProbe("chat", document=document(paths, **schemas)))
    assert list(result["components"]["schemas"]) == ["Item", "Page"]
    assert shown(result, "/api/v1/items") == "Page"


async def test_the_same_schema_of_two_services_is_one() -> None:
    result = await merged(
        FakeServiceProbe("chat", document=document({"/api/v1/a": {"get": operation("X")}}, X={"type": "object"})),
        FakeServiceProbe("auth", document=document({"/api/v1/b": {"get": operation("X")}}, X={"type": "object"})),
    )
    assert result["components"]["schemas"] == {"X": {"type": "object"}}


async def test_one_name_for_two_schemas_gets_its_service_in_front_and_so_do_those_that_refer_to_it() -> None:
    page = {"properties": {"item": reference("Item")}}
    first = document({"/api/v1/a": {"get": operation("Page")}}, Page=page, Item={"type": "string"})
    second = document({"/api/v1/b": {"get": operation("Page")}}, Page=page, Item={"type": "integer"})
    result = await merged(FakeServiceProbe("chat", document=first), FakeServiceProbe("ai-intent", document=second))
    assert result["components"]["schemas"] == {
        "AiIntentItem": {"type": "integer"},
        "AiIntentPage": {"properties": {"item": reference("AiIntentItem")}},
        "Item": {"type": "string"},
        "Page": page,
    }
    assert (shown(result, "/api/v1/a"), shown(result, "/api/v1/b")) == ("Page", "AiIntentPage")
