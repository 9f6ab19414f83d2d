"""What a cross-encoder changes, and what happens when it is away or slow."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from documentation_service.config import SearchSettings
from documentation_service.interfaces import LiveDocument
from documentation_service.services.ranking import Found
from documentation_service.services.reranking import DEPTH, Reranked, Reranking
from flash_core.errors import OverloadedError, UpstreamUnavailableError
from flash_core.interfaces.reranker import RerankerInterface
from flash_core.models.vector import VectorHit
from flash_core.testing.cross_encoders import FakeReranker
from tests.unit.documentation_service.world import NOON

SETTINGS = SearchSettings(rerank_weight=0.6, rerank_seconds=5)


@dataclass
class Scripted(RerankerInterface):
    """Gives these relevances, one after the other."""

    relevances: Sequence[float]
    texts: list[str] = field(default_factory=list)

    async def name(self) -> str | None:
        return "scripted"

    async def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        self.texts += texts
        return list(self.relevances[: len(texts)])


class Endless(FakeReranker):
    async def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        await asyncio.Event().wait()
        raise AssertionError


def found(score: float, text: str = "text", heading: str = "", title: str = "Title") -> Found:
    live = LiveDocument(uuid4(), uuid4(), "x", "folder", title, (), None, frozenset(), "hash", NOON)
    return Found(VectorHit(uuid4(), score, {"text": text, "heading": heading}), live, score, {"fused": score})


async def apply(reranker: RerankerInterface, ranked: list[Found], wanted: bool | None = None) -> Reranked:
    return await Reranking(reranker, SETTINGS).apply("query", ranked, {}, wanted=wanted)


async def test_relevance_and_fused_score_are_added_by_weight() -> None:
    first, second = found(0.8), found(0.4)
    outcome = await apply(Scripted([0.1, 0.9]), [first, second])
    assert (outcome.done, outcome.missed) == (True, False)
    assert [one.hit for one in outcome.found] == [second.hit, first.hit]
    assert [one.score for one in outcome.found] == pytest.approx([0.6 * 0.9 + 0.4 * 0.5, 0.6 * 0.1 + 0.4])
    assert outcome.found[0].components == {"fused": 0.4, "rerank": 0.9}


async def test_what_is_not_read_stays_behind_in_its_order() -> None:
    ranked = [found(1 - at / 100) for at in range(DEPTH + 3)]
    reranker = Scripted([at / 1_000 for at in range(DEPTH)])
    outcome = await apply(reranker, ranked)
    assert len(reranker.texts) == DEPTH
    assert [one.hit for one in outcome.found[DEPTH:]] == [one.hit for one in ranked[DEPTH:]]
    scores = [one.score for one in outcome.found]
    assert scores == sorted(scores, reverse=True)
    assert "rerank" not in outcome.found[-1].components


async def test_a_passage_is_read_under_what_leads_to_it() -> None:
    reranker = Scripted([1, 1, 1])
    ranked = [found(0.9, "a", "Title > Leave"), found(0.8, "b"), found(0.7, "c", "Leave > Sick")]
    await apply(reranker, ranked)
    assert reranker.texts == ["Title > Leave\na", "Title\nb", "Title > Leave > Sick\nc"]


@pytest.mark.parametrize("error", [UpstreamUnavailableError("away"), OverloadedError("busy")])
async def test_without_the_model_the_fused_order_stands_and_that_is_known(error: Exception) -> None:
    ranked = [found(0.8), found(0.4)]
    assert await apply(FakeReranker(error=error), ranked) == Reranked(ranked, missed=True)


async def test_past_the_deadline_the_fused_order_stands() -> None:
    ranked = [found(0.8)]
    settings = SearchSettings(rerank_seconds=0.001)
    outcome = await Reranking(Endless(), settings).apply("query", ranked, {}, wanted=True)
    assert outcome == Reranked(ranked, missed=True)


@pytest.mark.parametrize("wanted", [True, None])
async def test_where_there_is_no_model_nothing_is_missed(wanted: bool | None) -> None:
    ranked = [found(0.8)]
    assert await apply(FakeReranker(model=None), ranked, wanted) == Reranked(ranked)


async def test_who_does_not_want_it_does_not_pay_for_it() -> None:
    reranker, ranked = FakeReranker(), [found(0.8)]
    assert await apply(reranker, ranked, wanted=False) == Reranked(ranked)
    assert await apply(reranker, []) == Reranked([])
    assert reranker.calls == []


async def test_scores_of_nothing_divide_by_nothing() -> None:
    outcome = await apply(Scripted([0.5]), [found(0.0)])
    assert outcome.found[0].score == pytest.approx(0.3)
