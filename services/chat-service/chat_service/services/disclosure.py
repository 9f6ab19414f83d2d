"""What of an earlier answer its reader may be shown today: permissions change, and pages are deleted."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.documents import VisibleDocumentsInterface
from flash_core.models.conversation import GenerationState
from flash_core.models.user import Principal
from flash_core.schemas.chat import Answer, MessageResponse

WITHHELD: Final = (
    "This answer is not shown any more: it rests on documentation that was deleted or that you may no longer read."
)
_DOCUMENTS_A_CALL: Final = 1_000
_FRESH: Final = timedelta(seconds=60)
"""Who reads an answer this young was there when it failed."""


class Disclosure:
    """Documentation is asked every time, so that what was closed or deleted is gone from the history too.

    Unknown means no: while documentation is away, answers that rest on documents are not shown, and the
    `UpstreamUnavailableError` says so.
    """

    def __init__(self, documents: VisibleDocumentsInterface, clock: ClockInterface) -> None:
        self._documents = documents
        self._clock = clock

    async def answer(self, answer: Answer, reader: Principal) -> Answer:
        return (await self._shown([answer], reader))[answer.id]

    async def ended(self, stored: Answer, logged: Collection[UUID], reader: Principal) -> tuple[Answer, bool]:
        """An answer that is over, and whether its log may be read as well, which names the `logged` documents: often
        more than are stored, as for a refusal. On which passages a failed answer was to rest is in its log alone.
        """
        named = {*logged, *(source.document_id for source in stored.sources)}
        visible = await self._visible(list(named), reader)
        is_unknown = stored.state is GenerationState.FAILED and _age(stored, self._clock.now()) > _FRESH
        return disclosed(stored, visible), visible >= named and not is_unknown

    async def messages(
        self, rows: Sequence[tuple[int, MessageResponse]], reader: Principal
    ) -> list[tuple[int, MessageResponse]]:
        shown = await self._shown([message.answer for _, message in rows if message.answer], reader)
        return [(place, _with(message, shown)) for place, message in rows]

    async def _shown(self, answers: Sequence[Answer], reader: Principal) -> dict[UUID, Answer]:
        named = dict.fromkeys(source.document_id for answer in answers for source in answer.sources)
        visible = await self._visible(list(named), reader)
        return {answer.id: disclosed(answer, visible) for answer in answers}

    async def _visible(self, document_ids: Sequence[UUID], reader: Principal) -> set[UUID]:
        visible: set[UUID] = set()
        for start in range(0, len(document_ids), _DOCUMENTS_A_CALL):
            visible |= set(await self._documents.versions(document_ids[start : start + _DOCUMENTS_A_CALL], reader))
        return visible


def disclosed(answer: Answer, visible: Collection[UUID]) -> Answer:
    """`answer`, or that it is withheld unless everything that its writer was given is `visible`: a text may hold what
    stands in a passage that it does not cite.
    """
    if all(source.document_id in visible for source in answer.sources):
        return answer
    withheld = {"content": WITHHELD, "sources": [], "citations": [], "uncited": [], "follow_ups": [], "grounded": False}
    return answer.model_copy(update=withheld | {"confidence": 0.0, "withheld": True})


def _with(message: MessageResponse, shown: dict[UUID, Answer]) -> MessageResponse:
    if message.answer is None:
        return message
    answer = shown[message.answer.id]
    return message.model_copy(update={"answer": answer, "content": answer.content})


def _age(answer: Answer, now: datetime) -> timedelta:
    return now - answer.created_at
