"""Points of a vector collection and questions to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from flash_core.interfaces.embedding import Vectors

CHUNKS = "chunks"
"""The alias of the collection that holds the passages of all documents."""

SearchMode = Literal["hybrid", "dense", "keyword"]
Payload = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ChunkPoint:
    """One chunk: its dense vector (shape (dimension,), float32), its words, and what it is filtered by.

    `keywords` is all text that the keyword half sees (title, path, headings and the chunk itself). The payload holds
    `document_id`, `source_id`, `source_groups`, `document_groups`, `content_hash`, `updated_at` (epoch seconds), the
    `fence` of the worker who wrote it last, and whatever a hit must carry (`text`, `title`, `heading`, `start`, …).
    """

    id: UUID
    vector: Vectors
    keywords: str
    payload: Payload
    language: str = "english"


@dataclass(frozen=True, slots=True)
class PointVersion:
    """Which version of which document a point is of."""

    id: UUID
    document_id: UUID
    content_hash: str


@dataclass(frozen=True, slots=True)
class VectorFilter:
    """All that is set must hold. `groups` are the asker's groups: a point is visible when its `source_groups` and its
    `document_groups` each hold one of them or `EVERYONE`.
    """

    groups: frozenset[str]
    source_ids: Sequence[UUID] | None = None
    document_ids: Sequence[UUID] | None = None
    updated_after: float | None = None


@dataclass(frozen=True, slots=True)
class Alternative:
    """What stands in the query's `text[start:end]` may be said in these words as well."""

    start: int
    end: int
    synonyms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VectorQuery:
    """`variants` are the vectors of the question as others would say it, `alternatives` (in order, without overlaps)
    the other words for parts of its text. A point is as good as the best of these ways to ask finds it: saying a
    thing twice is not more evidence. `language` is the text's own; its words are sought as `also_languages` stem them
    too, because points are stemmed in their own language and a short text does not tell.
    """

    filter: VectorFilter
    mode: SearchMode = "hybrid"
    vector: Vectors | None = None
    text: str | None = None
    limit: int = 50
    dense_weight: float = 0.5
    language: str = "english"
    also_languages: Sequence[str] = ()
    variants: Sequence[Vectors] = ()
    alternatives: Sequence[Alternative] = ()


@dataclass(frozen=True, slots=True)
class VectorHit:
    """`scores` holds the components by name: dense (cosine) and keyword (BM25), in a hybrid search also
    `dense_normalised` and `keyword_normalised`, as they go into the score.
    """

    id: UUID
    score: float
    payload: Payload
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CollectionInfo:
    """`alias` is empty when none points to it. `model` and `chunker` say what its vectors were made by."""

    alias: str
    version: str
    model: str
    dimension: int
    points: int
    chunker: str = ""
