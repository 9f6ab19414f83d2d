"""`IntentInterface` on a language model: structured output, validated before it is believed."""

import json
import re
from typing import Annotated

import openai
from openai import AsyncOpenAI
from openai.types.shared_params import ResponseFormatJSONSchema
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from flash_core.errors import UpstreamRejectedError, UpstreamUnavailableError
from flash_core.interfaces.intent import IntentInterface
from flash_core.schemas.ai import IntentRequest, IntentResponse, QuestionKind
from flash_core.schemas.chat import Turn

_TURNS_READ = 8
_CHARACTERS_A_TURN = 1_000
_MAX_TOKENS = 400
_LONGEST_QUESTION = 2_000
_LANGUAGE = re.compile(r"[a-z]{2}")


def _question(text: str) -> str:
    if not text.strip() or len(text) > _LONGEST_QUESTION:
        raise ValueError("not a question")
    return text.strip()


def _code(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise ValueError("not an ISO 639-1 code")
    return text


class Understood(BaseModel):
    """What the model must return. Checks stand outside its JSON schema: servers differ in what they allow in one."""

    model_config = ConfigDict(extra="forbid")

    kind: QuestionKind
    standalone_question: Annotated[str, AfterValidator(_question)]
    language: Annotated[str, AfterValidator(_code)]
    entities: list[str]


_FORMAT: ResponseFormatJSONSchema = {
    "type": "json_schema",
    "json_schema": {"name": "understood", "strict": True, "schema": Understood.model_json_schema()},
}


class OpenAIAnalyser(IntentInterface):
    """Raises `UpstreamUnavailableError` too when the model returns something else than what it was asked for."""

    def __init__(self, client: AsyncOpenAI, model: str, prompt: str) -> None:
        self._client = client
        self._model = model
        self._prompt = prompt

    async def analyse(self, request: IntentRequest) -> IntentResponse:
        content = await self._completed(request)
        try:
            understood = Understood.model_validate_json(content)
        except ValidationError as error:
            raise UpstreamUnavailableError("The model did not return what it was asked for.") from error
        return IntentResponse(
            kind=understood.kind,
            standalone_question=understood.standalone_question,
            language=understood.language,
            entities=understood.entities,
            used_model=True,
        )

    async def _completed(self, request: IntentRequest) -> str:
        try:
            completion = await self._client.chat.completions.create(
                model=self._model,
                messages=[
                    {"role": "system", "content": self._prompt},
                    {"role": "user", "content": _conversation(request)},
                ],
                response_format=_FORMAT,
                temperature=0,
                max_tokens=_MAX_TOKENS,
            )
        except (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError) as error:
            raise UpstreamUnavailableError("The model server does not answer.") from error
        except openai.OpenAIError as error:
            raise UpstreamRejectedError("The model server refuses the request; check AI_INTENT_MODEL.") from error
        return completion.choices[0].message.content or "" if completion.choices else ""


def _conversation(request: IntentRequest) -> str:
    """As JSON, so that no turn can be taken for another or for an instruction."""
    return json.dumps(
        {"conversation": [_read(turn) for turn in request.history[-_TURNS_READ:]], "question": request.question},
        ensure_ascii=False,
    )


def _read(turn: Turn) -> dict[str, str]:
    return {"role": turn.role.value, "content": turn.content[:_CHARACTERS_A_TURN]}
