"""What the chat use cases need from the chat database, and the records they speak of."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from flash_core.interfaces.persistence import UnitOfWorkInterface
from flash_core.models.conversation import Conversation, GenerationState, Mode
from flash_core.models.user import Principal
from flash_core.schemas.chat import Answer, Fact, MessageResponse, Turn, Usage, WrittenAnswer
from flash_core.schemas.common import Problem
from flash_core.schemas.search import SearchFilters
from flash_core.schemas.usage import UsageLine


@dataclass(frozen=True, slots=True)
class Question:
    """A user's stored message.

    `client_id` is the name the client gave it: the same name in the same conversation is the same question.
    `fingerprint` is a digest of what was asked, to tell a repetition from a mistake.
    """

    id: UUID
    conversation_id: UUID
    content: str
    client_id: str | None
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Asking:
    """What a user wants answered. Without `conversation_id` a conversation is made for it; without `mode` the
    conversation's counts. `client_id` is the client's own name for the question.
    """

    content: str
    conversation_id: UUID | None = None
    mode: Mode | None = None
    filters: SearchFilters | None = None
    client_id: str | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    conversation_id: UUID
    message_id: UUID
    answer_id: UUID
    mode: Mode


@dataclass(frozen=True, slots=True)
class Generation:
    """The work of answering one question once. `id` is also the answer's id, and that of its assistant message.

    `user_id`, `roles` and `groups` are the asker's as proved when the question was accepted. `attempt` counts the
    claims and fences every claim but the last.
    """

    id: UUID
    conversation_id: UUID
    message_id: UUID
    user_id: UUID
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    mode: Mode
    filters: SearchFilters | None
    request_id: str
    client_id: str | None = None
    state: GenerationState = GenerationState.QUEUED
    attempt: int = 0
    cancel_requested: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A generation leased to a worker; `queued` is how long it waited since it was accepted."""

    generation: Generation
    question: str
    deadline: datetime
    queued: timedelta


@dataclass(frozen=True, slots=True)
class Ending:
    """How a generation ends: the terminal state, what was written, and why it failed if it did."""

    state: GenerationState
    written: WrittenAnswer
    problem: Problem | None = None


class Hopeless(StrEnum):
    """Why an unfinished generation will not be tried again."""

    CANCELLED = "cancelled"
    LATE = "late"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class RetryRules:
    """`requeue_after` is the first wait before a generation that nobody claims is announced again; each further wait
    doubles up to `requeue_at_most`. A generation is claimed at most `max_attempts` times; no more than `max_waiting`
    wait in one conversation. A model is shown the last `history_turns` questions with their answers.
    """

    lease: timedelta
    deadline: timedelta
    max_attempts: int
    max_waiting: int
    history_turns: int
    requeue_after: timedelta
    requeue_at_most: timedelta


@dataclass(frozen=True, slots=True)
class ListPosition:
    """Where a page of conversations ended."""

    updated_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Period:
    """Days in UTC, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class UsagePosition:
    """Where a page of usage ended: by day, or by user."""

    day: date
    user_id: UUID
    model: str


@dataclass(frozen=True, slots=True)
class Established:
    """A cited sentence that its passages say, without markers; their documents, one by one with title and version."""

    statement: str
    document_ids: tuple[UUID, ...]
    titles: tuple[str, ...]
    versions: tuple[str, ...]


class ConversationRepositoryInterface(Protocol):
    @abstractmethod
    async def add(self, conversation: Conversation, *, client_id: str | None) -> bool:
        """False, and nothing added, when this owner has already made a conversation under `client_id`."""

    @abstractmethod
    async def get(self, conversation_id: UUID, *, owner_id: UUID) -> Conversation | None:
        """None when there is none, or not of this owner."""

    @abstractmethod
    async def named(self, client_id: str, *, owner_id: UUID) -> Conversation | None:
        """The conversation that this owner made under `client_id`."""

    @abstractmethod
    async def lock(self, conversation_id: UUID) -> Conversation | None:
        """Until the end of the transaction, nobody else accepts, ends or deletes in it. Taken before any other lock."""

    @abstractmethod
    async def page(
        self, owner_id: UUID, *, search: str, limit: int, after: ListPosition | None
    ) -> Sequence[Conversation]:
        """Most recently active first; `search` occurs in the title or in a question, in any case of letters. Answers
        are not looked into: what they say may be closed to their owner by now.
        """

    @abstractmethod
    async def rename(self, conversation_id: UUID, title: str) -> None: ...

    @abstractmethod
    async def touch(self, conversation_id: UUID) -> None:
        """Something was said in it: `updated_at` is now."""

    @abstractmethod
    async def delete(self, conversation_id: UUID) -> None:
        """With its messages, generations and feedback."""


class MessageRepositoryInterface(Protocol):
    @abstractmethod
    async def add_question(self, question: Question) -> None: ...

    @abstractmethod
    async def add_answer(self, generation: Generation, written: WrittenAnswer) -> None:
        """The assistant's message for this generation. `ConflictError` when there is one."""

    @abstractmethod
    async def named(self, conversation_id: UUID, client_id: str) -> Question | None:
        """The question that was asked under `client_id`."""

    @abstractmethod
    async def question_of(self, message_id: UUID, *, owner_id: UUID) -> Question | None:
        """The user's message itself, or the question that this assistant's message answers."""

    @abstractmethod
    async def page(self, conversation_id: UUID, *, limit: int, after: int) -> Sequence[tuple[int, MessageResponse]]:
        """Oldest first, each with its place in the conversation; those behind the place `after`."""

    @abstractmethod
    async def history(self, question_id: UUID, *, turns: int) -> Sequence[Turn]:
        """The last `turns` questions before this one with their latest answers, oldest first. Empty answers are left
        out, and those from documentation, which may be closed to the asker by now.
        """

    @abstractmethod
    async def rate(self, message_id: UUID, *, rating: str, reason: str | None, comment: str | None) -> None:
        """Keep the latest feedback for this message."""


class GenerationRepositoryInterface(Protocol):
    @abstractmethod
    async def add(self, generation: Generation, *, deadline: timedelta) -> None:
        """Last in the order of its conversation; it must be done `deadline` from now."""

    @abstractmethod
    async def get(self, generation_id: UUID) -> Generation | None: ...

    @abstractmethod
    async def first_of(self, message_id: UUID) -> Generation | None: ...

    @abstractmethod
    async def named(self, message_id: UUID, client_id: str) -> Generation | None:
        """The one that was asked for under `client_id`."""

    @abstractmethod
    async def unfinished(self, conversation_id: UUID) -> Sequence[Generation]:
        """In the order in which they will be claimed."""

    @abstractmethod
    async def announced(self, generation_id: UUID) -> None:
        """An event for it leaves with this transaction: the wait before the next one begins now."""

    @abstractmethod
    async def claim(self, generation_id: UUID, worker: str, rules: RetryRules) -> Claim | None:
        """Lease it under the next attempt, if it is queued or its lease is over, the oldest unfinished of its
        conversation, not cancelled, in time and not exhausted. Of several concurrent claims one succeeds.
        """

    @abstractmethod
    async def heartbeat(self, generation_id: UUID, attempt: int, lease: timedelta) -> bool | None:
        """Renew the lease and say whether to cancel; None when this attempt no longer has it."""

    @abstractmethod
    async def release(self, generation_id: UUID, attempt: int) -> Generation | None:
        """Queue it again; None when this attempt no longer has it."""

    @abstractmethod
    async def end(self, generation_id: UUID, attempt: int, ending: Ending, *, take_over: bool) -> bool:
        """Make it terminal if it is unfinished and this is its last attempt; True when this call did.

        `take_over`: under an attempt of its own, so that whoever holds this one is fenced.
        """

    @abstractmethod
    async def request_cancel(self, generation_id: UUID) -> None: ...

    @abstractmethod
    async def requeue(self, rules: RetryRules, *, limit: int) -> Sequence[Generation]:
        """Those that wait for a worker longer than they should, or whose worker was lost: each is returned to one
        caller, and not again before its (doubling) wait is over.
        """

    @abstractmethod
    async def hopeless(self, rules: RetryRules, *, limit: int) -> Sequence[tuple[Generation, Hopeless]]:
        """Those that no worker will end any more."""


class FactRepositoryInterface(Protocol):
    """What the answers of a conversation have established. It goes with the conversation."""

    @abstractmethod
    async def add(self, generation: Generation, facts: Sequence[Established], *, keep: int) -> None:
        """Said in answer to this generation's question. What is said in the same words again counts as said now; only
        the `keep` newest of the conversation stay. The conversation must be locked.
        """

    @abstractmethod
    async def before(self, question_id: UUID) -> Sequence[Fact]:
        """What answers to earlier questions of the conversation have established, oldest first."""


class AnswerRepositoryInterface(Protocol):
    """Generations as their readers see them."""

    @abstractmethod
    async def get(self, answer_id: UUID, *, owner_id: UUID) -> Answer | None:
        """None when there is none, or not of this owner."""

    @abstractmethod
    async def settled(self, answer_ids: Sequence[UUID]) -> Sequence[tuple[UUID, int, Answer | None]]:
        """Of these the ones that are over, each with its last attempt; None for those that do not exist any more."""


class UsageRepositoryInterface(Protocol):
    """What answers have used; it outlives their conversations."""

    @abstractmethod
    async def add(self, generation: Generation, model: str, used: Usage) -> None:
        """Keep it, as of now, on top of what earlier attempts at this answer have used: the last one's model counts.
        Without a cost for all of it there is none.
        """

    @abstractmethod
    async def by_day(
        self, user_id: UUID, period: Period, *, limit: int, after: UsagePosition | None
    ) -> Sequence[UsageLine]:
        """This user's days, the newest first, and on each day the models by name."""

    @abstractmethod
    async def by_user(
        self, user_id: UUID | None, period: Period, *, limit: int, after: UsagePosition | None
    ) -> Sequence[UsageLine]:
        """Sums in the whole period, by user and model: everybody's, or this user's."""


class TicketsInterface(Protocol):
    """Logins of sockets that could not send a header: a ticket from the auth service, good for one use."""

    @abstractmethod
    async def redeem(self, ticket: str) -> Principal:
        """Raise `UnauthenticatedError` when it is unknown, used or too old."""

    @abstractmethod
    async def check(self, principal: Principal, since: datetime) -> None:
        """Raise `UnauthenticatedError` when the session has ended, or the user has changed, since then."""


class ChatUnitOfWorkInterface(UnitOfWorkInterface, Protocol):
    conversations: ConversationRepositoryInterface
    messages: MessageRepositoryInterface
    generations: GenerationRepositoryInterface
    answers: AnswerRepositoryInterface
    facts: FactRepositoryInterface
    usage: UsageRepositoryInterface


ChatUnitOfWorkFactory = Callable[[], ChatUnitOfWorkInterface]
