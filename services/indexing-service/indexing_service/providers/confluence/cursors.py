"""How a listing goes on, and where the changes after it begin."""

import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate, pairwise
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlsplit

from flash_core.errors import UpstreamRejectedError, UpstreamUnavailableError
from indexing_service.providers.rest import RestClient

Row = Mapping[str, Any]

_NEXT_LINK = re.compile(r'<([^>]*)>\s*;[^,<]*\brel="?next"?', re.IGNORECASE)
_OVERLAP_SHARE: Final = 10
_MOST_OVERLAP: Final = 10
_FEWEST: Final = 25
"""No Confluence caps a listing at fewer rows."""


class ListingCutError(UpstreamUnavailableError):
    """A listing does not come to its end: what came so far is not all there is."""


async def by_cursor(rest: RestClient, path: str, params: Mapping[str, str]) -> AsyncIterator[Row]:
    """All rows of a listing that goes on by an opaque cursor. Only the cursor of the next address is used, so that no
    answer can lead anywhere else. Raises `ListingCutError`.
    """
    used: set[str] = set()
    following: Mapping[str, str] = {}
    while True:
        response = await rest.get(path, params={**params, **following})
        body = object_of(response.json())
        for row in rows_of(body):
            yield row
        after = next_params(response.headers.get("link"), body)
        if after is None:
            return
        place = json.dumps(after, sort_keys=True)
        if not after or place in used:
            raise ListingCutError("Confluence sends a listing round in a circle: some of its pages may be missing.")
        used.add(place)
        following = after


async def by_offset(rest: RestClient, path: str, params: Mapping[str, str]) -> AsyncIterator[Row]:
    """All rows of a listing that goes on by `start`, each once. Raises `ListingCutError`.

    Data Center caps how many rows it gives, and leaves out those that the account may not see, while the next address
    counts on from what was asked for: only the rows that came say where to go on, and only a page with nothing new that
    names no next one is the end. Steps overlap, because what is deleted meanwhile moves the rest forward.
    """
    seen: set[str] = set()
    before: list[str] = []
    start, widest = 0, _FEWEST
    while True:
        response = await rest.get(path, params={**params, "start": str(start)})
        body = object_of(response.json())
        rows = {_id(row): row for row in rows_of(body)}
        after = next_params(response.headers.get("link"), body)
        new = [name for name in rows if name not in seen]
        for name in new:
            yield rows[name]
        if not new and after is None:
            return
        if rows and list(rows) == before:
            raise ListingCutError("Confluence gives the same part of a listing again: some pages may be missing.")
        seen.update(new)
        before = list(rows)
        widest = max(widest, len(rows))
        start += len(rows) - min(len(rows) // _OVERLAP_SHARE, _MOST_OVERLAP) or min(widest, _ahead(after, start))


def _ahead(after: Mapping[str, str] | None, start: int) -> int:
    """How far the next part lies ahead of one in which nothing may be seen."""
    following = (after or {}).get("start", "")
    if not following.isdecimal() or int(following) <= start:
        raise ListingCutError("Confluence gives an empty part of a listing and does not say how it goes on.")
    return int(following) - start


def next_params(link: str | None, body: Row) -> dict[str, str] | None:
    """Where a listing goes on: `cursor` or `start` of the next address, from the header `Link` or `_links.next`.

    The latter is seen absolute, relative with and without `/wiki`, as an object, null, and not at all. None: this was
    the end. Empty: it goes on, but does not say where.
    """
    header = _NEXT_LINK.search(link or "")
    address = header[1] if header else _address(body.get("_links"))
    if not address:
        return None
    query = dict(parse_qsl(urlsplit(address).query))
    return {name: query[name] for name in ("cursor", "start") if query.get(name)}


def _address(links: object) -> str:
    following = links.get("next") if isinstance(links, dict) else None
    if isinstance(following, dict):
        following = following.get("href") or following.get("url")
    return following if isinstance(following, str) else ""


def member(row: Row, *names: str) -> Any:
    """`row[a][b]…`, None where something is missing on the way."""
    found: Any = row
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def object_of(answer: object) -> Row:
    if isinstance(answer, dict):
        return answer
    raise UpstreamRejectedError("This does not answer as Confluence does: check the address.")


def _id(row: Row) -> str:
    """A search of everything has contents in its rows."""
    return str(member(row, "content", "id") or row.get("id"))


def rows_of(body: Row) -> list[Row]:
    rows = body.get("results")
    if isinstance(rows, list):
        return [row for row in rows if isinstance(row, dict)]
    raise UpstreamRejectedError("This does not answer as Confluence does: check the address.")


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where the next changes begin.

    `scope`: what the source is set to; another setting asks for a listing. `seen`: the versions already told of pages
    that the next look will find again, because the windows overlap. `pages`: those that there were.
    """

    scope: str
    since: datetime
    seen: Mapping[str, int] = field(default_factory=dict)
    pages: frozenset[str] = frozenset()

    def text(self) -> str:
        kept = {
            "scope": self.scope,
            "since": self.since.isoformat(),
            "seen": dict(self.seen),
            "pages": _packed(self.pages),
        }
        return json.dumps(kept, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """None when it was not written by `text`."""
        try:
            kept = json.loads(text)
            since = datetime.fromisoformat(kept["since"])
            seen = {str(name): int(number) for name, number in kept["seen"].items()}
            mark = cls(str(kept["scope"]), since, seen, _unpacked(kept["pages"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        return mark if since.tzinfo else None


def _packed(ids: Iterable[str]) -> str:
    """Numbers by how far each is from the one before: in half the room, as there may be many."""
    numbers = sorted(map(int, ids))
    return " ".join(f"{number - before:x}" for before, number in pairwise([0, *numbers]))


def _unpacked(text: str) -> frozenset[str]:
    return frozenset(map(str, accumulate(int(step, 16) for step in text.split())))
