"""The intent service's internal wire format (`POST /internal/intent`)."""

from enum import StrEnum

from pydantic import Field

from flash_core.schemas.chat import Fact, Turn
from flash_core.schemas.common import Request, Response
from flash_core.schemas.search import SearchFilters


class QuestionKind(StrEnum):
    """`general` is searched for like `documentation`: the documents may answer it after all, and else it is refused."""

    DOCUMENTATION = "documentation"
    FOLLOW_UP = "follow_up"
    GREETING = "greeting"
    ABOUT = "about"
    GENERAL = "general"
    UNSAFE = "unsafe"


class IntentRequest(Request):
    """`history` and `facts` are oldest first and end before the question."""

    question: str = Field(min_length=1, max_length=8_000)
    history: list[Turn] = Field(default_factory=list, max_length=100)
    facts: list[Fact] = Field(default_factory=list, max_length=100)


class IntentCall(Response):
    """The tokens of a call to a model: `asked` is its name in the settings, `model` the name that the server gave.
    `estimated`: the server has not counted all of them.
    """

    asked: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    estimated: bool = False


class IntentResponse(Response):
    """`standalone_question` needs no conversation to be understood, and does not hold the words that became `filters`;
    `language` is an ISO 639-1 code; `calls` what understanding it has used.
    """

    kind: QuestionKind
    standalone_question: str
    language: str = "en"
    entities: list[str] = Field(default_factory=list)
    filters: SearchFilters | None = None
    calls: list[IntentCall] = Field(default_factory=list)
