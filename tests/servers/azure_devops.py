"""Azure DevOps as a wiki's reader sees it: sign-in, wikis, pages and their repositories, with the protocol's rules.

Answers have the shapes of `recorded/azure_devops`. A wiki's tree may be changed while it runs, and faults be ordered.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.servers.azure_answers import listed, one_file, ordered, refused
from tests.servers.azure_git import Commit, folders, object_id
from tests.servers.azure_paths import file_of
from tests.servers.azure_world import (
    CLIENT,
    LARGEST_BATCH,
    ORGANIZATION,
    PROJECT,
    SCOPE,
    SECRET,
    TENANT,
    AzureDevOps,
    Wiki,
)

_DEFAULT_CHANGES = 100
_DELAY = 0.2
_SIGN_IN = "<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head><body></body></html>"
_PROJECT_ID = "15cbba90-8ac5-450e-934c-16f43021546b"


@asynccontextmanager
async def running(world: AzureDevOps | None = None) -> AsyncIterator[AzureDevOps]:
    """On a free port of loopback; `organization_url` says where."""
    world = world or AzureDevOps()
    runner = web.AppRunner(_Api(world).application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        world.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield world
    finally:
        await runner.cleanup()


class _Api:
    def __init__(self, world: AzureDevOps) -> None:
        self._world = world

    def application(self) -> web.Application:
        application = web.Application(middlewares=[self._rules])
        api = f"/{ORGANIZATION}/{{project}}/_apis"
        application.router.add_get(f"{api}/wiki/wikis", self._list_wikis)
        application.router.add_post(f"{api}/wiki/wikis/{{wiki}}/pagesbatch", self._batch)
        application.router.add_get(f"{api}/wiki/wikis/{{wiki}}/pages/{{page}}", self._page)
        application.router.add_get(f"{api}/wiki/wikis/{{wiki}}/pages", self._page_at)
        application.router.add_get(f"{api}/git/repositories/{{repository}}/refs", self._refs)
        application.router.add_get(f"{api}/git/repositories/{{repository}}/items", self._items)
        application.router.add_get(f"{api}/git/repositories/{{repository}}/commits", self._commits)
        application.router.add_get(f"{api}/git/repositories/{{repository}}/stats/branches", self._branch)
        application.router.add_get(f"{api}/git/repositories/{{repository}}/diffs/commits", self._diff)
        application.router.add_post("/{tenant}/oauth2/v2.0/token", self._token)
        return application

    @web.middleware
    async def _rules(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        self._world.requests.append(f"{request.method} {request.path}")
        self._world.queries.append(dict(request.query))
        quota = self._world.quota
        if quota and (wait := quota.take()):
            response = refused(429, "RequestBlockedException", "TF400733: The request has been canceled.")
            response.headers.update(wait)
            return response
        fault = self._world.fault(request.path)
        if fault is not None and not fault.adds:
            return ordered(fault)
        if any(part in request.path for part in self._world.absent):
            raise web.HTTPNotFound
        refusal = None if request.path.endswith("/token") else self._refusal(request)
        answer: web.StreamResponse = refusal or await handler(request)
        answer.headers.update(fault.headers if fault else {})
        if quota and quota.is_low():
            await asyncio.sleep(_DELAY)
            answer.headers.update(quota.asks_to_wait(1))
        return answer

    def _refusal(self, request: web.Request) -> web.Response | None:
        if not self._known(request.headers.get("Authorization", "")):
            return self._sign_in()
        needed = "code" if "/git/" in request.path else "wiki"
        if needed not in self._world.scopes:
            return refused(401, "UnauthorizedRequestException", "TF400813: The user is not authorized.")
        if request.match_info["project"] != PROJECT:
            return refused(404, "ProjectDoesNotExistWithNameException", "TF200016: The project does not exist")
        version = request.query.get("api-version", "")
        if not version:
            return refused(400, "VssVersionNotSpecifiedException", "No api-version was supplied.")
        old = version.startswith("6.0") and ("pagesbatch" in request.path or "page" in request.match_info)
        if old and not version.endswith("-preview.1"):
            return refused(400, "VssInvalidPreviewVersionException", "The requested version is under preview.")
        return None

    def _known(self, authorization: str) -> bool:
        kind, _, value = authorization.partition(" ")
        if kind == "Basic":
            return base64.b64decode(value).decode() == f":{self._world.pat}"
        return kind == "Bearer" and value in self._world.tokens

    def _sign_in(self) -> web.Response:
        if self._world.refuses_with == "html":
            return web.Response(status=203, text=_SIGN_IN, content_type="text/html")
        if self._world.refuses_with == "redirect":
            return web.Response(status=302, headers={"Location": "https://spsprodweu1.vssps.visualstudio.com/_signin"})
        return web.Response(status=401, text=_SIGN_IN, content_type="text/html")

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        wanted = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET, "scope": SCOPE}
        if request.match_info["tenant"] != TENANT or dict(form) != wanted:
            body = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}
            return web.json_response(body, status=401)
        token = f"entra-token-{len(self._world.requests)}"
        self._world.tokens = {token}
        return web.json_response(
            {"token_type": "Bearer", "expires_in": self._world.token_lifetime, "access_token": token}
        )

    async def _list_wikis(self, _: web.Request) -> web.Response:
        return listed([self._described(wiki) for wiki in self._world.wikis.values()])

    def _described(self, wiki: Wiki) -> dict[str, Any]:
        url = f"{self._world.organization_url}/{_PROJECT_ID}"
        described: dict[str, Any] = {
            "id": wiki.id,
            "versions": [{"version": branch} for branch in wiki.branches],
            "url": f"{url}/_apis/wiki/wikis/{wiki.id}",
            "remoteUrl": f"{url}/_wiki/wikis/{wiki.id}",
            "type": "projectWiki" if wiki.root == "/" else "codeWiki",
            "name": wiki.name,
            "projectId": _PROJECT_ID,
            "repositoryId": wiki.repository_id,
            "mappedPath": wiki.root,
        }
        return described | ({"isDisabled": True} if wiki.disabled else {})

    async def _batch(self, request: web.Request) -> web.Response:
        wiki = self._wiki(request)
        asked = await request.json()
        if not 0 < asked.get("top", LARGEST_BATCH) <= LARGEST_BATCH:
            return refused(400, "InvalidArgumentValueException", "The value of top is out of range.")
        if wiki is None or wiki.disabled:
            return refused(404, "WikiNotFoundException", "The wiki is disabled, deleted or you have no access to it.")
        first = int(asked.get("continuationToken") or 0)
        shown = sorted((page, path) for path, page in wiki.pages.items() if page not in wiki.unlisted)
        batch = [(page, path) for page, path in shown if page > first][: min(asked["top"], self._world.batch_size)]
        headers = {}
        if batch and batch[-1] != shown[-1]:
            headers["x-MS-ContinuationToken"] = "1" if self._world.repeats_token else str(batch[-1][0])
        return listed([{"path": path, "id": page} for page, path in batch], headers)

    async def _page(self, request: web.Request) -> web.Response:
        wiki = self._wiki(request)
        number = request.match_info["page"]
        path = next((path for path, page in wiki.pages.items() if str(page) == number), None) if wiki else None
        return self._one_page(wiki, path, f"Wiki page id '{number}' could not be found.", request)

    async def _page_at(self, request: web.Request) -> web.Response:
        wiki = self._wiki(request)
        path = request.query.get("path", "/")
        return self._one_page(wiki, path, f"Wiki page '{path}' could not be found.", request)

    def _one_page(self, wiki: Wiki | None, path: str | None, missing: str, request: web.Request) -> web.Response:
        if wiki is None or wiki.disabled:
            return refused(404, "WikiNotFoundException", "The wiki is disabled, deleted or you have no access to it.")
        if path is None or path not in wiki.pages:
            return refused(404, "WikiPageNotFoundException", missing)
        file = file_of(path, wiki.root)
        data = wiki.repository.head.files.get(file, b"")
        url = f"{self._world.organization_url}/{PROJECT}/_apis/wiki/wikis/{wiki.id}/pages"
        page: dict[str, Any] = {
            "path": path,
            "order": 0,
            "gitItemPath": file,
            "subPages": [],
            "url": f"{url}/{path}",
            "remoteUrl": f"{self._world.organization_url}/{PROJECT}/_wiki/wikis/{wiki.id}?pagePath={path}",
            "id": wiki.pages[path],
        }
        if request.query.get("includeContent") == "true":
            page["content"] = data.decode("utf-8", "replace")
        return web.json_response(page, headers={"ETag": f'"{object_id(data)}"'})

    async def _refs(self, request: web.Request) -> web.Response:
        wiki = self._world.wiki_of(request.match_info["repository"])
        if wiki is None:
            return refused(404, "GitRepositoryNotFoundException", "TF401019: The Git repository does not exist")
        refs = [f"refs/heads/{name}" for name in (wiki.repository.branch, f"{wiki.repository.branch}-draft")]
        wanted = request.query.get("filter", "")
        found = [name for name in refs if name.startswith(f"refs/{wanted}")]
        return listed([{"name": name, "objectId": wiki.repository.head.id} for name in found])

    async def _commits(self, request: web.Request) -> web.Response:
        wiki = self._world.wiki_of(request.match_info["repository"])
        if wiki is None or request.query["searchCriteria.itemVersion.version"] != wiki.repository.branch:
            return refused(404, "GitUnresolvableToCommitException", "TF401175: The version descriptor is unknown")
        return listed([{"commitId": wiki.repository.head.id, "comment": "Updated", "url": "commits"}])

    async def _branch(self, request: web.Request) -> web.Response:
        wiki = self._world.wiki_of(request.match_info["repository"])
        if wiki is None or request.query["name"] != wiki.repository.branch:
            return refused(404, "GitUnresolvableToCommitException", "TF401175: The version descriptor is unknown")
        commit = {"commitId": wiki.repository.head.id, "url": "commits"}
        return web.json_response({"commit": commit, "name": wiki.repository.branch, "aheadCount": 0, "behindCount": 0})

    async def _items(self, request: web.Request) -> web.Response:
        wiki = self._world.wiki_of(request.match_info["repository"])
        commit = _version(wiki, request.query) if wiki else None
        if wiki is None or commit is None:
            return refused(404, "GitUnresolvableToCommitException", "TF401175: The version descriptor is unknown")
        if "path" in request.query:
            return one_file(wiki, commit, request.query)
        scope = request.query["scopePath"].rstrip("/")
        found = [
            {"objectId": object_id(data), "gitObjectType": "blob", "commitId": commit.id, "path": path, "url": path}
            for path, data in commit.files.items()
        ] + [
            {"objectId": object_id(path.encode()), "gitObjectType": "tree", "commitId": commit.id, "path": path}
            | {"isFolder": True, "url": path}
            for path in folders(commit.files)
        ]
        if request.query.get("recursionLevel") == "None":
            root = {"objectId": object_id(b"tree"), "gitObjectType": "tree", "commitId": commit.id, "isFolder": True}
            return listed([root | {"path": scope or "/", "url": scope}])
        return listed([item for item in found if str(item["path"]).startswith(f"{scope}/")])

    async def _diff(self, request: web.Request) -> web.Response:
        wiki = self._world.wiki_of(request.match_info["repository"])
        base = wiki.repository.at(request.query["baseVersion"]) if wiki else None
        target = wiki.repository.at(request.query["targetVersion"]) if wiki else None
        if wiki is None or base is None or target is None:
            return refused(404, "GitUnresolvableToCommitException", "TF401175: The version descriptor is unknown")
        changes = wiki.repository.changes(base, target)
        skip = 0 if self._world.ignores_skip else int(request.query.get("$skip", 0))
        top = min(int(request.query.get("$top", _DEFAULT_CHANGES)), self._world.largest_change_page)
        shown = changes[skip : skip + top]
        kinds = [change["changeType"] for change in changes]
        body = {
            "changeCounts": {kind: kinds.count(kind) for kind in set(kinds)},
            "changes": shown,
            "commonCommit": base.id,
            "baseCommit": base.id,
            "targetCommit": target.id,
            "aheadCount": 1,
            "behindCount": 0,
        }
        whole = skip + len(shown) >= len(changes) and not self._world.ignores_skip
        return web.json_response(body | ({"allChangesIncluded": True} if whole else {}))

    def _wiki(self, request: web.Request) -> Wiki | None:
        return self._world.wikis.get(request.match_info["wiki"])


def _version(wiki: Wiki, query: Mapping[str, str]) -> Commit | None:
    version = query["versionDescriptor.version"]
    if query["versionDescriptor.versionType"] == "commit":
        return wiki.repository.at(version)
    return wiki.repository.head if version == wiki.repository.branch else None
