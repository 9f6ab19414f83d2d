"""Semantic aliases on the wire (`/api/v1/aliases`)."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from flash_core.schemas.common import Request, Response, Timestamp
from flash_core.utils.words import WORD


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    if not WORD.search(line):
        raise ValueError("needs a letter or a digit")
    return line


AliasText = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00]*$"), AfterValidator(_one_line)
]
"""A word or a phrase; white space around it and runs of it within it do not count."""


class CreateAliasRequest(Request):
    """The term and its synonyms mean the same, in either direction; upper and lower case do not tell terms apart."""

    term: AliasText
    synonyms: list[AliasText] = Field(min_length=1, max_length=20)


class AliasResponse(Response):
    id: UUID
    term: str
    synonyms: list[str]
    created_at: Timestamp
    updated_at: Timestamp


class DiscoverRequest(Request):
    limit: int = Field(default=100, ge=1, le=500, description="How many proposals at most, best first.")


EvidenceKind = Literal["acronym", "also_known_as", "redirect", "link"]


class AliasEvidence(Response):
    """Where it stands in the documentation: the first such place of a document, of `count` in that document."""

    document_id: UUID
    title: str
    kind: EvidenceKind
    text: str
    count: int


class AliasProposal(Response):
    """`score` (0 … 1) orders proposals. `evidence` shows the first places, `documents` is how many documents have some.
    `open` says whether everyone who is logged in may read some of them: accepting another proposal makes words of
    closed documents act in everybody's searches.
    """

    term: str
    synonyms: list[str]
    score: float = Field(ge=0, le=1)
    evidence: list[AliasEvidence]
    documents: int
    open: bool
    covered: bool = Field(description="Accepted aliases say all of this already.")


class DiscoverResponse(Response):
    """Nothing is accepted by this: `POST /api/v1/aliases` does that. `stopped` says why not all documents were read."""

    proposals: list[AliasProposal]
    documents_read: int
    stopped: Literal["time", "documents"] | None = None
