"""Documents in PostgreSQL."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Uuid, and_, any_, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession

from documentation_service.database.repositories.fences import refuse_fenced
from documentation_service.database.repositories.visibility import open_to
from documentation_service.database.tables import DocumentRow, SourceRow
from documentation_service.interfaces import DocumentQuery, DocumentRepositoryInterface, LiveDocument, ReadableDocument
from flash_core.errors import NotFoundError
from flash_core.models.document import Document
from flash_core.schemas.documentation import CurrentVersion, ResolvedDocument, StoredDocument
from flash_core.utils.ids import new_id

_SUMMARY = (
    DocumentRow.id,
    DocumentRow.source_id,
    DocumentRow.external_id,
    SourceRow.provider,
    DocumentRow.title,
    DocumentRow.path,
    DocumentRow.url,
    DocumentRow.groups,
    DocumentRow.content_hash,
    DocumentRow.updated_at,
    DocumentRow.source_version,
    SourceRow.checked_at,
)


class SqlDocumentRepository(DocumentRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def resolve(self, source_id: UUID, external_ids: Sequence[str]) -> list[ResolvedDocument]:
        if not await self._source_stays(source_id):
            raise NotFoundError("There is no such source.")
        rows = [{"id": new_id(), "source_id": source_id, "external_id": one} for one in sorted(set(external_ids))]
        if rows:
            await self._session.execute(insert(DocumentRow).values(rows).on_conflict_do_nothing())
        known = await self._resolved(
            select(DocumentRow).where(DocumentRow.source_id == source_id, DocumentRow.external_id.in_(external_ids))
        )
        by_external_id = {one.external_id: one for one in known}
        return [by_external_id[one] for one in external_ids]

    async def publish(self, document: Document, *, fence: int | None = None) -> bool:
        if not await self._changing([document.source_id], fence):
            return False
        published = await self._session.scalar(
            update(DocumentRow)
            .where(DocumentRow.id == document.id, DocumentRow.source_id == document.source_id)
            .values(
                title=document.title,
                path=list(document.path),
                url=document.url,
                text=document.text,
                groups=sorted(document.groups),
                content_hash=document.content_hash,
                updated_at=document.updated_at,
                source_version=document.source_version,
            )
            .returning(DocumentRow.id)
        )
        return published is not None

    async def visible(self, document_ids: Sequence[UUID], groups: frozenset[str]) -> list[LiveDocument]:
        # One array instead of a parameter an id: the same statement, however many there are, is prepared once.
        wanted = literal(list(document_ids), ARRAY(Uuid()))
        rows = await self._session.execute(_visible(groups).where(DocumentRow.id == any_(wanted)))
        return [_live(row) for row in rows]

    async def read(self, document_id: UUID, groups: frozenset[str]) -> tuple[LiveDocument, str] | None:
        statement = _visible(groups).add_columns(DocumentRow.text).where(DocumentRow.id == document_id)
        row = (await self._session.execute(statement)).one_or_none()
        return (_live(row), row[-1]) if row else None

    async def excerpt(self, document_id: UUID, content_hash: str, start: int, end: int) -> str | None:
        part = func.substr(DocumentRow.text, start + 1, end - start)
        of_version = (DocumentRow.id == document_id, DocumentRow.content_hash == content_hash)
        found: str | None = await self._session.scalar(select(part).where(*of_version))
        return found

    async def page(self, query: DocumentQuery) -> list[LiveDocument]:
        statement = _visible(query.groups).order_by(DocumentRow.id).limit(query.limit)
        if query.after is not None:
            statement = statement.where(DocumentRow.id > query.after)
        if query.source_id is not None:
            statement = statement.where(DocumentRow.source_id == query.source_id)
        if query.words:
            titled = DocumentRow.title.icontains(query.words, autoescape=True)
            statement = statement.where(or_(titled, DocumentRow.external_id.icontains(query.words, autoescape=True)))
        return [_live(row) for row in await self._session.execute(statement)]

    async def texts(
        self, groups: frozenset[str], after: UUID | None, limit: int, *, characters: int
    ) -> list[ReadableDocument]:
        beginning = func.left(DocumentRow.text, characters)
        for_everyone = and_(SourceRow.groups == [], DocumentRow.groups == [])
        statement = _visible(groups).add_columns(beginning, for_everyone).order_by(DocumentRow.id).limit(limit)
        if after is not None:
            statement = statement.where(DocumentRow.id > after)
        return [ReadableDocument(_live(row), row[-2], row[-1]) for row in await self._session.execute(statement)]

    async def searchable_of(self, source_id: UUID, *, after: str, limit: int) -> list[ResolvedDocument]:
        return await self._resolved(
            select(DocumentRow)
            .where(
                DocumentRow.source_id == source_id,
                DocumentRow.external_id > after,
                DocumentRow.content_hash.is_not(None),
            )
            .order_by(DocumentRow.external_id)
            .limit(limit)
        )

    async def regroup(
        self, source_id: UUID, groups: Mapping[str, frozenset[str]], *, fence: int | None = None
    ) -> list[UUID]:
        if not await self._changing([source_id], fence):
            return []
        changed: list[UUID] = []
        named: defaultdict[frozenset[str], list[str]] = defaultdict(list)
        for name, those in groups.items():
            named[those].append(name)
        for those, names in named.items():
            narrowed = (
                update(DocumentRow)
                .where(
                    DocumentRow.source_id == source_id,
                    DocumentRow.external_id.in_(names),
                    DocumentRow.groups != sorted(those),
                )
                .values(groups=sorted(those))
                .returning(DocumentRow.id)
            )
            changed += await self._session.scalars(narrowed)
        return changed

    async def groups_of(self, document_ids: Sequence[UUID]) -> dict[UUID, frozenset[str]]:
        found = select(DocumentRow.id, DocumentRow.groups).where(DocumentRow.id.in_(document_ids))
        return {key: frozenset(groups) for key, groups in await self._session.execute(found)}

    async def rename(self, source_id: UUID, renamed: Mapping[str, str], *, fence: int | None = None) -> int:
        if not await self._changing([source_id], fence):
            return 0
        here = DocumentRow.source_id == source_id
        count = 0
        for old, new in renamed.items():
            names = select(DocumentRow.external_id, DocumentRow.id, DocumentRow.content_hash).where(
                here, DocumentRow.external_id.in_([old, new])
            )
            found = {name: (key, content_hash) for name, key, content_hash in await self._session.execute(names)}
            (moved, _), (in_the_way, taken) = found.get(old, (None, None)), found.get(new, (None, None))
            if moved is None or taken is not None:
                continue
            await self._session.execute(delete(DocumentRow).where(DocumentRow.id == in_the_way))
            await self._session.execute(update(DocumentRow).where(DocumentRow.id == moved).values(external_id=new))
            count += 1
        return count

    async def stored(self, after: UUID | None, limit: int, *, characters: int) -> list[StoredDocument]:
        searchable = select(DocumentRow.id, func.char_length(DocumentRow.text)).join(SourceRow).where(*_SEARCHABLE)
        if after is not None:
            searchable = searchable.where(DocumentRow.id > after)
        lengths = await self._session.execute(searchable.order_by(DocumentRow.id).limit(limit))
        wanted = _beginning([(row[0], row[1]) for row in lengths], characters)
        rows: Any = await self._session.execute(
            select(*_SUMMARY, DocumentRow.text)
            .join(SourceRow, SourceRow.id == DocumentRow.source_id)
            .where(DocumentRow.id.in_(wanted), *_SEARCHABLE)
            .order_by(DocumentRow.id)
        )
        return [_stored(_live(row), row[-1]) for row in rows]

    async def current(self, document_ids: Sequence[UUID]) -> dict[UUID, CurrentVersion]:
        rows: Any = await self._session.execute(
            select(DocumentRow.id, DocumentRow.content_hash, DocumentRow.groups)
            .join(SourceRow)
            .where(DocumentRow.id.in_(document_ids), *_SEARCHABLE)
        )
        return {row[0]: CurrentVersion(content_hash=row[1], groups=row[2]) for row in rows}

    async def delete(self, document_ids: Sequence[UUID], *, fence: int | None = None) -> list[UUID]:
        of_them = select(DocumentRow.source_id).where(DocumentRow.id.in_(document_ids))
        await self._changing(list(await self._session.scalars(of_them.distinct())), fence)
        statement = delete(DocumentRow).where(DocumentRow.id.in_(document_ids)).returning(DocumentRow.id)
        return list(await self._session.scalars(statement))

    async def delete_of(self, source_id: UUID) -> int:
        statement = delete(DocumentRow).where(DocumentRow.source_id == source_id).returning(DocumentRow.content_hash)
        return sum(content_hash is not None for content_hash in await self._session.scalars(statement))

    async def _source_stays(self, source_id: UUID) -> bool:
        """Whether the source is there; if so it can't be deleted before this transaction ends."""
        alive = select(SourceRow.id).where(SourceRow.id == source_id, SourceRow.deleted_at.is_(None))
        return await self._session.scalar(alive.with_for_update(read=True)) is not None

    async def _changing(self, source_ids: Sequence[UUID], fence: int | None) -> bool:
        """Raise the versions of these sources, as far as they are not deleted; whether there were any.

        Before their documents are touched, and in the order of their ids: so two changes wait for each other and
        never each for the other.
        """
        alive = select(SourceRow.id, SourceRow.fence).where(
            SourceRow.id.in_(source_ids), SourceRow.deleted_at.is_(None)
        )
        rows = await self._session.execute(alive.order_by(SourceRow.id).with_for_update(key_share=True))
        locked = []
        for key, seen in rows:
            refuse_fenced(seen, fence)
            locked.append(key)
        if locked:
            grown = update(SourceRow).where(SourceRow.id.in_(locked)).values(version=SourceRow.version + 1)
            await self._session.execute(grown)
        return bool(locked)

    async def _resolved(self, statement: Select[Any]) -> list[ResolvedDocument]:
        rows = await self._session.execute(
            statement.with_only_columns(
                DocumentRow.external_id, DocumentRow.id, DocumentRow.content_hash, DocumentRow.source_version
            )
        )
        return [
            ResolvedDocument(external_id=row[0], document_id=row[1], content_hash=row[2], source_version=row[3])
            for row in rows
        ]


_SEARCHABLE = (DocumentRow.content_hash.is_not(None), SourceRow.deleted_at.is_(None))


def _beginning(lengths: Sequence[tuple[UUID, int]], characters: int) -> list[UUID]:
    """As many as have no more than so many characters together; the first in any case."""
    ends = accumulate(length for _, length in lengths)
    return [one for (one, length), end in zip(lengths, ends, strict=True) if end <= characters or end == length]


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


@lru_cache(maxsize=256)
def _visible(groups: frozenset[str]) -> Any:
    """Remembered: writing the statement takes longer than sending it."""
    return (
        select(*_SUMMARY)
        .join(SourceRow, SourceRow.id == DocumentRow.source_id)
        .where(
            DocumentRow.content_hash.is_not(None),
            SourceRow.deleted_at.is_(None),
            open_to(SourceRow.groups, groups),
            open_to(DocumentRow.groups, groups),
        )
    )


def _live(row: Row[Any]) -> LiveDocument:
    values = row._mapping  # noqa: SLF001  # SQLAlchemy's public name begins with an underscore
    return LiveDocument(
        id=values["id"],
        source_id=values["source_id"],
        external_id=values["external_id"],
        provider=values["provider"],
        title=values["title"],
        path=tuple(values["path"]),
        url=values["url"],
        groups=frozenset(values["groups"]),
        content_hash=values["content_hash"],
        updated_at=values["updated_at"],
        source_version=values["source_version"],
        checked_at=values["checked_at"],
    )
