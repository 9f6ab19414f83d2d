"""Addresses of a repository's files on the page that shows them to people."""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote, urlsplit

PLACES: Final = ("branch", "path", "page")
"""What a template may hold, in braces: the branch, the file's path, and the path as an Azure DevOps wiki says it."""


def guessed(url: str, *, wiki: bool) -> str | None:
    """The template for where the repository seems to be; None where nobody knows."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"}:
        return None
    page = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('.git')}"
    known: Mapping[str, Callable[[], str]] = {
        "github": lambda: f"{page}/blob/{{branch}}/{{path}}",
        "gitlab": lambda: f"{page}/-/blob/{{branch}}/{{path}}",
        "bitbucket": lambda: f"{page}/src/{{branch}}/{{path}}",
        "dev.azure.com": lambda: _azure(page, wiki=wiki),
        ".visualstudio.com": lambda: _azure(page, wiki=wiki),
    }
    return next((template() for sign, template in known.items() if sign in host), None)


def rendered(template: str, places: Mapping[str, str]) -> str:
    for name, value in places.items():
        template = template.replace(f"{{{name}}}", quote(value, safe="/"))
    return template


def _azure(page: str, *, wiki: bool) -> str:
    project, _, name = page.rpartition("/_git/")
    if wiki and project:
        return f"{project}/_wiki/wikis/{name}?pagePath=/{{page}}"
    return f"{page}?path=/{{path}}&version=GB{{branch}}"
