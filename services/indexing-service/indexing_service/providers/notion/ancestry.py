"""Where Notion's pages lie: in pages, in blocks of pages, in data sources of databases."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from indexing_service.providers.notion.client import Notion, Object
from indexing_service.providers.notion.rich_text import plain, title_of

_KINDS: Final[Mapping[str, str]] = {
    "page_id": "pages",
    "block_id": "blocks",
    "database_id": "databases",
    "data_source_id": "data_sources",
}
_DEEPEST: Final = 50


@dataclass(frozen=True, slots=True)
class Place:
    """A step on the way to the top; `title` "" for what people don't see as one, as a block."""

    id: str
    title: str
    parent: Mapping[str, Any]


class Ancestry:
    """Remembers what it was told and what it asked for: siblings have the same way up."""

    def __init__(self, notion: Notion) -> None:
        self._notion = notion
        self._places: dict[str, Place | None] = {}
        self._turn = asyncio.Lock()

    def told(self, found: Object) -> None:
        self._places[found["id"]] = _place(found)

    async def above(self, found: Object) -> list[Place]:
        """From the top down to what holds it. What is not shared with the integration ends the way."""
        places: list[Place] = []
        parent = found.get("parent") or {}
        async with self._turn:
            while len(places) < _DEEPEST and (place := await self._at(parent)):
                places.append(place)
                parent = place.parent
        return places[::-1]

    async def _at(self, parent: Mapping[str, Any]) -> Place | None:
        kind = str(parent.get("type"))
        object_id = str(parent.get(kind) or "")
        if kind not in _KINDS:
            return None
        if object_id not in self._places:
            found = await self._notion.one(_KINDS[kind], object_id)
            self._places[object_id] = _place(found) if found else None
        return self._places[object_id]


def _place(found: Object) -> Place:
    kind = found.get("object")
    if kind == "page":
        return Place(found["id"], title_of(found.get("properties") or {}) or "Untitled", found.get("parent") or {})
    if kind == "block":
        return Place(found["id"], "", found.get("parent") or {})
    return Place(found["id"], plain(found.get("title") or ()).strip(), found.get("parent") or {})
