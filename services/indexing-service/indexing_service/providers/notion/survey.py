"""Which pages there are. Notion's search does not promise all of them, so it is one of three ways."""

from datetime import UTC, datetime
from typing import Final

from flash_core.errors import NotFoundError
from indexing_service.interfaces.providers import Found
from indexing_service.providers.notion.ancestry import Ancestry
from indexing_service.providers.notion.client import Notion, Object
from indexing_service.providers.notion.configuration import Configuration

_TELL_EVERY: Final = 100


class Survey:
    """What was found; `complete` False: something may be missing."""

    def __init__(self, notion: Notion, ancestry: Ancestry, found: Found) -> None:
        self._notion = notion
        self._ancestry = ancestry
        self._found = found
        self._data_sources: dict[str, None] = {}
        self.pages: dict[str, Object] = {}
        self.complete = True

    async def everything(self, configuration: Configuration) -> None:
        """What search finds, what data sources hold, what was named, and the pages that these lie in."""
        for kind in ("data_source", "page"):
            try:
                self._whole(await self._notion.search(kind, self._take))
            except NotFoundError:  # as of a gateway that lets only pages pass: what was named is found all the same
                if not configuration.chosen:
                    raise
                self._whole(False)
        await self._named(configuration)
        await self._entries(None)
        await self._parents()
        self._found(len(self.pages))

    async def since(self, begin: datetime, configuration: Configuration) -> None:
        def take(page: Object) -> bool:
            recent = datetime.fromisoformat(page["last_edited_time"]) >= begin
            return recent and self._take(page)

        await self._notion.search("data_source", self._take)
        await self._notion.search("page", take, newest_first=True)
        await self._databases(configuration)
        await self._entries(begin.astimezone(UTC).isoformat())
        self._found(len(self.pages))

    def _whole(self, whole: bool) -> None:
        self.complete = self.complete and whole

    def _take(self, found: Object) -> bool:
        if found.get("object") == "data_source":
            self._data_sources[found["id"]] = None
            self._ancestry.told(found)
        elif found.get("object") == "page":
            self.pages[found["id"]] = found
            self._ancestry.told(found)
            if len(self.pages) % _TELL_EVERY == 0:
                self._found(len(self.pages))
        return True

    async def _named(self, configuration: Configuration) -> None:
        """What was named and is not found may be shared no more, or deleted: nobody knows."""
        for page_id in sorted(configuration.pages - set(self.pages)):
            page = await self._notion.one("pages", page_id)
            self._whole(page is not None and self._take(page))
        await self._databases(configuration)

    async def _databases(self, configuration: Configuration) -> None:
        """People copy the address of a database; its data sources hold the pages."""
        for object_id in sorted(configuration.data_sources - set(self._data_sources)):
            database = await self._notion.one("databases", object_id)
            if database is None:
                data_source = await self._notion.one("data_sources", object_id)
                self._whole(data_source is not None and self._take(data_source))
            else:
                self._data_sources |= dict.fromkeys(one["id"] for one in database.get("data_sources") or ())

    async def _entries(self, since: str | None) -> None:
        """Those of wikis may be data sources again."""
        done: set[str] = set()
        while left := [one for one in self._data_sources if one not in done]:
            for data_source in left:
                done.add(data_source)
                try:
                    self._whole(await self._notion.entries(data_source, self._take, since=since))
                except NotFoundError:  # found, but not shown (any more)
                    self._whole(False)

    async def _parents(self) -> None:
        """A page whose sub-page was found is there, too, if it can be asked for."""
        asked: set[str] = set()
        while (
            missing := {
                parent
                for page in self.pages.values()
                if (parent := (page.get("parent") or {}).get("page_id")) and parent not in self.pages
            }
            - asked
        ):
            for parent in sorted(missing):
                asked.add(parent)
                page = await self._notion.one("pages", parent)
                if page is not None:
                    self._take(page)
