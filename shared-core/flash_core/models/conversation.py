"""A conversation, its messages and the generations that answer them, as every service speaks of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


class Mode(StrEnum):
    """COMPANY answers from the documentation, with citations; GENERAL is the model alone."""

    COMPANY = "company"
    GENERAL = "general"


class GenerationState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        return self in {GenerationState.DONE, GenerationState.FAILED, GenerationState.CANCELLED}


class Refusal(StrEnum):
    NOT_IN_DOCUMENTATION = "not_in_documentation"


@dataclass(frozen=True, slots=True)
class Conversation:
    id: UUID
    owner_id: UUID
    title: str
    mode: Mode
    created_at: datetime
    updated_at: datetime
