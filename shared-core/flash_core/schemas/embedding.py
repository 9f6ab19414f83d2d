"""The embedding service's internal wire format. The public face is the OpenAI protocol, in the service itself."""

from pydantic import Base64Bytes, Field

from flash_core.interfaces.embedding import Priority, Purpose
from flash_core.schemas.common import Request, Response

MAX_PAIRS = 256
"""Pairs of texts that one request may ask a cross-encoder to read."""


class EmbedRequest(Request):
    texts: list[str] = Field(min_length=1, max_length=2_048)
    purpose: Purpose = Purpose.PASSAGE
    priority: Priority = Priority.INTERACTIVE
    model: str | None = Field(default=None, description="One of those that are served; none: the one that is set.")


class EmbedResponse(Response):
    """`vectors`: one a text, base64 of little-endian float32."""

    model: str
    dimension: int
    vectors: list[Base64Bytes]


class CountTokensRequest(Request):
    texts: list[str] = Field(min_length=1, max_length=2_048)
    model: str | None = Field(default=None, description="One of those that are served; none: the one that is set.")


class CountTokensResponse(Response):
    """`counts`: one a text, in their order."""

    counts: list[int]


class ServedModel(Response):
    name: str
    dimension: int
    max_tokens: int


class EmbeddingModelResponse(Response):
    """The embedding model that is set; `beside` it others are served by their names.

    `reranker` and `entailment` name the models beside the embedding model; null: none is set.
    """

    name: str
    dimension: int
    max_tokens: int
    beside: list[ServedModel] = Field(default_factory=list)
    reranker: str | None = None
    entailment: str | None = None


class RerankRequest(Request):
    query: str
    texts: list[str] = Field(min_length=1, max_length=MAX_PAIRS)


class RerankResponse(Response):
    """`scores`: one relevance from 0 to 1 a text, in their order."""

    scores: list[float]


class ClaimPair(Request):
    passage: str
    statement: str


class EntailmentRequest(Request):
    claims: list[ClaimPair] = Field(min_length=1, max_length=MAX_PAIRS)


class EntailmentResponse(Response):
    """`supported`: one probability from 0 to 1 a claim, in their order."""

    supported: list[float]
