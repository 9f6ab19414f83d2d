"""Rules first; a model, where there is one, for what rules read badly."""

import asyncio

import structlog

from flash_core.errors import FlashError
from flash_core.interfaces.intent import IntentInterface
from flash_core.schemas.ai import IntentRequest, IntentResponse, QuestionKind

log = structlog.get_logger(__name__)


class IntentAnalyser(IntentInterface):
    """A question that stands alone costs no call of the model. One that leans on the conversation gets `seconds` of
    the model's time; when it fails or takes longer, what the rules say counts.
    """

    def __init__(self, rules: IntentInterface, model: IntentInterface | None, *, seconds: float) -> None:
        self._rules = rules
        self._model = model
        self._seconds = seconds

    async def analyse(self, request: IntentRequest) -> IntentResponse:
        by_rules = await self._rules.analyse(request)
        if self._model is None or not _leans(request, by_rules):
            return by_rules
        try:
            async with asyncio.timeout(self._seconds):
                return await self._model.analyse(request)
        except (FlashError, TimeoutError) as error:
            log.warning("intent.by_rules", reason=type(error).__name__)
            return by_rules


def _leans(request: IntentRequest, by_rules: IntentResponse) -> bool:
    """Rules recognise that a question leans on the conversation more surely than what it leans on."""
    is_question = by_rules.kind in {QuestionKind.FOLLOW_UP, QuestionKind.DOCUMENTATION}
    return bool(request.history) and is_question
