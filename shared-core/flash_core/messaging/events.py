"""Every event that crosses a service boundary through the queue, and the base they share.

Additive change only: a new field has a default. Anything else is a new class with the next version in its topic.
`tests/contract/events/*.json` holds the line. Payloads carry ids, never a bearer token and never a user's text.
"""

from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from flash_core.utils.ids import new_id
from flash_core.utils.request_id import current_request_id


class Event(BaseModel):
    """A fact, in the past tense, that another service acts on.

    `topic` is its versioned name; `stream` the work queue that carries it; `partitions` how many streams share the
    work, chosen by `partition_key`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    topic: ClassVar[str]
    queue: ClassVar[str]
    partitions: ClassVar[int] = 1
    by_topic: ClassVar[dict[str, type["Event"]]] = {}

    event_id: UUID = Field(default_factory=new_id)
    occurred_at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    request_id: str = Field(default_factory=current_request_id)

    @property
    def partition_key(self) -> UUID:
        return self.event_id

    @property
    def stream(self) -> str:
        return stream_name(self.queue, self.partition_key.int % self.partitions)

    @classmethod
    def streams(cls) -> list[str]:
        return [stream_name(cls.queue, partition) for partition in range(cls.partitions)]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        if cls.by_topic.setdefault(cls.topic, cls) is not cls:
            raise TypeError(f"topic {cls.topic!r} is declared twice")


def stream_name(queue: str, partition: int) -> str:
    """The braces are Redis Cluster's hash tag: a stream and its dead letters live on one node."""
    return f"q:{{{queue}.{partition}}}"


def dead_stream(stream: str) -> str:
    return f"dead:{stream}"


class QuestionAccepted(Event):
    """Chat has stored a question and queued the generation that answers it."""

    topic: ClassVar[str] = "chat.question-accepted.v1"
    queue: ClassVar[str] = "ai"
    partitions: ClassVar[int] = 4

    conversation_id: UUID
    generation_id: UUID

    @property
    def partition_key(self) -> UUID:
        return self.conversation_id


class JobQueued(Event):
    """Indexing has stored a job that waits for a worker."""

    topic: ClassVar[str] = "indexing.job-queued.v1"
    queue: ClassVar[str] = "indexing"

    job_id: UUID
