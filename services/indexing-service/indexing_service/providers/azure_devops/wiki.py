"""What the protocol speaks of: wikis, their files in Git, their pages, and what changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Wiki:
    """`root`: the folder of the repository that it shows. `branches`: those that it is published from."""

    id: str
    name: str
    repository: str
    root: str
    branch: str
    branches: tuple[str, ...]
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """`object_id` changes with the content; the same one is the `ETag` of the page that is written in the file."""

    path: str
    object_id: str
    folder: bool


@dataclass(frozen=True, slots=True)
class Pages:
    """The paths of pages by their ids. `complete` False: the listing broke off."""

    paths: Mapping[int, str]
    complete: bool


@dataclass(frozen=True, slots=True)
class Page:
    """`content` is as the server decoded it, None where it takes it for no text. `tag` changes with it."""

    path: str
    content: str | None
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What is in a file, as in a `Page`, and when it was last changed, where the server says it."""

    content: str | None
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Files between two commits: `there` with their object ids were added, changed or moved to, `gone` are not any
    more where they were.
    """

    there: Mapping[str, str]
    gone: Sequence[str]
