"""What an organisation of Azure DevOps holds, and how it was told to behave."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from tests.servers.azure_git import Repository
from tests.servers.azure_paths import file_of
from tests.servers.quota import Quota

ORGANIZATION = "acme"
PROJECT = "Hand Book"
TENANT, CLIENT, SECRET = "contoso", "5c0ffee5-0000-4000-8000-00000000beef", "entra-s3cret-value"
SCOPE = "499b84ac-1321-427f-aa17-267ca6975798/.default"
_IDS = UUID("5f0ac3f2-97a4-4d3c-9d6b-0f6f1d7c2b11")
LARGEST_BATCH = 100
_OK = 200


@dataclass
class Wiki:
    """`pages`: ids by path. `unlisted` pages are missing from listings, as those that were just written can be."""

    id: str
    name: str
    root: str
    repository_id: str
    repository: Repository
    pages: dict[str, int] = field(default_factory=dict)
    branches: tuple[str, ...] = ("wikiMain",)
    disabled: bool = False
    unlisted: set[int] = field(default_factory=set)


@dataclass
class Fault:
    """An answer instead of the right one, for `times` requests whose path holds `path` (`…$`: ends so)."""

    path: str
    status: int
    times: int
    headers: dict[str, str]
    body: dict[str, Any] | str

    @property
    def adds(self) -> bool:
        """The right answer is given, with these headers."""
        return self.status == _OK and not self.body


class AzureDevOps:
    """`requests` are those received, as `METHOD path`. `scopes`: what the personal access token may read.

    `absent`: parts of the addresses of which it knows nothing. `ignores_skip`: differences always begin at the first.
    `quota`: how many requests it answers, the last of them late and with a word about it.
    """

    def __init__(self) -> None:
        self.address = ""
        self.pat = "pat-s3cret-value"
        self.scopes = {"wiki", "code"}
        self.absent: set[str] = set()
        self.ignores_skip = False
        self.quota: Quota | None = None
        self.refuses_with = "html"
        self.requests: list[str] = []
        self.queries: list[dict[str, str]] = []
        self.token_lifetime = 3600
        self.batch_size = LARGEST_BATCH
        self.repeats_token = False
        self.largest_change_page = 1000
        self.wikis: dict[str, Wiki] = {}
        self.tokens: set[str] = set()
        self._faults: list[Fault] = []
        self._pages = 0

    @property
    def organization_url(self) -> str:
        return f"{self.address}/{ORGANIZATION}"

    def add_wiki(self, name: str, *, root: str = "/", branches: tuple[str, ...] = ("wikiMain",)) -> Wiki:
        wiki_id = str(uuid5(_IDS, name))
        repository_id = wiki_id if root == "/" else str(uuid5(_IDS, f"{name} code"))
        wiki = Wiki(wiki_id, name, root, repository_id, Repository(branches[0]), branches=branches)
        self.wikis[wiki.id] = wiki
        return wiki

    def fail(
        self,
        path: str,
        status: int,
        times: int = 1,
        *,
        headers: dict[str, str] | None = None,
        body: dict[str, Any] | str | None = None,
    ) -> None:
        """Status 200 with headers and no body: the right answer with these headers added."""
        self._faults.append(Fault(path, status, times, headers or {}, body or ""))

    def mend(self) -> None:
        self._faults.clear()

    def counted(self, part: str) -> int:
        return sum(part in request for request in self.requests)

    def write(self, wiki: Wiki, path: str, content: str | bytes) -> int:
        """Add or change a page; returns its id."""
        file = file_of(path, wiki.root)
        data = content.encode() if isinstance(content, str) else content
        wiki.repository.commit({**wiki.repository.head.files, file: data})
        if path not in wiki.pages:
            self._pages += 1
            wiki.pages[path] = self._pages
        return wiki.pages[path]

    def put(self, wiki: Wiki, file: str, data: bytes) -> None:
        """A file of the repository that is no page."""
        wiki.repository.commit({**wiki.repository.head.files, file: data})

    def delete(self, wiki: Wiki, path: str) -> None:
        file = file_of(path, wiki.root)
        wiki.repository.commit({name: data for name, data in wiki.repository.head.files.items() if name != file})
        del wiki.pages[path]

    def rename(self, wiki: Wiki, path: str, to: str) -> None:
        """A page goes with those beneath it; all keep their ids."""
        there = {old: to + old[len(path) :] for old in wiki.pages if old == path or old.startswith(f"{path}/")}
        moved = {file_of(old, wiki.root): file_of(new, wiki.root) for old, new in there.items()}
        files = {moved.get(name, name): data for name, data in wiki.repository.head.files.items()}
        wiki.repository.commit(files, moved)
        wiki.pages = {there.get(old, old): page for old, page in wiki.pages.items()}

    def fault(self, path: str) -> Fault | None:
        """What this request is to be answered with; each counts once."""
        found = next((one for one in self._faults if one.times and one.path in f"{path}$"), None)
        if found is not None:
            found.times -= 1
        return found

    def wiki_of(self, repository_id: str) -> Wiki | None:
        return next((wiki for wiki in self.wikis.values() if wiki.repository_id == repository_id), None)
