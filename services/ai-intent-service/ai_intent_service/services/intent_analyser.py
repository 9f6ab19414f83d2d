"""Rules first; meaning where they are unsure; a model, where there is one, for what leans on the conversation."""

import structlog

from ai_intent_service.services.follow_ups import Leaning, leaning
from flash_core.errors import FlashError
from flash_core.interfaces.intent import IntentInterface
from flash_core.schemas.ai import IntentRequest, IntentResponse, QuestionKind

log = structlog.get_logger(__name__)
_QUESTIONS = {QuestionKind.FOLLOW_UP, QuestionKind.DOCUMENTATION}


class IntentAnalyser(IntentInterface):
    """Never fails: when `meaning` or `model` fail, what was understood without them counts. Each of them keeps to its
    part of the time. A question that stands alone costs no call of the model.
    """

    def __init__(self, rules: IntentInterface, meaning: IntentInterface, model: IntentInterface | None) -> None:
        self._rules = rules
        self._meaning = meaning
        self._model = model

    async def analyse(self, request: IntentRequest) -> IntentResponse:
        best = await self._rules.analyse(request)
        if best.kind in _QUESTIONS:
            best = await _improved(best, self._meaning, request)
        if self._model is not None and _may_lean(request, best):
            by_model = await _improved(best, self._model, request)
            best = by_model.model_copy(update={"filters": by_model.filters or best.filters})
        return best


async def _improved(best: IntentResponse, analyser: IntentInterface, request: IntentRequest) -> IntentResponse:
    try:
        return await analyser.analyse(request)
    except FlashError as error:
        log.warning("intent.part_away", reason=error.code)
        return best


def _may_lean(request: IntentRequest, best: IntentResponse) -> bool:
    if best.kind is QuestionKind.FOLLOW_UP:
        return True
    return best.kind in _QUESTIONS and bool(request.history) and leaning(request.question) is not Leaning.NO
