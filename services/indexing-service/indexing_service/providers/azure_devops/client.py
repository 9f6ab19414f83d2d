"""The calls of Azure DevOps' protocol that reading wikis needs.

https://learn.microsoft.com/rest/api/azure/devops/wiki, …/git; the answers are recorded in the tests' servers.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson

from flash_core.errors import NotFoundError, UpstreamRejectedError, UpstreamUnavailableError
from indexing_service.providers.azure_devops.wiki import Difference, File, Page, Pages, Wiki, Written
from indexing_service.providers.rest import RestClient, RestResponse
from indexing_service.providers.rest_errors import NothingThereError

_PAGES_A_BATCH: Final = 100
_CHANGES_A_PAGE: Final = 1000
_CONTINUATION: Final = "x-ms-continuationtoken"
_DELETED: Final = "WikiPageNotFoundException"
_PREVIEW_ONLY: Final = "-preview.1"
"""What servers before 7.0 want behind the version for page ids and batches: they were previews there."""


class WikiClient:
    """Of one project. Raises what `RestClient` raises."""

    def __init__(self, rest: RestClient, project: str, api_version: str) -> None:
        self._rest = rest
        self._api = f"/{quote(project, safe='')}/_apis"
        self._version = api_version
        self._newer = api_version if float(api_version) >= 7 else f"{api_version}{_PREVIEW_ONLY}"  # noqa: PLR2004  # named above

    async def wikis(self, branch: str | None) -> list[Wiki]:
        """`branch`: which one of a code wiki's is read; None is its first."""
        answer = await self._get("/wiki/wikis")
        with _understood():
            return [_wiki(one, branch) for one in answer.json()["value"]]

    async def head(self, wiki: Wiki) -> str | None:
        """The commit that the wiki's branch is at; None if there is no such branch, "" where these credentials are
        shown no Git.
        """
        try:
            return await self._head_of_refs(wiki)
        except (NotFoundError, UpstreamRejectedError):
            pass
        branch = wiki.branch
        item = "searchCriteria.itemVersion"
        commits = {f"{item}.version": branch, f"{item}.versionType": "branch", "searchCriteria.$top": "1"}
        folder = {"scopePath": wiki.root, "recursionLevel": "None", **_at("branch", branch)}
        for path, asked in (("commits", commits), ("stats/branches", {"name": branch}), ("items", folder)):
            with suppress(NotFoundError, UpstreamRejectedError):
                answer = await self._get(f"{_repository(wiki)}/{path}", asked)
                if commit := _commit_in(answer.json()):
                    return commit
        return ""

    async def _head_of_refs(self, wiki: Wiki) -> str | None:
        name = f"heads/{wiki.branch}"
        answer = await self._get(f"{_repository(wiki)}/refs", {"filter": name})
        with _understood():
            return {ref["name"]: str(ref["objectId"]) for ref in answer.json()["value"]}.get(f"refs/{name}")

    async def files(self, wiki: Wiki, commit: str) -> list[File]:
        """All that the wiki's folder holds at a commit, with what is beneath; now, where commits are not shown."""
        asked = {"scopePath": wiki.root, "recursionLevel": "Full"}
        try:
            answer = await self._get(f"{_repository(wiki)}/items", asked | _at("commit", commit))
        except (NotFoundError, UpstreamRejectedError):
            answer = await self._get(f"{_repository(wiki)}/items", asked | _at("branch", wiki.branch))
        with _understood():
            return [
                File(one["path"], str(one.get("objectId") or ""), _is_folder(one)) for one in answer.json()["value"]
            ]

    async def pages(self, wiki: Wiki, found: Callable[[int], None]) -> Pages:
        """A short batch is no sign of the end, only a batch without a token is. The same token again would go round in
        circles: the listing ends there, incomplete.
        """
        query = urlencode({**_at("branch", wiki.branch), "api-version": self._newer})
        path = f"{self._api}{_wiki_path(wiki.id)}/pagesbatch?{query}"
        paths: dict[int, str] = {}
        tokens: set[str] = set()
        token: str | None = None
        while True:
            asked = {"top": _PAGES_A_BATCH} | ({"continuationToken": token} if token else {})
            with _scoped("Wiki"):
                answer = await self._rest.post(path, json=asked)
            with _understood():
                paths.update({int(page["id"]): str(page["path"]) for page in answer.json()["value"]})
            found(len(paths))
            token = answer.headers.get(_CONTINUATION)
            if not token or token in tokens:
                return Pages(paths, complete=not token)
            tokens.add(token)

    async def page_id(self, wiki: Wiki, path: str) -> int | None:
        """None where the wiki knows no page at this path."""
        try:
            answer = await self._get(f"{_wiki_path(wiki.id)}/pages", {"path": path, **_at("branch", wiki.branch)})
        except NotFoundError:
            return None
        with _understood():
            page_id: int | None = answer.json().get("id")
            return page_id

    async def page(self, wiki: Wiki, page_id: int, path: str = "", *, content: bool = True) -> Page | None:
        """By its id, or where it is not shown that way, and `path` is known, by that. None when the server says that
        it was deleted; `NotFoundError` when it is not shown for another reason.
        """
        asked = {"includeContent": "true"} if content else {}
        try:
            return _page(await self._get(f"{_wiki_path(wiki.id)}/pages/{page_id}", asked, self._newer))
        except NothingThereError as error:
            if _kind(error.body) == _DELETED:
                return None
            if not path:
                raise
        at = {"path": path, **_at("branch", wiki.branch)}
        return _page(await self._get(f"{_wiki_path(wiki.id)}/pages", asked | at))

    async def written(self, wiki: Wiki, file: str) -> Written:
        """What is in a file of the wiki's branch now."""
        asked = {"path": file, "includeContent": "true", "latestProcessedChange": "true", "$format": "json"}
        answer = await self._get(f"{_repository(wiki)}/items", asked | _at("branch", wiki.branch))
        if "json" not in answer.headers.get("Content-Type", "json"):
            return Written(answer.text, None)
        with _understood():
            item = answer.json()
            person = (item.get("latestProcessedChange") or {}).get("committer") or {}
            return Written(item.get("content"), _moment(person.get("date")))

    async def bytes_of(self, wiki: Wiki, file: str) -> bytes:
        asked = {"path": file, "$format": "octetStream", **_at("branch", wiki.branch)}
        answer = await self._get(f"{_repository(wiki)}/items", asked)
        return answer.content

    async def difference(self, wiki: Wiki, base: str, target: str) -> Difference | None:
        """None when `base` does not lead to `target` (any more), as after a forced push, and when folders were moved
        as such: whether all that is in them is named as well is not promised.
        """
        there: dict[str, str] = {}
        gone: list[str] = []
        seen: set[str] = set()
        skip = 0
        while True:
            try:
                answer = await self._get(f"{_repository(wiki)}/diffs/commits", _between(base, target, skip))
            except (NotFoundError, UpstreamRejectedError):
                return None  # if more than the commit is missing, the listing will say so
            with _understood():
                body = answer.json()
                if body.get("behindCount") or body.get("commonCommit", base) != base or _moves_folders(body):
                    return None
                changes = body["changes"]
                new = [change for change in changes if change["item"]["path"] not in seen]
                for change in new:
                    _sort_in(change, there, gone)
                    seen.add(change["item"]["path"])
            if body.get("allChangesIncluded") or not changes:
                return Difference(there, gone)
            if not new:  # it takes no notice of `$skip`: these were all, unless they were as many as it may give
                return Difference(there, gone) if len(changes) < _CHANGES_A_PAGE else None
            skip += len(changes)

    async def _get(self, path: str, params: Mapping[str, str] | None = None, version: str = "") -> RestResponse:
        asked = {**(params or {}), "api-version": version or self._version}
        with _scoped("Code" if path.startswith("/git") else "Wiki"):
            return await self._rest.get(f"{self._api}{path}", params=asked)


@contextmanager
def _understood() -> Iterator[None]:
    """What has another shape than the protocol's is no answer, whatever its status."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UpstreamUnavailableError("This is not how Azure DevOps answers: check the address.") from error


@contextmanager
def _scoped(scope: str) -> Iterator[None]:
    """Azure DevOps refuses a token that may do too little in the same words as a wrong one."""
    try:
        yield
    except UpstreamRejectedError as error:
        raise UpstreamRejectedError(f"{error} A personal access token needs the scope {scope} (read).") from error


def _page(answer: RestResponse) -> Page:
    with _understood():
        page = answer.json()
        return Page(page["path"], page.get("content"), answer.headers.get("ETag", "").removeprefix("W/").strip('"'))


def _commit_in(answer: Any) -> str:
    """Of the first in a list, or of what is alone."""
    with _understood():
        listed = answer.get("value")
        first = (listed[0] if listed else {}) if isinstance(listed, list) else answer
        return str(first.get("commitId") or (first.get("commit") or {}).get("commitId") or "")


def _kind(body: bytes) -> str:
    try:
        return str(orjson.loads(body)["typeKey"])
    except (ValueError, KeyError, TypeError):
        return ""


def _wiki(described: Mapping[str, Any], branch: str | None) -> Wiki:
    branches = tuple(version["version"] for version in described.get("versions") or ())
    wanted = branch if described.get("type") == "codeWiki" else None
    return Wiki(
        id=described["id"],
        name=described["name"],
        repository=described.get("repositoryId") or described["id"],
        root=described.get("mappedPath") or "/",
        branch=wanted or (branches[0] if branches else "wikiMain"),
        branches=branches,
        disabled=bool(described.get("isDisabled")),
    )


def _wiki_path(wiki_id: str) -> str:
    return f"/wiki/wikis/{quote(wiki_id, safe='')}"


def _repository(wiki: Wiki) -> str:
    return f"/git/repositories/{quote(wiki.repository, safe='')}"


def _at(kind: str, version: str) -> dict[str, str]:
    return {"versionDescriptor.versionType": kind, "versionDescriptor.version": version}


def _between(base: str, target: str, skip: int) -> dict[str, str]:
    return {
        "baseVersionType": "commit",
        "baseVersion": base,
        "targetVersionType": "commit",
        "targetVersion": target,
        "$top": str(_CHANGES_A_PAGE),
        "$skip": str(skip),
    }


def _is_folder(item: Mapping[str, Any]) -> bool:
    return bool(item.get("isFolder")) or item.get("gitObjectType") == "tree"


def _moves_folders(body: Mapping[str, Any]) -> bool:
    return any(_is_folder(one["item"]) and "rename" in one["changeType"].lower() for one in body["changes"])


def _sort_in(change: Mapping[str, Any], there: dict[str, str], gone: list[str]) -> None:
    """Kinds come alone and together: `edit`, `edit, rename`, `delete, sourceRename`."""
    item = change["item"]
    if _is_folder(item):
        return
    if "delete" in change["changeType"].lower():
        gone.append(item["path"])
        return
    there[item["path"]] = item.get("objectId", "")
    source = change.get("sourceServerItem") or change.get("originalPath")
    if source and source != item["path"]:
        gone.append(source)


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
