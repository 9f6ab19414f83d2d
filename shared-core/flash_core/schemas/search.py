"""The search API's wire format (`POST /api/v1/search`, and `/internal/search` with the same bodies)."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from flash_core.schemas.common import Request, Response, ShownUrl, Timestamp

SourceName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]


class SearchFilters(Request):
    source_ids: list[UUID] | None = Field(default=None, max_length=200)
    updated_after: Timestamp | None = None
    source_names: list[SourceName] | None = Field(
        default=None,
        max_length=10,
        description="Sources as a question names them; one that names none the asker may see becomes search words.",
    )


class SearchRequest(Request):
    query: str = Field(min_length=1, max_length=4_000, pattern=r"\S")
    limit: int = Field(default=10, ge=1, le=200)
    offset: int = Field(default=0, ge=0, le=1_000)
    filters: SearchFilters | None = None
    mode: Literal["hybrid", "dense", "keyword"] = "hybrid"
    rerank: bool | None = None
    explain: bool = False
    per_chunk: bool = Field(default=False, description="Every matching chunk instead of one hit a document.")
    join_neighbours: bool = Field(
        default=False, description="With `per_chunk`: chunks that touch and are both among the hits are one hit."
    )


class SearchPassage(Response):
    """Another passage of a hit's document that was found; `score` is its own, without its document's names."""

    chunk_id: UUID
    heading: str = ""
    text: str
    start: int
    end: int
    score: float


class SearchHit(Response):
    """`start` and `end` are code point offsets of the passage in the document's text."""

    document_id: UUID
    external_id: str
    chunk_id: UUID
    source_id: UUID
    provider: str = Field(description="The source's type.")
    title: str
    path: list[str]
    heading: str = ""
    table_head: str = Field(
        default="", description="The header of the table whose rows the text begins with, when it stands farther up."
    )
    url: ShownUrl
    text: str
    start: int
    end: int
    score: float
    scores: dict[str, float] | None = Field(default=None, description="With `explain`: every component of the score.")
    updated_at: Timestamp
    version: str = Field(default="", description="The document's version that the passage belongs to.")
    source_version: str = Field(
        default="", description="What the source calls that version, else the same as `version`."
    )
    checked_at: Timestamp | None = Field(default=None, description="When the index was last equal to the source.")
    passages: list[SearchPassage] = Field(
        default_factory=list,
        description="The document's next best passages that were found, best first, at most 3; none with `per_chunk`.",
    )


class SearchExplanation(Response):
    """With `explain`: what was done to the query. `expansion` holds, by term of the query, the synonyms added.

    A hit's `fused` is `title_weight` · title + `path_weight` · path + (1 - `title_weight` - `path_weight`) ·
    (`dense_weight` · dense_normalised + (1 - `dense_weight`) · keyword_normalised). Passages of whose words more than
    half are links have half of their normalised scores; `link_share` is that of the passage shown. A hit's `score` is
    `fused`, or with a reranker `rerank_weight` · rerank + (1 - `rerank_weight`) · fused / `best_fused`; far down the
    list less.
    """

    language: str
    dense_weight: float
    title_weight: float = 0.0
    path_weight: float = 0.0
    rerank_weight: float = 0.0
    best_fused: float = 0.0
    expansion: dict[str, list[str]] = Field(default_factory=dict)
    filters: dict[str, list[str]] = Field(default_factory=dict)
    reranked: bool = False
    degraded: bool = Field(default=False, description="The meaning of the query could not be looked at.")
    cached: bool = False


class SearchResponse(Response):
    """`answerable` is the calibrated probability that the passages found answer the query, read as a question;
    `index_version` changes whenever anything that a search could show has changed, `made_by` whenever another model or
    setting would find or rank something else.
    """

    hits: list[SearchHit]
    expanded_query: str | None = None
    explanation: SearchExplanation | None = None
    answerable: float | None = Field(default=None, ge=0, le=1)
    index_version: str = ""
    made_by: str = ""
    timings_ms: dict[str, float] = Field(
        description="What each step took; of a result that was remembered, or made for another asker, the total only."
    )
    features: dict[str, float] | None = Field(
        default=None, description="Statistics of the result list (top dense cosine, …) that a refusal is decided by."
    )
