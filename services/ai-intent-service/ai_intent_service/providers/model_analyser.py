"""`IntentInterface` on a language model: structured output, validated before it is believed."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from flash_core.errors import UpstreamRejectedError, UpstreamUnavailableError
from flash_core.interfaces.ai_provider import AIProviderInterface, ChatTurn, TextPiece, WritingRequest
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.intent import IntentInterface
from flash_core.models.conversation import Role
from flash_core.schemas.ai import IntentCall, IntentRequest, IntentResponse, QuestionKind
from flash_core.schemas.search import SearchFilters
from flash_core.utils.closing import closing

_QUESTIONS_READ = 8
_FACTS_READ = 20
_CHARACTERS_EACH = 500
_MAX_TOKENS = 400
_LONGEST_QUESTION = 2_000
_MOST_NAMES = 3
_LONGEST_NAME = 80
_LANGUAGE = re.compile(r"[a-z]{2}")


def _question(text: str) -> str:
    if not text.strip() or len(text) > _LONGEST_QUESTION:
        raise ValueError("not a question")
    return text.strip()


def _code(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise ValueError("not an ISO 639-1 code")
    return text


def _names(names: list[str]) -> list[str]:
    if len(names) > _MOST_NAMES or any(not name.strip() or len(name) > _LONGEST_NAME for name in names):
        raise ValueError("not names of sources")
    return names


def _day(text: str | None) -> str | None:
    if text is not None:
        date.fromisoformat(text)
    return text


class Understood(BaseModel):
    """What the model must return. Checks stand outside its JSON schema: servers differ in what they allow in one."""

    model_config = ConfigDict(extra="forbid")

    kind: QuestionKind
    standalone_question: Annotated[str, AfterValidator(_question)]
    language: Annotated[str, AfterValidator(_code)]
    entities: list[str]
    source_names: Annotated[list[str], AfterValidator(_names)]
    updated_after: Annotated[str | None, AfterValidator(_day)]

    def filters(self, now: datetime) -> SearchFilters | None:
        """None without any; a day in the future would hide everything, so it does not count."""
        since = datetime.combine(date.fromisoformat(self.updated_after), time(), UTC) if self.updated_after else None
        since = since if since is not None and since <= now else None
        if since is None and not self.source_names:
            return None
        return SearchFilters(updated_after=since, source_names=self.source_names or None)


_SCHEMA: Final[Mapping[str, Any]] = Understood.model_json_schema()


class ModelAnalyser(IntentInterface):
    """Raises `UpstreamUnavailableError` too when the model returns something else than what it was asked for."""

    def __init__(self, model: AIProviderInterface, prompt: str, clock: ClockInterface) -> None:
        self._model = model
        self._prompt = prompt
        self._clock = clock

    async def analyse(self, request: IntentRequest) -> IntentResponse:
        now = self._clock.now()
        turns = [
            ChatTurn("system", self._prompt),
            ChatTurn("user", _conversation(request, now.astimezone(UTC).date())),
        ]
        asked = WritingRequest(request.question, turns, max_tokens=_MAX_TOKENS, schema=_SCHEMA)
        try:
            understood = Understood.model_validate_json(_object_in(await self._written(asked)))
        except ValidationError as error:
            raise UpstreamUnavailableError("The model did not return what it was asked for.") from error
        return IntentResponse(
            kind=understood.kind,
            standalone_question=understood.standalone_question,
            language=understood.language,
            entities=understood.entities,
            filters=understood.filters(now),
            calls=[IntentCall(**asdict(call)) for call in asked.calls],
        )

    async def _written(self, asked: WritingRequest) -> str:
        try:
            async with closing(self._model.stream(asked)) as pieces:
                return "".join([piece.text async for piece in pieces if isinstance(piece, TextPiece)])
        except UpstreamRejectedError as error:
            raise UpstreamRejectedError(f"{error} It is asked for as AI_INTENT_MODEL.") from error


def _object_in(text: str) -> str:
    """Without the fence or the sentence that models put around it where their server holds them to no schema."""
    return text[text.find("{") : text.rfind("}") + 1]


def _conversation(request: IntentRequest, today: date) -> str:
    """As JSON, so that no turn can be taken for another or for an instruction. Of earlier answers only the facts go
    along: their documents have been looked at since, whether the asker may still read them.
    """
    asked = [turn.content for turn in request.history if turn.role is Role.USER]
    established: list[dict[str, Any]] = [
        {"question": fact.question[:_CHARACTERS_EACH], "answer": fact.statement[:_CHARACTERS_EACH]}
        for fact in request.facts[-_FACTS_READ:]
    ]
    return json.dumps(
        {
            "today": today.isoformat(),
            "earlier_questions": [question[:_CHARACTERS_EACH] for question in asked[-_QUESTIONS_READ:]],
            "established": established,
            "question": request.question,
        },
        ensure_ascii=False,
    )
