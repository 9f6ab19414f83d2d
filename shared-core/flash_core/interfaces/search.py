"""Finding passages."""

from abc import abstractmethod
from typing import Protocol

from flash_core.models.user import Principal
from flash_core.schemas.search import SearchRequest, SearchResponse


class SearchInterface(Protocol):
    """Searches only what `principal` may see. Raises `UpstreamUnavailableError` when it can't now."""

    @abstractmethod
    async def search(self, request: SearchRequest, principal: Principal) -> SearchResponse: ...
