"""The collections of the index over HTTP, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Depends, status
from starlette.requests import HTTPConnection

from flash_core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    UnauthenticatedError,
    UpstreamUnavailableError,
)
from flash_core.schemas.collections import CollectionsResponse, RebuildRequest, RebuildResponse
from flash_core.web.identity import CurrentAdmin
from flash_core.web.problems import problems
from indexing_service.services.collections import IndexCollections

router = APIRouter(
    prefix="/api/v1/indexing",
    tags=["indexing"],
    responses=problems(UnauthenticatedError, ForbiddenError, UpstreamUnavailableError),
)


async def _collections(connection: HTTPConnection) -> IndexCollections:
    found: IndexCollections = connection.state.container.collections
    return found


_CollectionsDep = Annotated[IndexCollections, Depends(_collections)]


@router.get("/collections")
async def list_collections(_: CurrentAdmin, collections: _CollectionsDep) -> CollectionsResponse:
    """Which there are, of which models, and how far a rebuild is."""
    return await collections.overview()


@router.post("/rebuild", status_code=status.HTTP_202_ACCEPTED, responses=problems(ConflictError, InvalidInputError))
async def rebuild_index(
    _: CurrentAdmin, collections: _CollectionsDep, body: RebuildRequest | None = None
) -> RebuildResponse:
    """Build the index anew for a model, beside the one that is searched, which goes on until the new one is complete.

    No source is asked again. The collection before is kept to go back to.
    """
    return await collections.rebuild(body.model if body else None)


@router.delete("/rebuild", status_code=status.HTTP_204_NO_CONTENT, responses=problems(ConflictError))
async def cancel_rebuild(_: CurrentAdmin, collections: _CollectionsDep) -> None:
    """Stop the rebuild that is under way. What is searched does not change."""
    await collections.cancel()


@router.post("/rollback", status_code=status.HTTP_202_ACCEPTED, responses=problems(ConflictError))
async def roll_back(_: CurrentAdmin, collections: _CollectionsDep) -> RebuildResponse:
    """Go back to the collection before: what has changed since is brought into it, then it is searched."""
    return await collections.rollback()
