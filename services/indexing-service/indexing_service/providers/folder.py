"""A folder of this machine as a source: its documents, its folders as their path."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from flash_core.errors import FieldError, InvalidInputError, UpstreamRejectedError
from indexing_service.interfaces import Item, ItemState, Outcome, SourceDocument
from indexing_service.interfaces.providers import (
    Access,
    Changes,
    Check,
    DocumentationProviderInterface,
    DocumentationSourceInterface,
    Found,
    Inventory,
)
from indexing_service.services import files
from indexing_service.services.patterns import matches

_KNOWN: Final = {"path", "include", "exclude"}


@dataclass(frozen=True, slots=True)
class _Entry:
    """`refusal`: why it is not read. `folder`: a folder that could not be looked into."""

    name: str
    version: str = ""
    refusal: str = ""
    folder: bool = False


class FolderProvider(DocumentationProviderInterface):
    @property
    def addresses(self) -> frozenset[str]:
        return frozenset()

    async def validated(self, access: Access) -> Access:
        config = access.config
        errors = [FieldError(f"config.{name}", "There is no such setting.") for name in sorted(set(config) - _KNOWN)]
        errors += [FieldError(f"credentials.{name}", "A folder needs none.") for name in sorted(access.credentials)]
        checked: dict[str, Any] = {}
        for name in ("include", "exclude"):
            if config.get(name) is not None:
                checked[name] = config[name]
                errors += files.pattern_errors(f"config.{name}", config[name])
        problem = await asyncio.to_thread(_folder_problem, config.get("path"))
        if problem:
            errors.insert(0, FieldError("config.path", problem))
        if errors:
            raise InvalidInputError(errors[0].message, errors)
        return Access({"path": str(config["path"]), **checked})

    @asynccontextmanager
    async def connect(self, access: Access) -> AsyncIterator[DocumentationSourceInterface]:
        yield FolderSource(access.config)


class FolderSource(DocumentationSourceInterface):
    """Hidden files and folders are left out; links are followed only to what lies within the folder."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config

    async def check(self) -> Check:
        problem = await asyncio.to_thread(_folder_problem, self._config.get("path"))
        if problem:
            return Check(ok=False, detail=problem)
        inventory = await asyncio.to_thread(_inventory, self._config)
        documents = sum(item.state is ItemState.PENDING for item in inventory.items)
        found = {"documents": documents, "skipped": len(inventory.items) - documents}
        detail = "The folder can be read." if inventory.complete else "Some folders in it can't be read."
        return Check(ok=inventory.complete, detail=detail, found=found)

    async def list(self, found: Found, known: Collection[str] = ()) -> Inventory:  # noqa: ARG002  # its listings leave nothing out
        inventory = await asyncio.to_thread(_inventory, self._config)
        found(len(inventory.items))
        return inventory

    async def changes(self, cursor: str, found: Found) -> Changes | None:  # noqa: ARG002  # a folder remembers nothing
        return None

    async def fetch(self, external_id: str) -> SourceDocument | Outcome:
        return await asyncio.to_thread(_fetched, Path(self._config["path"]), external_id)

    async def permissions(self) -> Mapping[str, frozenset[str]] | None:
        """A machine's accounts are not the readers' groups."""
        return None


def _folder_problem(path: object) -> str:
    """What is wrong with the folder, "" if nothing."""
    if not isinstance(path, str) or not path.strip() or "\x00" in path:
        return "The path of a folder is needed."
    folder = Path(path)
    if not folder.is_absolute():
        return "The path must be absolute: the service runs in a folder of its own."
    try:
        if not stat.S_ISDIR(folder.stat().st_mode):
            return "This is not a folder."
        with os.scandir(folder):
            return ""
    except FileNotFoundError:
        return "There is no such folder on the machine that the indexing service runs on."
    except OSError as error:
        return f"The folder can't be read ({error.strerror})."


def _inventory(config: Mapping[str, Any]) -> Inventory:
    problem = _folder_problem(config.get("path"))
    if problem:
        raise UpstreamRejectedError(problem)
    entries = sorted(_walk(Path(config["path"]), config), key=lambda entry: entry.name)
    items = [_item(ordinal, entry) for ordinal, entry in enumerate(entries)]
    return Inventory(items, complete=not any(entry.folder for entry in entries), tells_renames=True)


def _item(ordinal: int, entry: _Entry) -> Item:
    name = files.storable(entry.name)
    if entry.folder:
        return Item(ordinal, f"{name}/", ItemState.FAILED, entry.refusal)
    state = ItemState.WITHDRAWN if entry.refusal else ItemState.PENDING
    return Item(ordinal, name, state, entry.refusal, version=entry.version)


def _walk(root: Path, config: Mapping[str, Any]) -> Iterator[_Entry]:
    include: Sequence[str] = config.get("include") or files.DEFAULT_INCLUDE
    exclude: Sequence[str] = config.get("exclude") or ()
    real_root = os.path.realpath(root)
    seen: set[str] = set()
    folders = [""]
    while folders:
        folder = folders.pop()
        here = os.path.realpath(root / folder)
        if here in seen:
            continue
        seen.add(here)
        try:
            entries = list(os.scandir(root / folder))
        except OSError as error:
            yield _Entry(folder, refusal=f"This folder can't be read ({error.strerror}).", folder=True)
            continue
        for entry in entries:
            name = f"{folder}/{entry.name}".lstrip("/")
            if entry.name.startswith(".") or matches(name, exclude) or not _within(entry, real_root):
                continue
            if entry.is_dir():
                folders.append(name)
            elif entry.is_file() and matches(name, include):
                yield _described(entry, name)


def _within(entry: "os.DirEntry[str]", real_root: str) -> bool:
    """A link that leads out of the folder would publish what nobody chose."""
    return not entry.is_symlink() or Path(os.path.realpath(entry.path)).is_relative_to(real_root)


def _described(entry: "os.DirEntry[str]", name: str) -> _Entry:
    size, version = 0, ""
    with suppress(OSError):  # reading it will say what is wrong
        about = entry.stat()
        size, version = about.st_size, f"{about.st_mtime_ns}-{about.st_size}-{about.st_ino}"
    return _Entry(name, version, files.refusal(name, size))


def _fetched(root: Path, external_id: str) -> SourceDocument | Outcome:
    file = root / external_id
    try:
        content, modified = file.read_bytes(), file.stat().st_mtime
    except FileNotFoundError:
        return Outcome(ItemState.WITHDRAWN, "It is not there any more.")
    except OSError as error:
        return Outcome(ItemState.SKIPPED, f"It can't be read ({error.strerror}).")
    *folders, _ = external_id.split("/")
    return SourceDocument(
        external_id=external_id,
        content=content,
        format=files.format_of(external_id),
        path=tuple(folders),
        modified_at=datetime.fromtimestamp(modified, UTC),
    )
