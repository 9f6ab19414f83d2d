"""What is asked, and what the conversation has established, before anything is searched."""

import asyncio

import structlog

from ai_main_service.services.answer_stream import AnswerStream
from ai_main_service.services.established import EstablishedFacts
from flash_core.errors import FlashError
from flash_core.interfaces.ai_provider import ModelCall
from flash_core.interfaces.documents import VisibleDocumentsInterface
from flash_core.interfaces.intent import IntentInterface
from flash_core.models.user import Principal
from flash_core.schemas.ai import IntentRequest, IntentResponse, QuestionKind
from flash_core.schemas.chat import ClaimResponse
from flash_core.utils.words import detect_language

log = structlog.get_logger(__name__)
_TURNS = 20
_FACTS = 100


class Understanding:
    """Both within `seconds`; then the plain question counts, with the facts that are known to stand by then."""

    def __init__(self, intent: IntentInterface, documents: VisibleDocumentsInterface, seconds: float) -> None:
        self._intent = intent
        self._established = EstablishedFacts(documents)
        self._seconds = seconds

    async def of(
        self, claim: ClaimResponse, asker: Principal, stream: AnswerStream
    ) -> tuple[ClaimResponse, IntentResponse]:
        """The claim with the facts that stand for the asker, and what is meant. What that cost goes on the bill."""
        told = claim.model_copy(update={"facts": []})
        try:
            async with asyncio.timeout(self._seconds):
                facts = await self._established.standing(claim.facts, asker)
                told = claim.model_copy(update={"facts": facts})
                intent = await self._intent.analyse(_request(told))
        except (FlashError, TimeoutError) as error:
            log.warning("intent.skipped", error=type(error).__name__)
            return told, _plain(claim.question)
        stream.calls += [ModelCall(**one.model_dump()) for one in intent.calls]
        return told, intent


def _request(claim: ClaimResponse) -> IntentRequest:
    return IntentRequest(question=claim.question, history=claim.history[-_TURNS:], facts=claim.facts[-_FACTS:])


def _plain(question: str) -> IntentResponse:
    return IntentResponse(
        kind=QuestionKind.DOCUMENTATION, standalone_question=question, language=detect_language(question)
    )
