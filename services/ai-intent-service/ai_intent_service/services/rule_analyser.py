"""Understanding a question without any model: in microseconds, and always there."""

from ai_intent_service.services.reading import read
from ai_intent_service.services.writing_out import leans_by_rules
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.intent import IntentInterface
from flash_core.schemas.ai import IntentRequest, IntentResponse


class RuleAnalyser(IntentInterface):
    """Never fails. A follow-up is written out from the asker's own earlier questions and what has been established."""

    def __init__(self, clock: ClockInterface) -> None:
        self._clock = clock

    async def analyse(self, request: IntentRequest) -> IntentResponse:
        reading = read(request, self._clock.now())
        return reading.understood(reading.kind, leans=leans_by_rules(reading.own.rest))
