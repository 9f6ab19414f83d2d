"""Who may read a page, as groups of AskFlash.

In Confluence the restrictions of a page and of everything that it lies in hold together; one that names nobody does not
restrict. A document's groups in AskFlash mean "any of them": so a page gets those that pass every restriction on the
way. Somebody who passes them as a member of different groups is left out rather than let in.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Final

import structlog

from flash_core.errors import NotFoundError, UpstreamRejectedError
from flash_core.models.document import NOBODY
from indexing_service.providers.confluence.cursors import Row, member
from indexing_service.providers.confluence.readers import EXPANDED
from indexing_service.providers.confluence.recent import Recent
from indexing_service.providers.confluence.site import Lineage, Page, Site

log = structlog.get_logger(__name__)

_READERS_A_CALL: Final = 200
_MOST_CALLS: Final = 50
_PROBED: Final = 3
_SAMPLED: Final = 300
_MOST_SINGLE: Final = 300
"""Pages that a batch does not hold, being new, are asked for one by one; more than so many are closed instead."""


@dataclass(frozen=True, slots=True)
class Restriction:
    """Of one page by itself. `groups` None: it does not restrict; empty: nobody that AskFlash knows may read it.
    `known` False: Confluence does not say.
    """

    groups: frozenset[str] | None = None
    known: bool = True


_UNSAID: Final = (
    "Confluence does not tell this account who may read its pages, so nobody sees them here: let it see restrictions "
    "(`read:content.restriction:confluence`, or the permission to view the space), or ask for this interface to be let "
    "through: `content/<id>/restriction/byOperation/read`."
)
OPEN: Final = Restriction()
CLOSED: Final = Restriction(frozenset(), known=False)


def together(levels: Iterable[Restriction]) -> frozenset[str]:
    """The groups of a document under all these restrictions; empty: none of them restricts."""
    restricting = [level.groups for level in levels if level.groups is not None]
    if not restricting:
        return frozenset()
    return frozenset.intersection(*restricting) or frozenset({NOBODY})


class Readers:
    """Confluence's groups and users as groups of AskFlash, by `group_map`: names of groups and e-mail addresses."""

    def __init__(self, group_map: Mapping[str, str]) -> None:
        self._map = {name.casefold(): group for name, group in group_map.items()}

    def groups_of(self, users: Sequence[Row], groups: Sequence[Row]) -> frozenset[str]:
        names = [str(group.get("name") or "") for group in groups] + [_email(user) for user in users]
        return frozenset(self._map[name.casefold()] for name in names if name.casefold() in self._map)


def _email(user: Row) -> str:
    """Data Center gives no addresses, but with many the user name is one. Other names may be those of groups."""
    return next((str(user[name]) for name in ("email", "username") if "@" in str(user.get(name) or "")), "")


class Restrictions:
    def __init__(self, site: Site, readers: Readers, recent: Recent[Restriction]) -> None:
        self._site = site
        self._readers = readers
        self._recent = recent

    async def groups_of(self, page: Page, lineage: Lineage) -> frozenset[str]:
        """The page's own restriction is asked for, those above it were perhaps asked for a moment ago."""
        levels = [await self._one(page.id), *[await self._remembered(above.id) for above in lineage.ancestors]]
        return together([*levels, OPEN if lineage.whole else CLOSED])

    async def problem(self, pages: Iterable[str]) -> str:
        """Why nobody would see any page; "" as soon as Confluence says of one who may read it."""
        asked = list(islice(pages, _PROBED))
        for name in asked:
            if (await self._one(name)).known:
                return ""
        return _UNSAID if asked else ""

    async def sample(self, cql: str) -> Mapping[str, int]:
        """Of the first pages how many are `restricted` by themselves, and how many of these to nobody that AskFlash
        knows.
        """
        restricted = unmapped = seen = 0
        async for row in self._site.search(cql, EXPANDED):
            seen += 1
            part = _Part.of(member(row, "restrictions", "read"))
            if part is not None and (part.users or part.groups):
                restricted += 1
                unmapped += not self._readers.groups_of(part.users, part.groups)
            if seen >= _SAMPLED:
                break
        return {"restricted": restricted, "seen_by_nobody": unmapped}

    async def of_all(self, pages: Mapping[str, Lineage], cql: str) -> dict[str, frozenset[str]]:
        """The groups of each page, none where nothing restricts it; `cql` finds them all, as far as the search's index
        is up to date.

        Takes a request for every hundred pages, and one for each page, folder or long list of readers beside them.
        """
        own = await self._batch(cql)
        needed = {above.id: None for lineage in pages.values() for above in lineage.ancestors} | dict.fromkeys(pages)
        missing = [name for name in needed if name not in own]
        for name in missing[:_MOST_SINGLE]:
            own[name] = await self._one(name)
        if len(missing) > _MOST_SINGLE:
            log.warning("confluence.restrictions_unknown", pages=len(missing) - _MOST_SINGLE)
        return {
            name: together(
                [
                    OPEN if lineage.whole else CLOSED,
                    own.get(name, CLOSED),
                    *[own.get(above.id, CLOSED) for above in lineage.ancestors],
                ]
            )
            for name, lineage in pages.items()
        }

    async def _batch(self, cql: str) -> dict[str, Restriction]:
        own: dict[str, Restriction] = {}
        with suppress(NotFoundError):  # where nothing can be searched, pages are asked for one by one
            async for row in self._site.search(cql, EXPANDED):
                part = _Part.of(member(row, "restrictions", "read"))
                name = str(row.get("id"))
                if part is not None:
                    own[name] = await self._one(name) if part.more else self._restriction(part.users, part.groups)
        return own

    async def _remembered(self, name: str) -> Restriction:
        restriction = self._recent.get(name)
        if restriction is None:
            restriction = await self._one(name)
            self._recent.put(name, restriction)
        return restriction

    async def _one(self, name: str) -> Restriction:
        """Closed where it can't be read: unknown means no."""
        users: list[Row] = []
        groups: list[Row] = []
        start = 0
        for _ in range(_MOST_CALLS):
            try:
                part = _Part.of(await self._site.restriction(name, start, _READERS_A_CALL))
            except (NotFoundError, UpstreamRejectedError):
                return CLOSED
            if part is None:
                return CLOSED
            users += part.users
            groups += part.groups
            if not part.more or not part.step:
                break
            start += part.step
        return self._restriction(users, groups)

    def _restriction(self, users: Sequence[Row], groups: Sequence[Row]) -> Restriction:
        return Restriction(self._readers.groups_of(users, groups)) if users or groups else OPEN


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the users and groups that a restriction names; `more`: there are others behind it."""

    users: Sequence[Row]
    groups: Sequence[Row]
    more: bool

    @property
    def step(self) -> int:
        """Both lists are paged by the same number: none may be passed over."""
        return min([len(rows) for rows in (self.users, self.groups) if rows], default=0)

    @classmethod
    def of(cls, read: object) -> "_Part | None":
        """None where it does not say who may read: one list alone is believed only if it names somebody."""
        lists = [member(read, "restrictions", kind) for kind in ("user", "group")] if isinstance(read, dict) else []
        rows = [_rows(one) for one in lists]
        if None in rows and not any(rows):
            return None
        return cls(rows[0] or [], rows[1] or [], any(map(_goes_on, lists))) if rows else None


def _rows(listed: object) -> list[Row] | None:
    rows = listed.get("results") if isinstance(listed, dict) else listed
    return rows if isinstance(rows, list) and all(isinstance(row, dict) for row in rows) else None


def _goes_on(listed: object) -> bool:
    if not isinstance(listed, dict):
        return False
    limit = listed.get("limit")
    full = isinstance(limit, int) and 0 < limit <= len(listed["results"])
    return full or bool(member(listed, "_links", "next"))
