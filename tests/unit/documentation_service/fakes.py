"""The documentation database, in memory."""

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Self
from uuid import UUID

from documentation_service.interfaces import (
    Alias,
    AliasRepositoryInterface,
    Calibration,
    CalibrationRepositoryInterface,
    Chore,
    ChoreKind,
    ChoreRepositoryInterface,
    ChoreRunnerInterface,
    DocumentationTransactionInterface,
    DocumentQuery,
    DocumentRepositoryInterface,
    Expansion,
    LiveCollection,
    LiveDocument,
    LiveIndexInterface,
    OutdatedCalibration,
    QueryExpanderInterface,
    ReadableDocument,
    SampledDocument,
    Source,
    SourceRepositoryInterface,
    SourceState,
)
from documentation_service.services.aliases import folded
from flash_core.errors import ConflictError, FencedError, NotFoundError
from flash_core.interfaces.embedding import EmbeddingModelsInterface, EmbeddingProviderInterface
from flash_core.models.document import Document
from flash_core.schemas.documentation import CurrentVersion, ResolvedDocument, StoredDocument
from flash_core.utils.ids import new_id


@dataclass
class _Row:
    id: UUID
    source_id: UUID
    external_id: str
    live: Document | None = None


@dataclass
class _State:
    sources: dict[UUID, Source] = field(default_factory=dict)
    deleted_sources: set[UUID] = field(default_factory=set)
    versions: Counter[UUID] = field(default_factory=Counter)
    checked: dict[UUID, datetime] = field(default_factory=dict)
    languages: dict[UUID, list[str]] = field(default_factory=dict)
    fences: Counter[UUID] = field(default_factory=Counter)
    documents: dict[UUID, _Row] = field(default_factory=dict)
    chores: dict[Chore, None] = field(default_factory=dict)
    aliases: dict[UUID, Alias] = field(default_factory=dict)
    alias_version: int = 0
    calibrations: dict[UUID, Calibration] = field(default_factory=dict)

    def refuse_fenced(self, source_id: UUID, fence: int | None) -> None:
        if fence is not None and fence < self.fences[source_id]:
            raise FencedError("Another worker has this source now.")

    def is_settled(self, source_id: UUID) -> bool:
        documents = [row.id for row in self.documents.values() if row.source_id == source_id]
        waiting = [Chore(ChoreKind.DOCUMENT_GROUPS, one) for one in documents]
        return not any(one in self.chores for one in (Chore(ChoreKind.SOURCE_GROUPS, source_id), *waiting))


@dataclass
class FakeDatabase:
    """What was committed."""

    state: _State = field(default_factory=_State)
    commits: int = 0

    def transaction(self) -> "FakeTransaction":
        return FakeTransaction(self)


class FakeTransaction(DocumentationTransactionInterface):
    def __init__(self, database: FakeDatabase) -> None:
        self._database = database

    async def __aenter__(self) -> Self:
        self._state = copy.deepcopy(self._database.state)
        self.sources = FakeSources(self._state)
        self.documents = FakeDocuments(self._state)
        self.chores = FakeChores(self._state)
        self.aliases = FakeAliases(self._state)
        self.calibrations = FakeCalibrations(self._state)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def commit(self) -> None:
        self._database.state = copy.deepcopy(self._state)
        self._database.commits += 1


class FakeSources(SourceRepositoryInterface):
    def __init__(self, state: _State) -> None:
        self._state = state

    async def get(self, source_id: UUID) -> Source | None:
        return self._state.sources.get(source_id)

    async def put(self, source: Source, *, fence: int | None = None) -> Source | None:
        if source.id in self._state.deleted_sources:
            raise ConflictError("This source was deleted.")
        self._state.refuse_fenced(source.id, fence)
        self._state.fences[source.id] = self._state.fences[source.id] if fence is None else fence
        before = self._state.sources.get(source.id)
        self._state.sources[source.id] = source
        self._state.versions[source.id] += source != before
        return before

    async def delete(self, source_id: UUID) -> bool:
        if self._state.sources.pop(source_id, None) is None:
            return False
        self._state.deleted_sources.add(source_id)
        return True

    async def checked(self, source_id: UUID, at: datetime) -> None:
        if source_id in self._state.sources:
            self._state.checked[source_id] = max(self._state.checked.get(source_id, at), at)

    async def add_language(self, source_id: UUID, language: str) -> None:
        spoken = self._state.languages.setdefault(source_id, [])
        if language not in spoken:
            spoken.append(language)

    async def touch(self) -> None:
        self._state.versions.update(list(self._state.sources))

    async def states(self, groups: frozenset[str]) -> list[SourceState]:
        return [
            SourceState(
                source.id,
                source.name,
                self._state.versions[source.id],
                self._state.is_settled(source.id),
                known.calibrated_at if (known := self._state.calibrations.get(source.id)) else None,
                self._state.checked.get(source.id),
                list(self._state.languages.get(source.id, [])),
            )
            for source in sorted(self._state.sources.values(), key=lambda source: source.id)
            if _open(source.groups, groups)
        ]


class FakeDocuments(DocumentRepositoryInterface):
    def __init__(self, state: _State) -> None:
        self._state = state

    async def resolve(self, source_id: UUID, external_ids: Sequence[str]) -> list[ResolvedDocument]:
        if source_id not in self._state.sources:
            raise NotFoundError("There is no such source.")
        return [_resolved(self._place(source_id, one)) for one in external_ids]

    def _place(self, source_id: UUID, external_id: str) -> _Row:
        for row in self._state.documents.values():
            if (row.source_id, row.external_id) == (source_id, external_id):
                return row
        row = _Row(new_id(), source_id, external_id)
        self._state.documents[row.id] = row
        return row

    async def publish(self, document: Document, *, fence: int | None = None) -> bool:
        self._state.refuse_fenced(document.source_id, fence)
        row = self._state.documents.get(document.id)
        if row is None or row.source_id != document.source_id or row.source_id not in self._state.sources:
            return False
        row.live = replace(document, external_id=row.external_id)
        self._state.versions[row.source_id] += 1
        return True

    async def visible(self, document_ids: Sequence[UUID], groups: frozenset[str]) -> list[LiveDocument]:
        return [live for live, _ in self._open_to(groups) if live.id in document_ids]

    async def read(self, document_id: UUID, groups: frozenset[str]) -> tuple[LiveDocument, str] | None:
        return next((found for found in self._open_to(groups) if found[0].id == document_id), None)

    async def excerpt(self, document_id: UUID, content_hash: str, start: int, end: int) -> str | None:
        row = self._state.documents.get(document_id)
        return row.live.text[start:end] if row and row.live and row.live.content_hash == content_hash else None

    async def page(self, query: DocumentQuery) -> list[LiveDocument]:
        found = sorted((live for live, _ in self._open_to(query.groups)), key=lambda live: live.id)
        return [live for live in found if _asked_for(live, query)][: query.limit]

    async def texts(
        self, groups: frozenset[str], after: UUID | None, limit: int, *, characters: int
    ) -> list[ReadableDocument]:
        everyones = {live.id for live, _ in self._open_to(frozenset())}
        found = sorted(self._open_to(groups), key=lambda one: one[0].id)
        return [
            ReadableDocument(live, text[:characters], live.id in everyones)
            for live, text in found
            if after is None or live.id > after
        ][:limit]

    async def searchable_of(self, source_id: UUID, *, after: str, limit: int) -> list[ResolvedDocument]:
        rows = [row for row in self._state.documents.values() if row.source_id == source_id and row.live]
        return [_resolved(row) for row in sorted(rows, key=lambda row: row.external_id) if row.external_id > after][
            :limit
        ]

    async def regroup(
        self, source_id: UUID, groups: Mapping[str, frozenset[str]], *, fence: int | None = None
    ) -> list[UUID]:
        self._state.refuse_fenced(source_id, fence)
        changed = [
            row
            for row in self._state.documents.values()
            if row.source_id == source_id
            and row.live
            and row.live.groups != groups.get(row.external_id, row.live.groups)
        ]
        for row in changed:
            row.live = replace(row.live, groups=groups[row.external_id]) if row.live else None
        self._state.versions[source_id] += 1
        return [row.id for row in changed]

    async def groups_of(self, document_ids: Sequence[UUID]) -> dict[UUID, frozenset[str]]:
        return {live.id: live.groups for live, _ in self._searchable() if live.id in document_ids}

    async def rename(self, source_id: UUID, renamed: Mapping[str, str], *, fence: int | None = None) -> int:
        self._state.refuse_fenced(source_id, fence)
        count = 0
        for old, new in renamed.items():
            rows = {row.external_id: row for row in self._state.documents.values() if row.source_id == source_id}
            row, other = rows.get(old), rows.get(new)
            if row is None or source_id not in self._state.sources or (other and other.live):
                continue
            if other:
                del self._state.documents[other.id]
            row.external_id = new
            row.live = replace(row.live, external_id=new) if row.live else None
            count += 1
        self._state.versions[source_id] += 1
        return count

    async def stored(self, after: UUID | None, limit: int, *, characters: int) -> list[StoredDocument]:
        found: list[StoredDocument] = []
        for live, text in sorted(self._searchable(), key=lambda one: one[0].id):
            full = len(found) == limit or (found and sum(len(one.text) for one in found) + len(text) > characters)
            if (after is None or live.id > after) and not full:
                found.append(_stored(live, text))
            elif full:
                break
        return found

    async def current(self, document_ids: Sequence[UUID]) -> dict[UUID, CurrentVersion]:
        return {
            live.id: CurrentVersion(content_hash=live.content_hash, groups=sorted(live.groups))
            for live, _ in self._searchable()
            if live.id in document_ids
        }

    async def delete(self, document_ids: Sequence[UUID], *, fence: int | None = None) -> list[UUID]:
        for one in document_ids:
            if one in self._state.documents:
                self._state.refuse_fenced(self._state.documents[one].source_id, fence)
        gone = [row for one in document_ids if (row := self._state.documents.pop(one, None))]
        self._state.versions.update({row.source_id for row in gone})
        return [row.id for row in gone]

    async def delete_of(self, source_id: UUID) -> int:
        rows = [row for row in self._state.documents.values() if row.source_id == source_id]
        for row in rows:
            del self._state.documents[row.id]
        return sum(row.live is not None for row in rows)

    def _searchable(self) -> list[tuple[LiveDocument, str]]:
        return [
            (_live(row.live, source, self._state.checked.get(source.id)), row.live.text)
            for row in self._state.documents.values()
            if row.live and (source := self._state.sources.get(row.source_id))
        ]

    def _open_to(self, groups: frozenset[str]) -> list[tuple[LiveDocument, str]]:
        return [
            (live, text)
            for live, text in self._searchable()
            if _open(self._state.sources[live.source_id].groups, groups) and _open(live.groups, groups)
        ]


class FakeChores(ChoreRepositoryInterface):
    def __init__(self, state: _State) -> None:
        self._state = state

    async def add(self, chores: Sequence[Chore]) -> None:
        self._state.chores |= dict.fromkeys(chores)

    async def due(self, limit: int) -> list[Chore]:
        return list(self._state.chores)[:limit]

    async def take(self, chores: Sequence[Chore]) -> list[Chore]:
        taken = [chore for chore in sorted(chores) if chore in self._state.chores]
        for chore in taken:
            del self._state.chores[chore]
        return taken


class FakeAliases(AliasRepositoryInterface):
    def __init__(self, state: _State) -> None:
        self._state = state

    async def version(self) -> int:
        return self._state.alias_version

    async def every(self) -> list[Alias]:
        return sorted(self._state.aliases.values(), key=lambda alias: alias.id)

    async def page(self, after: UUID | None, limit: int) -> list[Alias]:
        return [alias for alias in await self.every() if after is None or alias.id > after][:limit]

    async def get(self, alias_id: UUID) -> Alias | None:
        return self._state.aliases.get(alias_id)

    async def of_term(self, term: str) -> Alias | None:
        return next((alias for alias in await self.every() if folded(alias.term) == folded(term)), None)

    async def count(self) -> int:
        return len(self._state.aliases)

    async def begin_change(self) -> None:
        self._state.alias_version += 1

    async def put(self, alias: Alias) -> None:
        self._state.aliases[alias.id] = alias

    async def delete(self, alias_id: UUID) -> bool:
        return self._state.aliases.pop(alias_id, None) is not None


@dataclass
class FakeQueryExpander(QueryExpanderInterface):
    """Knows these expansions; every other query stays as it is."""

    known: dict[str, Expansion] = field(default_factory=dict)

    async def expand(self, query: str, language: str) -> Expansion:
        return self.known.get(query, Expansion(query))


@dataclass
class FakeChoreRunner(ChoreRunnerInterface):
    attempted: list[Chore] = field(default_factory=list)

    async def attempt(self, chores: Sequence[Chore]) -> None:
        self.attempted += chores


def _open(wanted: frozenset[str], groups: frozenset[str]) -> bool:
    return not wanted or bool(wanted & groups)


def _asked_for(live: LiveDocument, query: DocumentQuery) -> bool:
    words = (query.words or "").lower()
    return (
        (query.after is None or live.id > query.after)
        and (query.source_id is None or live.source_id == query.source_id)
        and (words in live.title.lower() or words in live.external_id.lower())
    )


def _resolved(row: _Row) -> ResolvedDocument:
    content_hash = row.live.content_hash if row.live else None
    return ResolvedDocument(
        external_id=row.external_id,
        document_id=row.id,
        content_hash=content_hash,
        source_version=row.live.source_version if row.live else "",
    )


def _live(document: Document, source: Source, checked_at: datetime | None) -> LiveDocument:
    return LiveDocument(
        id=document.id,
        source_id=document.source_id,
        external_id=document.external_id,
        provider=source.provider,
        title=document.title,
        path=document.path,
        url=document.url,
        groups=document.groups,
        content_hash=document.content_hash,
        updated_at=document.updated_at,
        source_version=document.source_version,
        checked_at=checked_at,
    )


def _stored(live: LiveDocument, text: str) -> StoredDocument:
    return StoredDocument(
        document_id=live.id,
        source_id=live.source_id,
        external_id=live.external_id,
        title=live.title,
        path=list(live.path),
        url=live.url,
        text=text,
        groups=sorted(live.groups),
        content_hash=live.content_hash,
        updated_at=live.updated_at,
    )


class FakeCalibrations(CalibrationRepositoryInterface):
    def __init__(self, state: _State) -> None:
        self._state = state

    async def outdated(self, before: datetime) -> list[OutdatedCalibration]:
        known = self._state.calibrations
        return [
            OutdatedCalibration(
                one,
                self._state.versions[one],
                is_old=one in known and known[one].calibrated_at < before,
                is_first=one not in known or not known[one].passages,
            )
            for one in sorted(self._state.sources)
            if one not in known or known[one].source_version != self._state.versions[one]
        ]

    async def sample(self, source_id: UUID, limit: int) -> list[SampledDocument]:
        groups = self._state.sources[source_id].groups
        rows = [row.live for row in self._state.documents.values() if row.source_id == source_id and row.live]
        return [SampledDocument(one.title, one.text, one.groups | groups, bool(one.groups)) for one in rows][:limit]

    async def put(self, calibration: Calibration) -> None:
        known = self._state.calibrations.get(calibration.source_id)
        if known is None or known.source_version <= calibration.source_version:
            self._state.calibrations[calibration.source_id] = calibration

    async def stamps(self) -> dict[UUID, datetime]:
        known = self._state.calibrations.items()
        return {source_id: one.calibrated_at for source_id, one in known if source_id in self._state.sources}

    async def get(self, source_ids: Sequence[UUID]) -> list[Calibration]:
        return [one for source_id, one in self._state.calibrations.items() if source_id in source_ids]


@dataclass
class FakeLiveIndex(LiveIndexInterface):
    """Always the same collection."""

    models: EmbeddingModelsInterface
    live: LiveCollection | None

    async def current(self) -> LiveCollection | None:
        return self.live

    async def embeddings(self, collection: LiveCollection | None) -> EmbeddingProviderInterface:
        return self.models.named(collection.model if collection else (await self.models.models())[0].name)
