"""What a Confluence holds now, of the spaces that were chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from flash_core.errors import NotFoundError, UpstreamRejectedError
from indexing_service.interfaces.providers import Found
from indexing_service.providers.confluence.cursors import ListingCutError
from indexing_service.providers.confluence.settings import Settings
from indexing_service.providers.confluence.site import Page, Site, Space


@dataclass(frozen=True, slots=True)
class Listing:
    """`pages` by their ids; `problems`: by the keys of spaces, why there may be more in them. `zone`: the time zone
    that searches by this account mean, None when it is not said.
    """

    zone: tzinfo | None
    pages: Mapping[str, Page]
    problems: Mapping[str, str] = field(default_factory=dict)

    def whole(self) -> "Listing":
        """Raises `UpstreamRejectedError` unless it is."""
        for problem in self.problems.values():
            raise UpstreamRejectedError(problem)
        return self


class Listings:
    """Every look at a source needs a listing, and its permissions one more: they take the one that was just made."""

    def __init__(self, site: Site, settings: Settings) -> None:
        self._site = site
        self._settings = settings
        self._last: Listing | None = None

    async def new(self, found: Found) -> Listing:
        zone = await self._site.time_zone()
        spaces, missing = await self.spaces()
        problems = {key: missing_spaces([key]) for key in missing}
        pages: dict[str, Page] = {}
        for space in spaces:
            try:
                await self._read(space, pages)
            except (ListingCutError, NotFoundError, UpstreamRejectedError) as error:
                problems[space.key] = f"The space {space.key} can't be read to its end: {error}"
            found(len(pages))
        self._last = Listing(zone, pages, problems)
        return self._last

    async def last(self) -> Listing:
        """The one that was just made, once; then a new one."""
        listing, self._last = self._last, None
        if listing is None:
            listing = await self.new(lambda _: None)
            self._last = None
        return listing

    async def spaces(self) -> tuple[Sequence[Space], Sequence[str]]:
        """What the account sees of the chosen spaces, and the keys of those that it does not see."""
        wanted = self._settings.spaces
        spaces = [one async for one in self._site.spaces(wanted) if not wanted or one.key in wanted]
        if not spaces:
            raise UpstreamRejectedError("This account sees no space, or none of those that were chosen.")
        return spaces, sorted(wanted - {space.key for space in spaces})

    async def _read(self, space: Space, pages: dict[str, Page]) -> None:
        for kind in self._settings.kinds:
            async for page in self._site.pages(space, kind):
                pages[page.id] = page


def missing_spaces(keys: Sequence[str]) -> str:
    return f"This account does not see the space {', '.join(keys)}: let it read there, or take the key out of `spaces`."
