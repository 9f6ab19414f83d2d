"""Paths of wiki pages (`/How to/Set-up`) and of their files in Git (`/How-to/Set%2Dup.md`), both ways."""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

SUFFIX: Final = ".md"
_ESCAPED: Final = ':<>*?|"-'
"""What the wiki writes percent-encoded in names of files. Every other `%` stands for itself.

https://learn.microsoft.com/azure/devops/project/wiki/wiki-file-structure
"""
_TO_GIT: Final = str.maketrans({" ": "-"} | {sign: f"%{ord(sign):02X}" for sign in _ESCAPED})
_FROM_GIT: Final = {f"%{ord(sign):02X}": sign for sign in _ESCAPED} | {"-": " "}
_GIT_SIGN = re.compile("|".join(map(re.escape, _FROM_GIT)), re.IGNORECASE)


def git_name(page_path: str) -> str:
    """The path in Git, without the suffix, of the page at this path."""
    return page_path.translate(_TO_GIT)


def page_name(git_path: str) -> str:
    """The page's path that this path in Git, without a suffix, stands for."""
    return _GIT_SIGN.sub(lambda sign: _FROM_GIT[sign[0].upper()], git_path)


def is_page_file(git_path: str) -> bool:
    """Whether a file is a page: neither an order of siblings nor an attachment."""
    *folders, name = git_path.strip("/").split("/")
    return name.lower().endswith(SUFFIX) and name != SUFFIX and not any(folder.startswith(".") for folder in folders)


def page_of(git_path: str, root: str) -> str | None:
    """The path of the page that is written in this file of the repository; None where it is none of the wiki's.

    `root`: the folder of the repository that the wiki shows, "/" for all of it.
    """
    folder = root.rstrip("/")
    if not is_page_file(git_path) or not git_path.startswith(f"{folder}/"):
        return None
    return page_name(git_path[len(folder) : -len(SUFFIX)])


def folder_of(git_path: str, root: str) -> str | None:
    """The path of the page whose sub-pages are in this folder; None where it is outside of the wiki."""
    folder = root.rstrip("/")
    return page_name(git_path[len(folder) :]) if git_path.startswith(f"{folder}/") else None


def file_of(page_path: str, root: str) -> str:
    """Where the page at this path is written in the repository."""
    return f"{root.rstrip('/')}{git_name(page_path)}{SUFFIX}"


def steps(page_path: str) -> list[str]:
    """The titles from the wiki's root down to the page."""
    return [step for step in page_path.split("/") if step]


def within(page_path: str, prefixes: Iterable[str]) -> bool:
    """Whether the page is one of these or beneath one; no prefixes: every page is."""
    wanted = tuple(prefixes)
    return not wanted or any(page_path == one or page_path.startswith(f"{one.rstrip('/')}/") for one in wanted)


def prefix(text: str) -> str:
    """A prefix as people write it (`Guides/`, `/Guides`), as a path."""
    return "/" + text.strip().strip("/")


def title_in_url(page_path: str) -> str:
    """The last step as it stands behind the id in a permalink. It is for people; the id says which page."""
    return quote(git_name(PurePosixPath(page_path).name), safe="")


def ranges(numbers: Iterable[int]) -> str:
    """`1-3,7`: page ids mostly follow each other, so a large wiki's fit into a cursor."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def numbers_in(text: str) -> Iterator[int]:
    """What `ranges` wrote. Raises `ValueError` for anything else."""
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)
