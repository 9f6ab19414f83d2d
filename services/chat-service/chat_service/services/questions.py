"""Accepting questions: what is accepted is durable, and named by its client it is accepted once."""

import hashlib
from collections.abc import Iterable
from uuid import UUID

import orjson
import structlog

from chat_service.interfaces import (
    Accepted,
    Asking,
    ChatUnitOfWorkFactory,
    ChatUnitOfWorkInterface,
    Generation,
    Question,
    RetryRules,
)
from chat_service.services.endings import announce
from flash_core.errors import ConflictError, NotFoundError, RateLimitedError
from flash_core.interfaces.clock import ClockInterface
from flash_core.models.conversation import Conversation, Mode
from flash_core.models.user import Principal
from flash_core.schemas.search import SearchFilters
from flash_core.utils.ids import new_id

log = structlog.get_logger(__name__)
_TITLE_LENGTH = 80
_BUSY_SECONDS = 5.0


class QuestionDesk:
    """One transaction stores the question, the work of answering it, and the event that calls a worker."""

    def __init__(self, unit_of_work: ChatUnitOfWorkFactory, clock: ClockInterface, rules: RetryRules) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._rules = rules

    async def accept(self, user: Principal, asking: Asking) -> Accepted:
        """Durable once this returns. The same client_id is the same question: the ids of the first time.

        Raises `NotFoundError` for a conversation that is not the user's, `ConflictError` when `client_id` has named
        another question, `RateLimitedError` when too many wait in this conversation.
        """
        async with self._unit_of_work() as work:
            conversation = await self._conversation(work, user, asking)
            mode = asking.mode or conversation.mode
            fingerprint = _fingerprint(asking, mode)
            accepted = await _asked_before(work, conversation, asking.client_id, fingerprint, mode)
            if accepted is not None:
                return accepted
            question = Question(new_id(), conversation.id, asking.content, asking.client_id, fingerprint)
            await work.messages.add_question(question)
            generation = await self._queue(work, user, question, mode, asking.filters, request_id=asking.request_id)
            if not conversation.title:
                await work.conversations.rename(conversation.id, title_of(asking.content))
            await work.conversations.touch(conversation.id)
            await work.commit()
        log.info("question.accepted", generation_id=str(generation.id), conversation_id=str(conversation.id))
        return Accepted(conversation.id, question.id, generation.id, mode)

    async def regenerate(
        self, user: Principal, message_id: UUID, *, client_id: str | None, request_id: str
    ) -> Accepted:
        """Answer a question once more, with the asker's present groups. `message_id` is the question's or an answer's.

        The same client_id for the same question is one regeneration.
        """
        async with self._unit_of_work() as work:
            question = await work.messages.question_of(message_id, owner_id=user.user_id)
            if question is None or await work.conversations.lock(question.conversation_id) is None:
                raise NotFoundError("There is no such message.")
            known = await work.generations.named(question.id, client_id) if client_id else None
            first = known or await work.generations.first_of(question.id)
            if first is None:
                raise NotFoundError("There is no such message.")
            generation = known or await self._queue(
                work, user, question, first.mode, first.filters, request_id=request_id, client_id=client_id
            )
            await work.commit()
        return Accepted(question.conversation_id, question.id, generation.id, first.mode)

    async def _conversation(self, work: ChatUnitOfWorkInterface, user: Principal, asking: Asking) -> Conversation:
        """The conversation to ask in, locked; made in this transaction when the question opens one."""
        if asking.conversation_id is None:
            return await self._opened(work, user, asking)
        conversation = await work.conversations.lock(asking.conversation_id)
        if conversation is None or conversation.owner_id != user.user_id:  # do not reveal another's
            raise NotFoundError("There is no such conversation.")
        return conversation

    async def _opened(self, work: ChatUnitOfWorkInterface, user: Principal, asking: Asking) -> Conversation:
        """A repeated client_id opens the conversation that it opened the first time, on whatever replica."""
        now = self._clock.now()
        opened = Conversation(new_id(), user.user_id, "", asking.mode or Mode.COMPANY, now, now)
        if await work.conversations.add(opened, client_id=asking.client_id):
            return opened
        first = await work.conversations.named(asking.client_id or "", owner_id=user.user_id)
        locked = await work.conversations.lock(first.id) if first is not None else None
        if locked is None:
            raise NotFoundError("The conversation that this question opened has been deleted.")
        return locked

    async def _queue(
        self,
        work: ChatUnitOfWorkInterface,
        user: Principal,
        question: Question,
        mode: Mode,
        filters: SearchFilters | None,
        *,
        request_id: str,
        client_id: str | None = None,
    ) -> Generation:
        """A generation at the end of the conversation's line; announced now if nothing is before it."""
        before = await work.generations.unfinished(question.conversation_id)
        if len(before) >= self._rules.max_waiting:
            raise RateLimitedError("Too many questions wait in this conversation.", retry_after=_BUSY_SECONDS)
        generation = Generation(
            id=new_id(),
            conversation_id=question.conversation_id,
            message_id=question.id,
            user_id=user.user_id,
            roles=_sorted(user.roles),
            groups=_sorted(user.groups),
            mode=mode,
            filters=filters,
            request_id=request_id,
            client_id=client_id,
        )
        await work.generations.add(generation, deadline=self._rules.deadline)
        if not before:
            await announce(work, generation)
        return generation


async def _asked_before(
    work: ChatUnitOfWorkInterface, conversation: Conversation, client_id: str | None, fingerprint: str, mode: Mode
) -> Accepted | None:
    question = await work.messages.named(conversation.id, client_id) if client_id else None
    if question is None:
        return None
    if question.fingerprint != fingerprint:
        raise ConflictError("Another question was asked under this name before.")
    generation = await work.generations.first_of(question.id)
    return None if generation is None else Accepted(conversation.id, question.id, generation.id, mode)


def _fingerprint(asking: Asking, mode: Mode) -> str:
    filters = asking.filters.model_dump(mode="json", exclude_none=True) if asking.filters else {}
    asked = orjson.dumps([asking.content, mode, filters], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(asked).hexdigest()


def title_of(content: str) -> str:
    """The beginning of a question, on one line, cut between words."""
    line = " ".join(content.split())
    if len(line) <= _TITLE_LENGTH:
        return line
    cut = line[:_TITLE_LENGTH]
    return f"{cut.rsplit(' ', 1)[0] if ' ' in cut else cut[:-1]}…"


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(str(name) for name in names))
