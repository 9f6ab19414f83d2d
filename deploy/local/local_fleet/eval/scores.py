"""One exchange judged: the figures of a question."""

from collections.abc import Mapping
from typing import Any

from local_fleet.eval import texts
from local_fleet.eval.examination import Exchange
from local_fleet.eval.matching import folded, names_of, ranking
from local_fleet.eval.measures import ndcg, recall, reciprocal_rank
from local_fleet.eval.questions import Question
from local_fleet.eval.run import Record

Figures = dict[str, float | None]
_STAGES = ("queue", "intent", "retrieval", "first_token", "total")


def judged(exchange: Exchange, *, search_only: bool) -> Record:
    """A question that failed scores zero wherever it was due something, so that errors never flatter a run."""
    question = exchange.question
    answer = exchange.answer or {}
    figures = _search_figures(exchange)
    if not search_only:
        figures |= _answer_figures(exchange)
    return Record(
        key=question.key,
        question=question.question,
        tags=question.tags,
        answerable=question.answerable,
        error=exchange.error,
        figures=figures,
        ranking=_ranking(exchange),
        timings_ms={"search": exchange.search_ms} | {stage: _timing(answer, stage) for stage in _STAGES},
        **_told(answer),
    )


def _told(answer: Mapping[str, Any]) -> dict[str, Any]:
    if not answer:
        return {}
    sources = [
        {key: source.get(key) for key in ("id", "marker", "title", "url", "document_id")}
        for source in answer["sources"]
    ]
    return {
        "confidence": answer["confidence"],
        "refused": answer["refusal"] is not None,
        "cached": answer["cached"],
        "model": answer["model"],
        "content": answer["content"],
        "citations": answer["citations"],
        "sources": sources,
        "usage": answer["usage"],
    }


def _timing(answer: Mapping[str, Any], stage: str) -> float | None:
    milliseconds: float | None = answer.get("timings_ms", {}).get(stage)
    return milliseconds


def _search_figures(exchange: Exchange) -> Figures:
    expected = exchange.question.expected_documents
    if not expected:
        return {}
    relevant = {folded(name) for name in expected}
    ranked = ranking([names_of(hit) for hit in exchange.hits], expected)
    return {
        "ndcg": ndcg(ranked, relevant),
        "recall": recall(ranked, relevant),
        "mrr": reciprocal_rank(ranked, relevant),
    }


def _answer_figures(exchange: Exchange) -> Figures:
    question, answer = exchange.question, exchange.answer
    is_refusal = answer is not None and answer["refusal"] is not None
    if not question.answerable:
        return {"refused": float(is_refusal)} | (_citation_figures(exchange) if answer and not is_refusal else {})
    if answer is None or is_refusal:
        nothing = dict.fromkeys(("facts", "f1", "exact"), 0.0) if question.facts else {}
        return {"answered": 0.0, "right": 0.0, **nothing}
    facts = _fact_figures(question, answer["content"])
    citations = _citation_figures(exchange)
    return {"answered": 1.0, "right": _right(facts, citations), **facts, **citations}


def _fact_figures(question: Question, content: str) -> Figures:
    if not question.facts:
        return {}
    share = texts.share_contained(content, question.facts)
    return {
        "facts": share,
        "facts_of_answered": share,
        "f1": texts.token_f1(content, question.facts),
        "exact": float(texts.is_exact(content, question.facts)),
    }


def _right(facts: Figures, citations: Figures) -> float | None:
    """None where the question names neither facts nor documents: nobody can say."""
    if facts:
        return float(facts["facts"] == 1)
    if "citation_expected" in citations:
        return float(bool(citations["citation_expected"]))
    return None


def _citation_figures(exchange: Exchange) -> Figures:
    answer = exchange.answer or {}
    citations = answer["citations"]
    spans = [(citation["start"], citation["end"]) for citation in citations]
    figures: Figures = {"citation_recall": texts.share_cited(answer["content"], spans)}
    if citations:
        figures["citation_precision"] = sum(bool(one["supported"]) for one in citations) / len(citations)
    if exchange.question.expected_documents:
        wanted = {folded(name) for name in exchange.question.expected_documents}
        met = [bool(wanted & exchange.cited.get(one["source_id"], frozenset())) for one in citations]
        figures["citation_expected"] = sum(met) / len(met) if met else 0.0
    return figures


def _ranking(exchange: Exchange) -> list[dict[str, Any]]:
    wanted = {folded(name) for name in exchange.question.expected_documents}
    return [
        {
            **{key: hit.get(key) for key in ("title", "external_id", "document_id", "url", "score")},
            "expected": bool(wanted & names_of(hit)),
        }
        for hit in exchange.hits
    ]
