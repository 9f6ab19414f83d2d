"""Where the changes after a listing begin: of each wiki the commit, and which pages there were."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from indexing_service.providers.azure_devops.paths import numbers_in, ranges


@dataclass(frozen=True, slots=True)
class Mark:
    """One wiki. A deleted page's path says nothing of its id any more, so the ids are kept."""

    branch: str
    commit: str
    pages: frozenset[int]


@dataclass(frozen=True, slots=True)
class Cursor:
    """`chosen`: the paths that the source was narrowed to. With others, a listing must say what there is."""

    chosen: tuple[str, ...]
    wikis: Mapping[str, Mark]

    def __str__(self) -> str:
        wikis = {
            name: {"branch": mark.branch, "commit": mark.commit, "pages": ranges(mark.pages)}
            for name, mark in self.wikis.items()
        }
        return json.dumps({"paths": list(self.chosen), "wikis": wikis}, separators=(",", ":"))


def parsed(text: str) -> Cursor | None:
    """None for what was never given out."""
    try:
        body = json.loads(text)
        wikis = {
            name: Mark(mark["branch"], mark["commit"], frozenset(numbers_in(mark["pages"])))
            for name, mark in body["wikis"].items()
        }
        return Cursor(tuple(body["paths"]), wikis)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
