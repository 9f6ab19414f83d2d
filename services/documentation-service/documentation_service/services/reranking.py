"""The fourth step of a search, where there is a cross-encoder: the best passages, read together with the query."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from documentation_service.config import SearchSettings
from documentation_service.services.ranking import Found, in_order
from documentation_service.services.timing import timed
from flash_core.errors import FlashError
from flash_core.interfaces.reranker import RerankerInterface

log = structlog.get_logger(__name__)

DEPTH: Final = 12
"""How many are read: two cores embed 32 passages of 128 tokens a second with MiniLM, and a cross-encoder of that size
reads passages twice as long together with the query. More would miss the default deadline there.
"""

RERANK: Final = "rerank"
_SEPARATOR: Final = " > "


@dataclass(frozen=True, slots=True)
class Reranked:
    """`done`: the model's scores are in. `missed`: they should be, but the model was away or too slow."""

    found: list[Found]
    done: bool = False
    missed: bool = False


class Reranking:
    """The score becomes `weight` · relevance + (1 - `weight`) · fused score, the latter scaled so that the best is 1.

    The fused score keeps a part, because a cross-encoder's relevances crowd near 0 and 1, where they say little about
    the order, and because words that must match exactly (codes, names) are what it knows least. What is behind the
    first `DEPTH` has relevance 0 and stays behind them, in the fused order.
    """

    def __init__(self, reranker: RerankerInterface, settings: SearchSettings) -> None:
        self._reranker = reranker
        self._settings = settings

    async def apply(
        self, query: str, ranked: list[Found], timings: dict[str, float], *, wanted: bool | None
    ) -> Reranked:
        """`wanted=None`: when there is a model. Past the deadline the fused order stands."""
        if wanted is False or not ranked or await self._reranker.name() is None:
            return Reranked(ranked)
        with timed(timings, RERANK):
            try:
                async with asyncio.timeout(self._settings.rerank_seconds):
                    scores = await self._reranker.scores(query, [_text(one) for one in ranked[:DEPTH]])
            except (FlashError, TimeoutError) as error:
                log.warning("search.not_reranked", error=type(error).__name__)
                return Reranked(ranked, missed=True)
        return Reranked(in_order(self._combined(ranked, scores)), done=True)

    def _combined(self, ranked: Sequence[Found], scores: Sequence[float]) -> list[Found]:
        weight, best = self._settings.rerank_weight, max(one.score for one in ranked)
        fused = [one.score / best if best > 0 else 0.0 for one in ranked]
        read = [
            replace(
                one,
                score=weight * relevance + (1 - weight) * share,
                components={**one.components, RERANK: relevance},
            )
            for one, relevance, share in zip(ranked, scores, fused, strict=False)
        ]
        unread = [
            replace(one, score=(1 - weight) * share)
            for one, share in zip(ranked[len(read) :], fused[len(read) :], strict=True)
        ]
        return [*read, *unread]


def _text(one: Found) -> str:
    """The passage under what leads to it: alone it often does not say what it is about."""
    headings = str(one.hit.payload.get("heading", "")).split(_SEPARATOR)
    place = [one.document.title, *(heading for heading in headings if heading not in {"", one.document.title})]
    return f"{_SEPARATOR.join(place)}\n{one.hit.payload['text']}"
