"""What a request says by its words: the common ground of the analysers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ai_intent_service.services.courtesy import courtesy_language, is_reaction, without_courtesy
from ai_intent_service.services.follow_ups import Leaning, leaning
from ai_intent_service.services.kinds import kind_of
from ai_intent_service.services.said_filters import Said, said
from ai_intent_service.services.topics import entities_of
from ai_intent_service.services.writing_out import Before, standalone
from flash_core.models.conversation import Role
from flash_core.schemas.ai import IntentRequest, IntentResponse, QuestionKind
from flash_core.schemas.chat import Fact
from flash_core.schemas.search import SearchFilters
from flash_core.utils.words import WORD, detect_language

_SHORT = {QuestionKind.GREETING, QuestionKind.ABOUT}


@dataclass(frozen=True, slots=True)
class Reading:
    """`own` is the question without the courtesies and the filters that it says, `earlier` the asker's questions before
    it, read the same way, oldest first. Only a question for the documentation can lean.
    """

    kind: QuestionKind
    own: Said
    earlier: Sequence[Said]
    before: Before
    leaning: Leaning

    def understood(self, kind: QuestionKind, *, leans: bool) -> IntentResponse:
        """The answer, given what kind it is and whether it leans on the conversation. A question that leans keeps to
        the filters of the one before it, as far as it does not say others.
        """
        question, filters = self.own.rest, self.own.filters
        if kind is QuestionKind.DOCUMENTATION and leans and self.earlier:
            kind, question = QuestionKind.FOLLOW_UP, standalone(question, self.before)
            filters = _inherited(filters, self.earlier[-1].filters)
        language = detect_language(self.own.rest, default=self._usual_language(kind))
        return IntentResponse(
            kind=kind,
            standalone_question=question,
            language=language,
            entities=entities_of(question, language),
            filters=filters,
        )

    def _usual_language(self, kind: QuestionKind) -> str:
        spoken = courtesy_language(self.own.rest) if kind in _SHORT else None
        if spoken is not None:
            return spoken
        return detect_language(self.earlier[-1].rest) if self.earlier else "en"


def read(request: IntentRequest, now: datetime) -> Reading:
    question = without_courtesy(request.question.strip())
    asked = [without_courtesy(turn.content.strip()) for turn in request.history if turn.role is Role.USER]
    earlier = [_said(one, now) for one in asked if one and _first_kind(one) is QuestionKind.DOCUMENTATION]
    kind = kind_of(question) if earlier else _first_kind(question)
    own = _said(question, now, has_conversation=bool(earlier)) if kind is QuestionKind.DOCUMENTATION else Said(question)
    return Reading(
        kind=kind,
        own=own,
        earlier=earlier,
        before=Before([one.rest for one in earlier], _established(request.facts)),
        leaning=leaning(own.rest) if earlier and kind is QuestionKind.DOCUMENTATION else Leaning.NO,
    )


def _first_kind(question: str) -> QuestionKind:
    """The kind where there is nothing that "yes" could be about."""
    return QuestionKind.GREETING if is_reaction(question) else kind_of(question)


def _said(question: str, now: datetime, *, has_conversation: bool = False) -> Said:
    """Filters may leave nothing to ask ("And since March?") only where the conversation says what is asked."""
    found = said(question, now)
    return found if has_conversation or WORD.search(found.rest) else Said(question)


def _established(facts: Sequence[Fact]) -> list[str]:
    return [text for fact in reversed(facts) for text in (fact.statement, *fact.titles, fact.question)]


def _inherited(own: SearchFilters | None, before: SearchFilters | None) -> SearchFilters | None:
    if own is None or before is None:
        return own or before
    return SearchFilters(
        source_names=own.source_names or before.source_names, updated_after=own.updated_after or before.updated_after
    )
