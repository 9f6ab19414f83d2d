"""The chat API's wire format, public and internal, and the frames of an answer."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from flash_core.models.conversation import GenerationState, Mode, Refusal, Role
from flash_core.schemas.common import Problem, Request, Response, ShownUrl, Timestamp
from flash_core.schemas.search import SearchFilters

QuestionText = Annotated[str, StringConstraints(min_length=1, max_length=8_000, pattern=r"\S")]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]


class CreateConversationRequest(Request):
    title: Title | None = None
    mode: Mode = Mode.COMPANY


class UpdateConversationRequest(Request):
    title: Title


class ConversationResponse(Response):
    id: UUID
    title: str
    mode: Mode
    created_at: Timestamp
    updated_at: Timestamp


class PostMessageRequest(Request):
    content: QuestionText
    mode: Mode | None = None
    filters: SearchFilters | None = None


class AcceptedResponse(Response):
    message_id: UUID
    answer_id: UUID


class Source(Response):
    """A passage that an answer may cite. `start`/`end`: code points in the document's text, in this `version`; its
    source calls that `source_version`. `checked_at`: when the index was last equal to the source, as of the answer.
    """

    id: str
    marker: int
    document_id: UUID
    chunk_id: UUID
    title: str
    path: list[str]
    url: ShownUrl
    provider: str
    text: str
    start: int
    end: int
    score: float
    updated_at: Timestamp
    version: str = ""
    source_version: str = ""
    checked_at: Timestamp | None = None


class Citation(Response):
    """`start`/`end` delimit, in code points, the sentence of the answer's content that the source supports."""

    marker: int
    source_id: str
    start: int
    end: int
    supported: bool


class TextSpan(Response):
    """`start`/`end` delimit, in code points, a part of the answer's content."""

    start: int
    end: int


class Usage(Response):
    """`cost` is in the currency of the prices that the operator has set (`AI_PRICES`); None where there is no price.
    `estimated`: the model server has not counted all of the tokens; what it has not said is guessed from the texts.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    estimated: bool = False
    cost: float | None = None


class Timings(Response):
    """Milliseconds; None for a stage that did not happen."""

    queue: float | None = None
    intent: float | None = None
    retrieval: float | None = None
    first_token: float | None = None
    total: float | None = None


class WrittenAnswer(Response):
    """What the writing service hands over when it has finished; chat adds the ids.

    `uncited`: what the content claims without naming a source. `grounded`: it claims nothing that is not cited, and
    each cited passage says it. `confidence`: the probability that the documentation answers the question; 0 where
    none was asked (general mode) or where the writer found no answer in what was found, 1 for a greeting and the like.
    """

    content: str
    citations: list[Citation] = Field(default_factory=list)
    uncited: list[TextSpan] = Field(default_factory=list)
    sources: list[Source] = Field(default_factory=list)
    confidence: float = Field(default=0.0, ge=0, le=1)
    grounded: bool = False
    refusal: Refusal | None = None
    cached: bool = False
    model: str = ""
    usage: Usage = Field(default_factory=Usage)
    timings_ms: Timings = Field(default_factory=Timings)
    follow_ups: list[str] = Field(default_factory=list)


class Answer(WrittenAnswer):
    """`problem` says why, when `state` is failed. `withheld`: its text is kept back, because it rests on documentation
    that was deleted or that the reader may not read any more.
    """

    id: UUID
    message_id: UUID
    conversation_id: UUID
    state: GenerationState
    created_at: Timestamp
    problem: Problem | None = None
    withheld: bool = False


class MessageResponse(Response):
    """A user's message carries its latest answer's id and state, an assistant's message the whole answer."""

    id: UUID
    conversation_id: UUID
    role: Role
    content: str
    created_at: Timestamp
    answer_id: UUID | None = None
    answer_state: GenerationState | None = None
    answer: Answer | None = None


class FeedbackRequest(Request):
    rating: Literal["up", "down"]
    reason: str | None = Field(default=None, max_length=200)
    comment: str | None = Field(default=None, max_length=4_000)


class AskRequest(Request):
    query: QuestionText
    conversation_id: UUID | None = None
    mode: Mode | None = None


class AskResponse(Response):
    response: str
    mode: Mode
    sources: list[Source]
    confidence: float
    conversation_id: UUID
    message_id: UUID
    created_at: Timestamp


# Frames about an answer, as they lie in its log. `answer_id` and `position` are added by whoever reads the log.

Stage = Literal["understanding", "searching", "writing", "checking"]


class StatusFrame(Response):
    type: Literal["status"] = "status"
    stage: Stage
    detail: str = ""


class SourcesFrame(Response):
    type: Literal["sources"] = "sources"
    sources: list[Source]


class DeltaFrame(Response):
    type: Literal["delta"] = "delta"
    text: str


class ResetFrame(Response):
    type: Literal["reset"] = "reset"


class DoneFrame(Response):
    type: Literal["done"] = "done"
    answer: Answer


class ErrorFrame(Response):
    type: Literal["error"] = "error"
    problem: Problem


AnswerFrame = StatusFrame | SourcesFrame | DeltaFrame | ResetFrame | DoneFrame | ErrorFrame


# Between ai-main and chat: the life of a generation (`/internal/generations/{id}/…`).


class Turn(Response):
    """An earlier message of the conversation, oldest first in a list."""

    role: Role
    content: str


class Fact(Response):
    """What an earlier answer of the conversation said with support: one cited sentence without its markers, the
    question that it answered, and the documents that say it, each with the version that said it.
    """

    question: str
    statement: str
    document_ids: list[UUID]
    titles: list[str]
    versions: list[str] = Field(default_factory=list)


class ClaimRequest(Request):
    worker: str = Field(max_length=200)


class ClaimResponse(Response):
    """POST …/claim: the work, now leased to the caller. 409 `fenced`: done, or somebody else has it.

    `attempt` is the fencing token; the lease lasts `lease_seconds` and each heartbeat renews it. `user_id`, `roles`
    and `groups` are the asker's, as proved when the question was accepted. `history` holds the last turns and ends
    before the question; `facts` is what the whole conversation has established so far, oldest first. `regenerated`:
    the question has an answer already, and another one is wanted.
    """

    generation_id: UUID
    conversation_id: UUID
    message_id: UUID
    attempt: int
    lease_seconds: float
    deadline: Timestamp
    queued_ms: float
    question: str
    mode: Mode
    filters: SearchFilters | None
    history: list[Turn]
    facts: list[Fact] = Field(default_factory=list)
    regenerated: bool = False
    user_id: UUID
    roles: list[str]
    groups: list[str]
    request_id: str = ""


class HeartbeatRequest(Request):
    attempt: int


class HeartbeatResponse(Response):
    """POST …/heartbeat: 409 `fenced` when the attempt is no longer the one that counts."""

    cancel_requested: bool


class FinishRequest(Request):
    """POST …/finish (204; the same attempt twice is one finish): `state` is done or cancelled, with what was written;
    or failed, with a problem.
    """

    attempt: int
    state: GenerationState
    answer: WrittenAnswer
    problem: Problem | None = None


class ReleaseRequest(Request):
    """POST …/release (204): give the lease back so that another attempt starts soon. What this one has used, with
    which `model`, is paid for all the same.
    """

    attempt: int
    model: str = ""
    usage: Usage = Field(default_factory=Usage)
