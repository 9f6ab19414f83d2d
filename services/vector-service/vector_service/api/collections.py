"""Collections, their versions and their aliases."""

from fastapi import APIRouter, status

from flash_core.errors import ConflictError, NotFoundError
from flash_core.schemas.vector import (
    CollectionResponse,
    CreateVersionRequest,
    EnsureCollectionRequest,
    PointAliasRequest,
    VersionsResponse,
)
from flash_core.web.identity import InternalCaller
from flash_core.web.problems import problems
from vector_service.api.dependencies import CollectionName, Vectors

router = APIRouter(prefix="/internal/collections/{name}", tags=["collections"])


@router.put("")
async def ensure(
    name: CollectionName, body: EnsureCollectionRequest, vectors: Vectors, _: InternalCaller
) -> CollectionResponse:
    """The collection behind the alias `name`, of whatever model; made, of this one, if there is none."""
    found = await vectors.ensure(name, dimension=body.dimension, model=body.model, chunker=body.chunker)
    return CollectionResponse.model_validate(found)


@router.get("", responses=problems(NotFoundError))
async def info(name: CollectionName, vectors: Vectors, _: InternalCaller) -> CollectionResponse:
    return CollectionResponse.model_validate(await vectors.info(name))


@router.get("/versions")
async def versions(name: CollectionName, vectors: Vectors, _: InternalCaller) -> VersionsResponse:
    """All that stand beside each other under the alias `name`."""
    found = await vectors.versions(name)
    return VersionsResponse(versions=[CollectionResponse.model_validate(one) for one in found])


@router.post("/versions", status_code=status.HTTP_204_NO_CONTENT, responses=problems(ConflictError))
async def create_version(name: CollectionName, body: CreateVersionRequest, vectors: Vectors, _: InternalCaller) -> None:
    """A new, empty version beside the one that `name` points to."""
    await vectors.create_version(name, body.version, dimension=body.dimension, model=body.model, chunker=body.chunker)


@router.put("/alias", status_code=status.HTTP_204_NO_CONTENT, responses=problems(NotFoundError, ConflictError))
async def point_alias(name: CollectionName, body: PointAliasRequest, vectors: Vectors, _: InternalCaller) -> None:
    await vectors.point_alias(name, body.version)


@router.delete("", status_code=status.HTTP_204_NO_CONTENT, responses=problems(NotFoundError, ConflictError))
async def drop_version(name: CollectionName, vectors: Vectors, _: InternalCaller) -> None:
    """Remove a version that no alias points to."""
    await vectors.drop_version(name)
