"""Understanding a question without any model: in microseconds, and always there."""

from ai_intent_service.services.follow_ups import is_follow_up, standalone
from ai_intent_service.services.kinds import kind_of
from ai_intent_service.services.topics import entities_of
from flash_core.interfaces.intent import IntentInterface
from flash_core.models.conversation import Role
from flash_core.schemas.ai import IntentRequest, IntentResponse, QuestionKind
from flash_core.utils.words import detect_language


class RuleAnalyser(IntentInterface):
    """Never fails. A follow-up is written out from the asker's own earlier questions."""

    async def analyse(self, request: IntentRequest) -> IntentResponse:
        question = request.question.strip()
        earlier = [
            turn.content.strip()
            for turn in request.history
            if turn.role is Role.USER and kind_of(turn.content) is QuestionKind.DOCUMENTATION
        ]
        kind = kind_of(question)
        alone = question
        if kind is QuestionKind.DOCUMENTATION and earlier and is_follow_up(question):
            kind, alone = QuestionKind.FOLLOW_UP, standalone(question, earlier)
        language = detect_language(question, default=detect_language(earlier[-1]) if earlier else "en")
        return IntentResponse(
            kind=kind, standalone_question=alone, language=language, entities=entities_of(alone, language)
        )
