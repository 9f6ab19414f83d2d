"""What both kinds of Confluence have in common: what is read, and what is asked in CQL."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from flash_core.errors import NotFoundError, UpstreamRejectedError
from indexing_service.providers.confluence.cursors import Row, member, object_of
from indexing_service.providers.confluence.readers import ReadersOfPages
from indexing_service.providers.rest import RestClient

PAGE: Final = "page"
BLOG: Final = "blogpost"
_WESTERNMOST: Final = timedelta(hours=-12)
_ROWS_OF_SEARCH: Final = "100"
_NONE: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Space:
    id: str
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Ancestor:
    """What a page lies in; `kind` is `page`, in the cloud also `folder`, `whiteboard`, `database`, `embed`."""

    id: str
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a page lies in, outermost first. `whole` False: something above could not be read."""

    ancestors: Sequence[Ancestor] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """A page or blog post. `parent` and `lineage`: one of the two, as its Confluence gives it; `body` in storage format
    and `labels` only where a single page was asked for.
    """

    id: str
    kind: str
    title: str
    status: str
    space: str
    space_name: str
    number: int
    modified_at: datetime
    url: str
    parent: Ancestor | None = None
    lineage: Lineage | None = None
    body: str = ""
    labels: frozenset[str] = frozenset()


class Site(ABC):
    """One Confluence, as one account sees it.

    Raises `UpstreamUnavailableError`, `UpstreamRejectedError`, and `NotFoundError` for what this account does not see.
    """

    browsed: str
    """Its address in a browser, without a slash at the end."""

    def __init__(self, rest: RestClient, api: str) -> None:
        self._rest = rest
        self._api = api
        self._readers = ReadersOfPages(rest, api)

    @abstractmethod
    def spaces(self, keys: Collection[str]) -> AsyncIterator[Space]:
        """Those with these keys; all that the account sees if there are none."""

    @abstractmethod
    def pages(self, space: Space, kind: str) -> AsyncIterator[Page]: ...

    @abstractmethod
    async def page(self, page_id: str, kind: str) -> Page: ...

    @abstractmethod
    async def lineage(self, page: Page, known: Mapping[str, Page]) -> Lineage:
        """`known`: pages that were just read, by their ids."""

    @abstractmethod
    def found_by(self, cql: str) -> AsyncIterator[Page]:
        """What a search finds, each as it is now."""

    @abstractmethod
    def rows(self, path: str, params: Mapping[str, str]) -> AsyncIterator[Row]:
        """All rows of a listing of the older interface, which both have."""

    async def time_zone(self) -> tzinfo | None:
        """The time zone that searches by this account mean; None when it is not said.

        Asked before anything else: with a wrong password some sites answer as to somebody who is not signed in, and
        what such a one does not see would be taken for deleted.
        """
        try:
            account = object_of((await self._rest.get(f"{self._api}/user/current")).json())
        except NotFoundError:  # some gateways let only what they know pass
            return None
        if account.get("type") == "anonymous":
            raise UpstreamRejectedError("Confluence does not know this account: check its name and token or password.")
        try:
            return ZoneInfo(str(account["timeZone"]))
        except (KeyError, ValueError, OSError):  # not said, or not known to this machine
            return None

    async def count(self, cql: str) -> int | None:
        """None where it does not say."""
        try:
            body = object_of((await self._rest.get(f"{self._api}/search", params={"cql": cql, "limit": "1"})).json())
        except NotFoundError:
            return None
        total = body.get("totalSize")
        return total if isinstance(total, int) else None

    async def search(self, cql: str, expand: str) -> AsyncIterator[Row]:
        """The contents that a search finds; where contents are not searched alone, those of a search of everything."""
        params = {"cql": cql, "expand": expand, "limit": _ROWS_OF_SEARCH}
        try:
            async for row in self.rows(f"{self._api}/content/search", params):
                yield row
        except NotFoundError:
            expanded = ",".join(f"content.{name}" for name in filter(None, expand.split(",")))
            async for row in self.rows(f"{self._api}/search", params | {"expand": expanded}):
                yield object_of(member(row, "content") or row)

    async def restriction(self, content_id: str, start: int, limit: int) -> Row:
        """Who may read one page by itself: the users and groups from the `start`th."""
        return await self._readers.of(content_id, start, limit)


def one_of(field: str, values: Collection[str]) -> str:
    """A clause of CQL; the values have no quotes in them."""
    quoted = ",".join(f'"{value}"' for value in sorted(values))
    return f"{field} in ({quoted})"


def local_minute(moment: datetime, zone: tzinfo | None) -> str:
    """A moment as CQL writes it; where the zone is not known never later than it, whatever the zone is."""
    local = moment.astimezone(zone) if zone else moment.astimezone(UTC) + _WESTERNMOST
    return local.strftime("%Y-%m-%d %H:%M")


def moment_of(text: object) -> datetime:
    """A time as Confluence writes it (`2024-05-01T09:30:00.000+02:00`, or `Z`); long ago for anything else."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def number_of(version: object) -> int:
    number = version.get("number") if isinstance(version, dict) else None
    return number if isinstance(number, int) else 0


def labels_of(labels: object) -> frozenset[str]:
    rows = labels.get("results") if isinstance(labels, dict) else None
    return frozenset(str(row.get("name")) for row in rows if isinstance(row, dict)) if isinstance(rows, list) else _NONE
