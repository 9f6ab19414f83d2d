"""The vector service's internal wire format, under `/internal/collections/{name}`."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Base64Bytes, Field

from flash_core.schemas.common import Request, Response


class EnsureCollectionRequest(Request):
    """PUT /internal/collections/{alias}."""

    dimension: int = Field(ge=1, le=8_192)
    model: str = Field(min_length=1, max_length=300)
    chunker: str = Field(default="", max_length=100)


class CollectionResponse(Response):
    """GET /internal/collections/{name}."""

    alias: str
    version: str
    model: str
    dimension: int
    points: int
    chunker: str = ""


class VersionsResponse(Response):
    """GET …/versions."""

    versions: list[CollectionResponse]


class ContentHashesRequest(Request):
    """POST …/content-hashes."""

    ids: list[UUID] = Field(max_length=2_000)


class ContentHashesResponse(Response):
    """By the points' ids; those that are not there are left out."""

    content_hashes: dict[UUID, str]


class PointsPageRequest(Request):
    """POST …/page: points in the order of their ids, from `first` on."""

    first: UUID | None = None
    limit: int = Field(default=1_000, ge=1, le=5_000)


class PointVersionBody(Response):
    id: UUID
    document_id: UUID
    content_hash: str


class PointsPageResponse(Response):
    """`next`: where the next page begins."""

    points: list[PointVersionBody]
    next: UUID | None


class PointBody(Request):
    """`vector`: base64 of little-endian float32."""

    id: UUID
    vector: Base64Bytes
    keywords: str
    payload: dict[str, Any]
    language: str = "english"


class UpsertRequest(Request):
    """POST …/points."""

    points: list[PointBody] = Field(max_length=2_000)


class FilterBody(Request):
    """`groups` has no default: a search without an asker is impossible."""

    groups: list[str]
    source_ids: list[UUID] | None = None
    document_ids: list[UUID] | None = None
    updated_after: float | None = None


class AlternativeBody(Request):
    """Other words for `text[start:end]` of the question."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    synonyms: list[str] = Field(max_length=100)


class VectorSearchRequest(Request):
    """POST …/search."""

    filter: FilterBody
    mode: Literal["hybrid", "dense", "keyword"] = "hybrid"
    vector: Base64Bytes | None = None
    text: str | None = None
    limit: int = Field(default=50, ge=1, le=2_000)
    dense_weight: float = Field(default=0.5, ge=0, le=1)
    language: str = "english"
    also_languages: list[str] = Field(default_factory=list, max_length=20)
    variants: list[Base64Bytes] = Field(default_factory=list, max_length=10)
    alternatives: list[AlternativeBody] = Field(default_factory=list, max_length=100)


class VectorHitBody(Response):
    id: UUID
    score: float
    payload: dict[str, Any]
    scores: dict[str, float] = Field(default_factory=dict)


class VectorSearchResponse(Response):
    hits: list[VectorHitBody]


class DeletePointsRequest(Request):
    """POST …/delete."""

    document_ids: list[UUID] = Field(default_factory=list)
    source_id: UUID | None = None
    except_content_hashes: list[str] = Field(default_factory=list)
    fence: int | None = None


class SetPayloadRequest(Request):
    """POST …/payload."""

    payload: dict[str, Any]
    document_ids: list[UUID] = Field(default_factory=list)
    source_id: UUID | None = None
    fence: int | None = None


class CreateVersionRequest(Request):
    """POST …/versions."""

    version: str = Field(pattern=r"^[a-z0-9_]{1,100}$")
    dimension: int = Field(ge=1, le=8_192)
    model: str = Field(min_length=1, max_length=300)
    chunker: str = Field(default="", max_length=100)


class PointAliasRequest(Request):
    """PUT …/alias; DELETE /internal/collections/{version} drops a version."""

    version: str
