"""A user's conversations: making, finding, naming and removing them."""

from collections.abc import Sequence
from uuid import UUID

from chat_service.interfaces import ChatUnitOfWorkFactory, ChatUnitOfWorkInterface, ListPosition
from chat_service.services.disclosure import Disclosure
from chat_service.services.endings import hint_cancel
from flash_core.errors import NotFoundError
from flash_core.interfaces.broadcast import BroadcastInterface
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.documents import VisibleDocumentsInterface
from flash_core.models.conversation import Conversation, GenerationState, Mode
from flash_core.models.user import Principal
from flash_core.schemas.chat import FeedbackRequest, MessageResponse
from flash_core.utils.ids import new_id


class ConversationManager:
    """Everything here is the owner's alone: for anyone else it does not exist."""

    def __init__(
        self,
        unit_of_work: ChatUnitOfWorkFactory,
        broadcast: BroadcastInterface,
        clock: ClockInterface,
        documents: VisibleDocumentsInterface,
    ) -> None:
        self._disclosure = Disclosure(documents, clock)
        self._unit_of_work = unit_of_work
        self._broadcast = broadcast
        self._clock = clock

    async def create(self, owner_id: UUID, title: str | None, mode: Mode) -> Conversation:
        """Without a title, the first question gives it one."""
        now = self._clock.now()
        conversation = Conversation(new_id(), owner_id, title or "", mode, now, now)
        async with self._unit_of_work() as work:
            await work.conversations.add(conversation, client_id=None)
            await work.commit()
        return conversation

    async def get(self, owner_id: UUID, conversation_id: UUID) -> Conversation:
        async with self._unit_of_work() as work:
            return await _owned(work, owner_id, conversation_id)

    async def page(
        self, owner_id: UUID, *, search: str, limit: int, after: ListPosition | None
    ) -> Sequence[Conversation]:
        """Most recently active first."""
        async with self._unit_of_work() as work:
            return await work.conversations.page(owner_id, search=search, limit=limit, after=after)

    async def rename(self, owner_id: UUID, conversation_id: UUID, title: str) -> Conversation:
        async with self._unit_of_work() as work:
            await _owned(work, owner_id, conversation_id)
            await work.conversations.rename(conversation_id, title)
            renamed = await _owned(work, owner_id, conversation_id)
            await work.commit()
        return renamed

    async def delete(self, owner_id: UUID, conversation_id: UUID) -> None:
        """Remove all of it; what is being written for it stops."""
        async with self._unit_of_work() as work:
            await _owned(work, owner_id, conversation_id)
            await work.conversations.lock(conversation_id)
            unfinished = await work.generations.unfinished(conversation_id)
            await work.conversations.delete(conversation_id)
            await work.commit()
        for generation in unfinished:
            if generation.state is GenerationState.RUNNING:
                await hint_cancel(self._broadcast, generation.id)

    async def messages(
        self, reader: Principal, conversation_id: UUID, *, limit: int, after: int
    ) -> Sequence[tuple[int, MessageResponse]]:
        """Oldest first, each with its place; answers as far as their reader may still see them."""
        async with self._unit_of_work() as work:
            await _owned(work, reader.user_id, conversation_id)
            rows = await work.messages.page(conversation_id, limit=limit, after=after)
        return await self._disclosure.messages(rows, reader)

    async def rate(self, owner_id: UUID, message_id: UUID, feedback: FeedbackRequest) -> None:
        """Keep the owner's latest opinion of a message."""
        async with self._unit_of_work() as work:
            if await work.messages.question_of(message_id, owner_id=owner_id) is None:
                raise NotFoundError("There is no such message.")
            await work.messages.rate(
                message_id, rating=feedback.rating, reason=feedback.reason, comment=feedback.comment
            )
            await work.commit()


async def _owned(work: ChatUnitOfWorkInterface, owner_id: UUID, conversation_id: UUID) -> Conversation:
    conversation = await work.conversations.get(conversation_id, owner_id=owner_id)
    if conversation is None:
        raise NotFoundError("There is no such conversation.")
    return conversation
