"""Understanding by words and by meaning: rules, and the question's vector where they are unsure."""

import asyncio
import re
from typing import Final

import numpy as np
import structlog

from ai_intent_service.services.exemplars import Exemplars, Measure, measure_of
from ai_intent_service.services.follow_ups import Leaning
from ai_intent_service.services.reading import Reading, read
from ai_intent_service.services.writing_out import last_subject, leans_by_rules
from flash_core.errors import FlashError, UpstreamUnavailableError
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.embedding import EmbeddingProviderInterface, Priority, Purpose, Vectors
from flash_core.interfaces.intent import IntentInterface
from flash_core.interfaces.worker import WorkerInterface
from flash_core.schemas.ai import IntentRequest, IntentResponse, QuestionKind
from flash_core.utils.tasks import cancelled
from flash_core.utils.words import detect_language

log = structlog.get_logger(__name__)
_AGAIN_SECONDS: Final = 1.0
_TO_SOMEBODY: Final = re.compile(
    r"\b(?:you|your|yours|yourself|u|am i (?:talking|speaking|chatting)|answering me)\b", re.IGNORECASE
)
_LANGUAGE: Final = "en"
"""The exemplars' language; small models place questions in another one by their looks: rules alone read those."""


class MeaningAnalyser(IntentInterface, WorkerInterface):
    """Rules decide what they are sure of. Else the question is compared with exemplars of each kind and, where it may
    lean on the conversation, with what that is about. Raises what the embeddings raise.

    As a worker it embeds the exemplars, behind the questions of people who wait, and looks every `check_seconds`
    whether the model is still the same. Until it has done so there is nothing to compare with, and nobody waits for it.
    """

    name = "exemplars"

    def __init__(
        self,
        embeddings: EmbeddingProviderInterface,
        exemplars: Exemplars,
        clock: ClockInterface,
        *,
        check_seconds: float = 30.0,
    ) -> None:
        self._embeddings = embeddings
        self._exemplars = exemplars
        self._clock = clock
        self._check_seconds = check_seconds
        self._model = ""
        self._measure: Measure | None = None

    @property
    def model(self) -> str:
        """The embedding model that the exemplars have been embedded with; empty before that."""
        return self._model

    async def run(self) -> None:
        while not cancelled():
            try:
                await self.prepare()
                pause = self._check_seconds
            except FlashError as error:
                log.info("exemplars.waiting", reason=error.code)
                pause = min(_AGAIN_SECONDS, self._check_seconds)
            await asyncio.sleep(pause)

    async def prepare(self) -> None:
        """Embed the exemplars, if that has not been done with the present model. Raises what the embeddings raise."""
        model = await self._embeddings.model()
        if self._measure is not None and model.name == self._model:
            return
        texts = [text for some in self._exemplars.values() for text in some]
        vectors = await self._embeddings.embed(texts, purpose=Purpose.QUERY, priority=Priority.BULK)
        ends = np.cumsum([len(some) for some in self._exemplars.values()])[:-1]
        self._measure = measure_of(dict(zip(self._exemplars, np.split(vectors, ends), strict=True)))
        self._model = model.name

    async def analyse(self, request: IntentRequest) -> IntentResponse:
        reading = read(request, self._clock.now())
        by_rules = leans_by_rules(reading.own.rest)
        if reading.kind is not QuestionKind.DOCUMENTATION or detect_language(reading.own.rest) != _LANGUAGE:
            return reading.understood(reading.kind, leans=by_rules)
        is_open = reading.leaning is Leaning.UNSURE and not by_rules
        texts = [reading.own.rest, last_subject(reading.before)] if is_open else [reading.own.rest]
        if self._measure is None:
            raise UpstreamUnavailableError("The exemplars have not been embedded yet.")
        vectors = await self._embeddings.embed(texts, purpose=Purpose.QUERY)
        if vectors.shape[1] != self._measure.dimension:
            raise UpstreamUnavailableError("The exemplars are being embedded by another model.")
        return self._understood(reading, self._measure, vectors, leans=by_rules)

    def _understood(self, reading: Reading, measure: Measure, vectors: Vectors, *, leans: bool) -> IntentResponse:
        kind = measure.kind_of(vectors[0], _kinds_of(reading, leans=leans))
        return reading.understood(kind, leans=leans or (len(vectors) > 1 and measure.is_on_topic(*vectors)))


def _kinds_of(reading: Reading, *, leans: bool) -> list[QuestionKind]:
    """What it may be. "Can you give me an example?" in a conversation asks for more of it, not about AskFlash."""
    kinds = [QuestionKind.GREETING, QuestionKind.UNSAFE]
    if leans and reading.earlier:
        return kinds
    about = [QuestionKind.ABOUT] if _TO_SOMEBODY.search(reading.own.rest) else []
    return [*kinds, QuestionKind.GENERAL, *about]
