"""Understanding by words and by meaning: rules, and the question's vector where they are unsure."""

import asyncio
import re
from typing import Final

import numpy as np

from ai_intent_service.services.exemplars import Exemplars, Measure, measure_of
from ai_intent_service.services.follow_ups import Leaning
from ai_intent_service.services.reading import Reading, read
from ai_intent_service.services.writing_out import last_subject, leans_by_rules
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.embedding import EmbeddingProviderInterface, Priority, Purpose, Vectors
from flash_core.interfaces.intent import IntentInterface
from flash_core.schemas.ai import IntentRequest, IntentResponse, QuestionKind
from flash_core.utils.words import detect_language

_TO_SOMEBODY: Final = re.compile(
    r"\b(?:you|your|yours|yourself|u|am i (?:talking|speaking|chatting)|answering me)\b", re.IGNORECASE
)
_LANGUAGE: Final = "en"
"""The exemplars' language; small models place questions in another one by their looks: rules alone read those."""


class MeaningAnalyser(IntentInterface):
    """Rules decide what they are sure of. Else the question is compared with exemplars of each kind and, where it may
    lean on the conversation, with what that is about. Raises what the embeddings raise.

    The exemplars are embedded once a model, behind the questions of people who wait; until then this is unavailable
    to those who can't wait for it.
    """

    def __init__(self, embeddings: EmbeddingProviderInterface, exemplars: Exemplars, clock: ClockInterface) -> None:
        self._embeddings = embeddings
        self._exemplars = exemplars
        self._clock = clock
        self._measures: dict[str, asyncio.Task[Measure]] = {}

    async def analyse(self, request: IntentRequest) -> IntentResponse:
        reading = read(request, self._clock.now())
        by_rules = leans_by_rules(reading.own.rest)
        if reading.kind is not QuestionKind.DOCUMENTATION or detect_language(reading.own.rest) != _LANGUAGE:
            return reading.understood(reading.kind, leans=by_rules)
        is_open = reading.leaning is Leaning.UNSURE and not by_rules
        texts = [reading.own.rest, last_subject(reading.before)] if is_open else [reading.own.rest]
        model, vectors = await asyncio.gather(
            self._embeddings.model(), self._embeddings.embed(texts, purpose=Purpose.QUERY)
        )
        measure = await self._measure(model.name)
        return self._understood(reading, measure, vectors, leans=by_rules)

    def _understood(self, reading: Reading, measure: Measure, vectors: Vectors, *, leans: bool) -> IntentResponse:
        kinds = [QuestionKind.GREETING, QuestionKind.GENERAL, QuestionKind.UNSAFE]
        if _TO_SOMEBODY.search(reading.own.rest):
            kinds.append(QuestionKind.ABOUT)
        kind = measure.kind_of(vectors[0], kinds)
        return reading.understood(kind, leans=leans or (len(vectors) > 1 and measure.is_on_topic(*vectors)))

    async def _measure(self, model: str) -> Measure:
        """Goes on when the caller is out of time, so that a later one finds it done."""
        task = self._measures.get(model)
        if task is None or (task.done() and task.exception() is not None):
            task = self._measures[model] = asyncio.create_task(self._measured())
        return await asyncio.shield(task)

    async def _measured(self) -> Measure:
        texts = [text for some in self._exemplars.values() for text in some]
        vectors = await self._embeddings.embed(texts, purpose=Purpose.QUERY, priority=Priority.BULK)
        ends = np.cumsum([len(some) for some in self._exemplars.values()])[:-1]
        return measure_of(dict(zip(self._exemplars, np.split(vectors, ends), strict=True)))
