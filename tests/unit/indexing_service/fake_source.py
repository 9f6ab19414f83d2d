"""A source in a dictionary."""

import hashlib
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from flash_core.errors import FieldError, InvalidInputError
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

_SECRET_SETTINGS = {"token"}


@dataclass
class FakeProvider(DocumentationProviderInterface, DocumentationSourceInterface):
    """Documents by name; an `Outcome` stands for one that can't be read. `error` is raised by listings and changes.

    `tells_renames`: names may change, as in a folder. `failing` says what is raised when a document is fetched;
    `missed` are listed and not there when they are. `hidden` are those that its permissions do not name.
    `remembers`: it can say what changed since a listing; then `renamed` holds what it knows of its renames.
    `calls` are those that a source would have to answer, in their order.
    """

    documents: dict[str, SourceDocument | Outcome] = field(default_factory=dict)
    complete: bool = True
    tells_renames: bool = True
    missed: set[str] = field(default_factory=set)
    remembers: bool = False
    restricted: dict[str, frozenset[str]] | None = None
    hidden: set[str] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)
    error: Exception | None = None
    failing: dict[str, Exception] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    opened_with: list[Access] = field(default_factory=list)
    states: list[dict[str, str]] = field(default_factory=list)

    @property
    def addresses(self) -> frozenset[str]:
        return frozenset({"url", "repository"})

    async def validated(self, access: Access) -> Access:
        wrong = [f"config.{name}" for name in access.config if name in {"bad"} | _SECRET_SETTINGS]
        wrong += [f"credentials.{name}" for name in set(access.credentials) - _SECRET_SETTINGS]
        if wrong:
            raise InvalidInputError("The configuration is wrong.", [FieldError(name, "No.") for name in wrong])
        return Access(dict(access.config), dict(access.credentials))

    @asynccontextmanager
    async def connect(self, access: Access) -> AsyncIterator[DocumentationSourceInterface]:
        self.opened_with.append(access)
        yield self

    async def check(self) -> Check:
        return Check(ok=True, detail="It can be read.", found={"documents": len(self.documents)})

    async def list(self, found: Found, known: Collection[str] = ()) -> Inventory:  # it leaves nothing out
        self._answer("list")
        items = [_item(at, *one) for at, one in enumerate(sorted(self._versions().items()))]
        found(len(items))
        cursor = self._remembered() if self.remembers else None
        return Inventory(items, self.complete, cursor, tells_renames=self.tells_renames)

    async def changes(self, cursor: str, found: Found) -> Changes | None:
        self._answer("changes")
        if not cursor.isdecimal() or int(cursor) >= len(self.states):
            return None
        before, now = self.states[int(cursor)], self._versions()
        renamed = {old: new for old, new in self.renamed.items() if old in before and new in now}
        changed = [name for name, version in sorted(now.items()) if before.get(name) != version]
        deleted = sorted(set(before) - set(now) - set(renamed))
        found(len(changed))
        return Changes(
            [_item(at, one, now[one]) for at, one in enumerate(changed)], deleted, self._remembered(), renamed
        )

    async def fetch(self, external_id: str) -> SourceDocument | Outcome:
        self._answer(f"fetch {external_id}")
        if external_id in self.failing:
            raise self.failing[external_id]
        found = None if external_id in self.missed else self.documents.get(external_id)
        return found or Outcome(ItemState.WITHDRAWN, "It is not there any more.")

    async def permissions(self) -> Mapping[str, frozenset[str]] | None:
        if self.restricted is None:
            return None
        named = self.documents.keys() - self.hidden
        return dict.fromkeys(named, frozenset[str]()) | dict(self.restricted)

    def _answer(self, call: str) -> None:
        self.calls.append(call)
        if self.error is not None and not call.startswith("fetch"):
            raise self.error

    def _versions(self) -> dict[str, str]:
        return {name: _version(one) for name, one in self.documents.items()}

    def _remembered(self) -> str:
        self.states.append(self._versions())
        return str(len(self.states) - 1)


def _version(document: SourceDocument | Outcome) -> str:
    content: Any = document.content if isinstance(document, SourceDocument) else document.reason
    return hashlib.sha256(repr(content).encode()).hexdigest()[:12]


def _item(at: int, name: str, version: str) -> Item:
    return Item(at, name, version=version)
