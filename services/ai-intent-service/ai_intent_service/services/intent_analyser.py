"""Rules first; meaning where they are unsure; a model, where there is one, for what leans on the conversation."""

import asyncio

import structlog

from ai_intent_service.services.follow_ups import Leaning, leaning
from flash_core.errors import FlashError
from flash_core.interfaces.intent import IntentInterface
from flash_core.schemas.ai import IntentRequest, IntentResponse, QuestionKind
from flash_core.utils.tasks import end

log = structlog.get_logger(__name__)
_QUESTIONS = {QuestionKind.FOLLOW_UP, QuestionKind.DOCUMENTATION}


class IntentAnalyser(IntentInterface):
    """Never fails: when `meaning` or `model` fail or are late, what was understood without them counts. Each of them
    keeps to the time there is; they work side by side. A question that stands alone costs no call of the model.
    """

    def __init__(self, rules: IntentInterface, meaning: IntentInterface, model: IntentInterface | None) -> None:
        self._rules = rules
        self._meaning = meaning
        self._model = model

    async def analyse(self, request: IntentRequest) -> IntentResponse:
        best = await self._rules.analyse(request)
        if best.kind not in _QUESTIONS:
            return best
        if self._model is None or not _may_lean(request, best):
            return await _tried(self._meaning, request) or best
        return await self._with_model(self._model, request, best)

    async def _with_model(self, model: IntentInterface, request: IntentRequest, best: IntentResponse) -> IntentResponse:
        """The model's reading, unless meaning sees no question at all: then nobody waits for the model."""
        asking = asyncio.create_task(_tried(model, request))
        try:
            best = await _tried(self._meaning, request) or best
            by_model = await asking if best.kind in _QUESTIONS else None
        finally:
            await end([asking])
        return best if by_model is None else _checked(by_model, request, best)


def _checked(by_model: IntentResponse, request: IntentRequest, best: IntentResponse) -> IntentResponse:
    """The model's reading with the filters that it has not seen, and the names and identifiers of the question that its
    rewriting has lost: they say exactly what is to be found.
    """
    filters = by_model.filters or best.filters
    told = " ".join((by_model.standalone_question, *((filters and filters.source_names) or ()))).lower()
    lost = [one for one in best.entities if one in request.question and one.lower() not in told]
    question = f"{by_model.standalone_question} ({', '.join(lost)})" if lost else by_model.standalone_question
    entities = list(dict.fromkeys((*by_model.entities, *lost)))
    return by_model.model_copy(update={"standalone_question": question, "entities": entities, "filters": filters})


async def _tried(analyser: IntentInterface, request: IntentRequest) -> IntentResponse | None:
    try:
        return await analyser.analyse(request)
    except FlashError as error:
        log.warning("intent.part_away", reason=error.code, detail=str(error))
        return None


def _may_lean(request: IntentRequest, best: IntentResponse) -> bool:
    if best.kind is QuestionKind.FOLLOW_UP:
        return True
    return bool(request.history) and leaning(request.question) is not Leaning.NO
