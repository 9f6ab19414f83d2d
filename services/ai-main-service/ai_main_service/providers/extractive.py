"""`AIProviderInterface` without a model: quotes the sentences that answer the question."""

import asyncio
from collections.abc import AsyncIterator

import structlog

from ai_main_service.config import EXTRACTIVE
from ai_main_service.services.opening import SENTINEL
from ai_main_service.services.questions import Question
from ai_main_service.services.quoting import quoted
from ai_main_service.services.selection import Selection
from flash_core.errors import FlashError
from flash_core.interfaces.ai_provider import AIProviderInterface, Finished, TextPiece, WritingRequest
from flash_core.interfaces.embedding import EmbeddingProviderInterface, Purpose

log = structlog.get_logger(__name__)
_EMBEDDED_UNITS = 16


class ExtractiveProvider(AIProviderInterface):
    """Nothing is written that no passage says; where there is nothing to quote, that they do not answer. Vectors make
    it better and are waited for `seconds` at most.
    """

    name = EXTRACTIVE

    def __init__(self, embeddings: EmbeddingProviderInterface, *, seconds: float = 1.0) -> None:
        self._embeddings = embeddings
        self._seconds = seconds

    async def stream(self, request: WritingRequest) -> AsyncIterator[TextPiece | Finished]:
        selection = Selection(Question(request.question), request.passages)
        cosines = await self._cosines(request.question, selection.promising(_EMBEDDED_UNITS))
        markers = [passage.marker for passage in request.passages]
        chosen = selection.choose(cosines)
        for piece in quoted(chosen, markers) if chosen else (SENTINEL,):
            yield TextPiece(piece)
        yield Finished(model=EXTRACTIVE)

    async def _cosines(self, question: str, texts: dict[int, str]) -> dict[int, float]:
        if not texts:
            return {}
        try:
            async with asyncio.timeout(self._seconds):
                vectors = await self._embeddings.embed([question, *texts.values()], purpose=Purpose.QUERY)
        except (FlashError, TimeoutError) as error:
            log.warning("extractive.without_vectors", error=type(error).__name__)
            return {}
        return dict(zip(texts, (vectors[1:] @ vectors[0]).tolist(), strict=True))
