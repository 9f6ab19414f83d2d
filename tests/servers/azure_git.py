"""A repository as Azure DevOps shows it: commits that hold whole trees, and what differs between two."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Commit:
    id: str
    at: datetime
    files: Mapping[str, bytes]


def object_id(content: bytes) -> str:
    """As Git names a blob."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # noqa: S324  # Git's own choice


class Repository:
    """`moved` pairs what a commit renamed, as the product's rename detection would find it."""

    def __init__(self, branch: str) -> None:
        self.branch = branch
        self.commits: list[Commit] = []
        self._moved: dict[str, dict[str, str]] = {}
        self._made = 0
        self.commit({"/.order": b""})

    @property
    def head(self) -> Commit:
        return self.commits[-1]

    def at(self, commit_id: str) -> Commit | None:
        return next((commit for commit in self.commits if commit.id == commit_id), None)

    def commit(self, files: Mapping[str, bytes], moved: Mapping[str, str] | None = None) -> None:
        self._made += 1
        at = BEGIN + timedelta(hours=self._made)
        identity = hashlib.sha1(f"{at} {sorted(files)}".encode()).hexdigest()  # noqa: S324  # only a name
        self.commits.append(Commit(identity, at, dict(files)))
        self._moved[identity] = dict(moved or {})

    def force_push(self) -> None:
        """The history is written anew: the commits before are not known any more."""
        files = self.head.files
        self.commits.clear()
        self.commit(files)

    def changed_at(self, path: str) -> datetime:
        content = self.head.files[path]
        same = self.head
        for commit in reversed(self.commits):
            if commit.files.get(path) != content:
                break
            same = commit
        return same.at

    def changes(self, base: Commit, target: Commit) -> list[dict[str, Any]]:
        moved = self._moved_between(base, target)
        return [*self._folders(base, target), *_files(base, target, moved)]

    def _moved_between(self, base: Commit, target: Commit) -> dict[str, str]:
        """New paths by old ones."""
        first, last = self.commits.index(base), self.commits.index(target)
        moved: dict[str, str] = {}
        for commit in self.commits[first + 1 : last + 1]:
            step = self._moved[commit.id]
            moved = {old: step.get(new, new) for old, new in moved.items()} | {
                old: new for old, new in step.items() if old not in moved.values()
            }
        return {old: new for old, new in moved.items() if old in base.files and new in target.files}

    def _folders(self, base: Commit, target: Commit) -> Iterator[dict[str, Any]]:
        """Trees are among the changes as well."""
        for folder in sorted(folders(target.files) - folders(base.files)):
            yield {"item": {"gitObjectType": "tree", "path": folder, "isFolder": True}, "changeType": "add"}


def _files(base: Commit, target: Commit, moved: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for path in sorted({*base.files, *target.files}):
        before, after = base.files.get(path), target.files.get(path)
        if before == after:
            continue
        if after is None:
            kind = "delete, sourceRename" if path in moved else "delete"
            yield _change(path, kind, originalObjectId=object_id(before or b""))
            continue
        old = next((old for old, new in moved.items() if new == path), None)
        if old is None:
            yield _change(path, "add" if before is None else "edit", objectId=object_id(after))
        else:
            kind = "rename" if base.files[old] == after else "edit, rename"
            yield _change(path, kind, objectId=object_id(after)) | {"sourceServerItem": old}


def _change(path: str, kind: str, **item: str) -> dict[str, Any]:
    return {"item": {"gitObjectType": "blob", "path": path, **item}, "changeType": kind}


def folders(files: Mapping[str, bytes]) -> set[str]:
    found: set[str] = set()
    for path in files:
        parts = path.strip("/").split("/")[:-1]
        found |= {"/" + "/".join(parts[:end]) for end in range(1, len(parts) + 1)}
    return found
