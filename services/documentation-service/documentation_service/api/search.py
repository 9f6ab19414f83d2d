"""Search over HTTP: for people and programs, and for siblings on behalf of the one who asked."""

from fastapi import APIRouter

from documentation_service.api.dependencies import SearchDep
from flash_core.errors import InvalidInputError, UnauthenticatedError, UpstreamUnavailableError
from flash_core.schemas.search import SearchRequest, SearchResponse
from flash_core.web.identity import CurrentUser, OnBehalf
from flash_core.web.problems import problems

router = APIRouter(tags=["search"])
_RESPONSES = problems(InvalidInputError, UnauthenticatedError, UpstreamUnavailableError)


@router.post("/api/v1/search", responses=_RESPONSES)
async def search(body: SearchRequest, user: CurrentUser, finder: SearchDep) -> SearchResponse:
    """Passages that answer the query, best first; one hit a document unless `per_chunk`."""
    return await finder.search(body, user)


@router.post("/internal/search", include_in_schema=False)
async def search_on_behalf(body: SearchRequest, user: OnBehalf, finder: SearchDep) -> SearchResponse:
    return await finder.search(body, user)
