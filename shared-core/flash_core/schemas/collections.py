"""The collections that the index is kept in, on the wire."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from flash_core.schemas.common import Request, Response, Timestamp
from flash_core.schemas.indexing import JobState


class RebuildRequest(Request):
    """POST /api/v1/indexing/rebuild."""

    model: str | None = Field(
        default=None,
        max_length=300,
        description="One that the embedding service serves; none: `EMBEDDING_NEXT_MODEL`, else `EMBEDDING_MODEL`.",
    )


class RebuildResponse(Response):
    """`documents` were looked at in this walk over all documents, `embedded` were embedded in all walks so far."""

    id: UUID
    collection: str
    model: str
    state: JobState
    phase: Literal["queued", "building", "settling", "done"]
    documents: int
    embedded: int
    problem: str | None
    created_at: Timestamp
    heartbeat_at: Timestamp | None
    finished_at: Timestamp | None


class IndexCollection(Response):
    """`live` is searched, `next` is being filled, `previous` can be gone back to. `served`: its model can be used."""

    name: str
    model: str
    chunker: str
    dimension: int
    points: int
    role: Literal["live", "next", "previous", "unused"]
    served: bool


class CollectionsResponse(Response):
    """`rebuild` is the newest one, also when it has ended."""

    collections: list[IndexCollection]
    rebuild: RebuildResponse | None
