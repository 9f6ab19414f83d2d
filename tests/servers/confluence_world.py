"""What is in a Confluence, and how it misbehaves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from itertools import count

from tests.servers.quota import Quota

EMAIL, API_TOKEN = "reader@acme.example", "cloud-token-of-the-reader"
PERSONAL_TOKEN = "data-center-token"
USER, PASSWORD = "reader", "a password of the reader"


@dataclass
class Content:
    id: str
    kind: str
    title: str
    space: str
    parent: str | None
    body: str
    modified: datetime
    number: int = 1
    status: str = "current"
    labels: list[str] = field(default_factory=list)
    users: list[dict[str, str]] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)


@dataclass
class Fault:
    """`part` of the address that fails, `times` more times."""

    part: str
    status: int
    times: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = '{"message": "as ordered"}'


class Confluence:
    """One tree with two faces.

    `cap`: the most rows that it gives at once, whatever was asked. `circles`: listings under this
    address begin again and again. `meanwhile`: what happens before a request with this in its address. `behind`:
    what the index of its search does not hold yet. `hidden`: what the account may not see; `unlisted`: what listings
    leave out by mistake. `shapes`: the forms in which
    the next address is given, in turn. `answers`: what it says to everything.
    `cut`: answers to this in an address end in their middle.
    `absent`: parts of the addresses of which it knows nothing; `ignores`: filters that it takes no notice of.
    `quota`: how many requests it answers. `browsed`: its address in a browser, where that is another one.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC), zone: tzinfo = UTC) -> None:
        self.now = now
        self.zone = zone
        self.says_zone = True
        self.spaces: dict[str, str] = {}
        self.contents: dict[str, Content] = {}
        self.requests: list[str] = []
        self.faults: list[Fault] = []
        self.cap = 1_000
        self.readers_cap = 200
        self.circles = ""
        self.cut = ""
        self.meanwhile: dict[str, Callable[[], None]] = {}
        self.anonymous = False
        self.answers = ""
        self.behind: set[str] = set()
        self.hidden: set[str] = set()
        self.unlisted: set[str] = set()
        self.absent: set[str] = set()
        self.ignores: set[str] = set()
        self.shapes: list[str] = ["relative"]
        self.says_readers = True
        self.address = ""
        self.browsed = ""
        self.quota: Quota | None = None
        self._ids = count(1001)

    def space(self, key: str, name: str) -> None:
        self.spaces[key] = name

    def space_id(self, key: str) -> str:
        return str(50 + list(self.spaces).index(key))

    def write(
        self, title: str, body: str = "", *, space: str = "DEV", parent: str | None = None, kind: str = "page"
    ) -> str:
        """Adds a page; returns its id."""
        page_id = str(next(self._ids))
        self.contents[page_id] = Content(page_id, kind, title, space, parent, body, self.now())
        return page_id

    def edit(self, page_id: str, *, body: str | None = None, title: str | None = None) -> None:
        page = self.contents[page_id]
        page.body = page.body if body is None else body
        page.title = page.title if title is None else title
        page.number += 1
        page.modified = self.now()

    def trash(self, page_id: str) -> None:
        self.contents[page_id].status = "trashed"

    def restrict(self, page_id: str, *, groups: list[str] | None = None, emails: list[str] | None = None) -> None:
        self.contents[page_id].groups = groups or []
        self.contents[page_id].users = [{"accountId": f"id-{one}", "email": one} for one in emails or []]

    def fail(self, part: str, status: int, times: int = 1, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults.append(Fault(part, status, times, named))

    def fault(self, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.part in path and fault.times:
                fault.times -= 1
                return fault
        return None

    def ancestors(self, page: Content) -> list[Content]:
        found: list[Content] = []
        above = page.parent
        while above is not None:
            found.append(self.contents[above])
            above = found[-1].parent
        return found[::-1]

    def visible(self) -> list[Content]:
        return [one for one in self.contents.values() if one.id not in self.hidden and one.space in self.spaces]

    def happens(self, address: str) -> None:
        self.requests.append(address)
        for part in [part for part in self.meanwhile if part in address]:
            self.meanwhile.pop(part)()

    def circling(self, path: str) -> bool:
        return bool(self.circles) and self.circles in path

    def asked(self, part: str) -> int:
        return sum(part in request for request in self.requests)
