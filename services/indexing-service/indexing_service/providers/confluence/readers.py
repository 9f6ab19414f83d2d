"""The ways of asking a Confluence who may read one page by itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flash_core.errors import NotFoundError
from indexing_service.providers.confluence.cursors import Row, member, object_of
from indexing_service.providers.rest import RestClient


@dataclass(frozen=True, slots=True)
class _Way:
    """What is asked for behind the address of a page, and where the answer says it."""

    path: str
    params: Mapping[str, str]
    read: Callable[[Row], Row]


def _named(body: Row) -> Row:
    """Of an answer that names operations; where they are listed, and reading is not, nothing restricts it."""
    rows = body.get("results")
    listed = rows if isinstance(rows, list) else []
    found = body.get("read") or next((row for row in listed if member(row, "operation") == "read"), None)
    return object_of(found or (_OPEN if isinstance(rows, list) else {}))


def _expanded(body: Row) -> Row:
    return object_of(member(body, "restrictions", "read") or {})


EXPANDED: Final = "restrictions.read.restrictions.user,restrictions.read.restrictions.group"
_OPEN: Final[Row] = {"restrictions": {"user": {"results": []}, "group": {"results": []}}}
_BOTH: Final = {"expand": "restrictions.user,restrictions.group"}
_WAYS: Final = (
    _Way("/restriction/byOperation/read", _BOTH, lambda body: body),
    _Way("/restriction", _BOTH, _named),
    _Way("", {"expand": EXPANDED}, _expanded),
)


class ReadersOfPages:
    """Not every version, and not every gateway before it, knows them all."""

    def __init__(self, rest: RestClient, api: str) -> None:
        self._rest = rest
        self._api = api
        self._ways: Sequence[_Way] = _WAYS

    async def of(self, content_id: str, start: int, limit: int) -> Row:
        """The users and groups from the `start`th; `NotFoundError` where no way leads to them. The way that did is
        tried first from then on.
        """
        window = {"start": str(start), "limit": str(limit)}
        for way in self._ways:
            path = f"{self._api}/content/{content_id}{way.path}"
            try:
                answer = await self._rest.get(path, params={**way.params, **window})
                said = way.read(object_of(answer.json()))
            except NotFoundError:
                continue
            if "restrictions" in said:
                self._ways = [way, *(one for one in self._ways if one is not way)]
                return said
        raise NotFoundError("Confluence does not say who may read this page.")
