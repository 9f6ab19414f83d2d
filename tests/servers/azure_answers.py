"""Answers in the shapes of Azure DevOps."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tests.servers.azure_git import Commit, object_id
from tests.servers.azure_world import Fault, Wiki


def one_file(wiki: Wiki, commit: Commit, query: Mapping[str, str]) -> web.Response:
    path = query["path"]
    data = commit.files.get(path)
    if data is None:
        return refused(404, "GitItemNotFoundException", f"TF401174: The item '{path}' could not be found")
    if query.get("$format") == "octetStream":
        return web.Response(body=data, content_type="application/octet-stream")
    item: dict[str, Any] = {
        "objectId": object_id(data),
        "gitObjectType": "blob",
        "commitId": commit.id,
        "path": path,
        "url": path,
    }
    if query.get("latestProcessedChange") == "true":
        person = {"name": "Writer", "email": "writer@example.com", "date": wiki.repository.changed_at(path).isoformat()}
        item["latestProcessedChange"] = {"commitId": commit.id, "author": person, "committer": person}
    if query.get("includeContent") == "true":
        item["content"] = data.decode("utf-8", "replace")
    return web.json_response(item)


def listed(values: list[dict[str, Any]], headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"value": values, "count": len(values)}, headers=headers)


def refused(status: int, kind: str, message: str) -> web.Response:
    return web.json_response(
        {
            "$id": "1",
            "innerException": None,
            "message": message,
            "typeName": f"Microsoft.TeamFoundation.{kind}, Microsoft.TeamFoundation",
            "typeKey": kind,
            "errorCode": 0,
            "eventId": 3000,
        },
        status=status,
    )


def ordered(fault: Fault) -> web.Response:
    if isinstance(fault.body, str):
        return web.Response(status=fault.status, text=fault.body, headers=fault.headers)
    return web.json_response(fault.body, status=fault.status, headers=fault.headers)
