"""The order of documents, out of the scores of their passages."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from documentation_service.interfaces import LiveDocument
from documentation_service.services.ranking import (
    TITLE,
    Found,
    NameField,
    Scale,
    by_best_passage,
    by_both_halves,
    by_passage,
    tied,
)
from flash_core.models.vector import VectorHit
from flash_core.utils.ids import new_id
from tests.unit.documentation_service.world import NOON

A, B, C = new_id(), new_id(), new_id()


def found(document_id: UUID, score: float, *, days: int = 0, start: int = 0, text: str = "", **scores: float) -> Found:
    """`days`: how long after the others it was updated."""
    updated_at = NOON + timedelta(days=days)
    live = LiveDocument(document_id, uuid4(), "x", "folder", "X", (), None, frozenset(), "hash", updated_at)
    return Found(VectorHit(uuid4(), score, {"start": start, "text": text}, scores), live, score)


def test_nothing_is_no_ranking() -> None:
    assert by_both_halves([], 0.5) == []


def test_the_best_passage_stands_for_its_document() -> None:
    first, second, other = found(A, 0.9), found(A, 0.8), found(B, 0.7)
    assert [one.hit for one in by_best_passage([first, second, other])] == [first.hit, other.hit]


def test_a_document_unites_the_best_of_its_passages() -> None:
    meaning, words = found(A, 0.5, dense=0.9), found(A, 0.5, keyword=10.0)
    both = found(B, 0.6, dense=0.7, keyword=6.0)
    floor = found(C, 0.1, dense=0.1)
    ranked = by_both_halves([both, meaning, words, floor], 0.5)
    assert [one.document.id for one in ranked] == [A, B, C]
    assert [one.score for one in ranked] == [pytest.approx(1.0), pytest.approx(0.675), pytest.approx(0.0)]
    assert ranked[0].hit is meaning.hit


def test_equal_scores_count_in_full_and_ids_break_the_tie() -> None:
    ranked = by_both_halves([found(B, 1, dense=0.5), found(A, 1, dense=0.5)], 0.4)
    assert [one.document.id for one in ranked] == sorted([A, B])
    assert ranked[0].score == pytest.approx(0.4)


def test_words_alone_are_scaled_from_no_match() -> None:
    ranked = by_both_halves([found(A, 1, keyword=4.0), found(B, 1, keyword=2.0)], 0.5)
    assert [one.score for one in ranked] == [pytest.approx(0.5), pytest.approx(0.25)]


def test_the_parts_of_a_document_s_score_are_told_as_they_go_into_it() -> None:
    first, second = by_both_halves(
        [found(A, 1, dense=0.9), found(A, 1, keyword=3.0), found(B, 1, dense=0.6, keyword=6.0), found(C, 1, dense=0.5)],
        0.5,
    )[:2]
    assert first.components == pytest.approx(
        {
            "dense": 0.9,
            "dense_normalised": 1.0,
            "keyword": 3.0,
            "keyword_normalised": 0.5,
            "link_share": 0,
            "fused": 0.75,
        }
    )
    assert second.score == pytest.approx(second.components["fused"])


LINKS = "- [Leave](leave.md)\n- [Sick leave](sick.md)\n- and more"


def test_a_list_of_links_counts_half_beside_what_it_leads_to() -> None:
    contents = found(A, 0.9, text=LINKS, dense=0.9, keyword=6.0)
    page, floor = found(B, 0.7, dense=0.8, keyword=4.0), found(C, 0.1, dense=0.4)
    first, second, _ = by_both_halves([contents, page, floor], 0.5)
    assert (first.hit, second.hit) == (page.hit, contents.hit)
    assert second.components == pytest.approx(
        {
            "dense": 0.9,
            "dense_normalised": 0.5,
            "keyword": 6.0,
            "keyword_normalised": 0.5,
            "link_share": 0.6,
            "fused": 0.5,
        }
    )


def test_a_document_is_shown_by_a_passage_that_is_no_list_of_links() -> None:
    contents, prose = found(A, 0.9, text=LINKS, dense=0.9), found(A, 0.6, text="Leave is granted.", dense=0.7)
    (only,) = by_both_halves([contents, prose], 1.0, scale=Scale(0.4, 0.9))
    assert only.hit is prose.hit
    assert only.components["dense"] == 0.7
    assert by_best_passage([contents, prose])[0].hit is prose.hit


def test_of_single_passages_a_list_of_links_has_half_its_score_and_all_of_its_document_s_name() -> None:
    contents = found(A, 0.8, text=LINKS, dense=0.9, dense_normalised=0.8)
    (only,) = by_passage([contents], {TITLE: NameField(0.25, {A: 1.0})})
    assert only.score == pytest.approx(0.25 + 0.75 * 0.4)
    assert only.components == pytest.approx(
        {"dense": 0.9, "dense_normalised": 0.4, "title": 1.0, "link_share": 0.6, "fused": only.score}
    )


def test_only_of_equally_good_ones_the_newer_comes_first() -> None:
    old, new, better = found(A, 0.5, days=1), found(B, 0.5 + 1e-9, days=2), found(C, 0.5001)
    for given in ([old, new, better], [new, better, old]):
        ranked = by_passage(given)
        assert [one.document.id for one in ranked] == [C, B, A]
        assert tied(ranked) == [False, True, True]


def test_equal_passages_of_one_document_keep_its_order() -> None:
    ranked = by_passage([found(A, 0.5, start=700), found(A, 0.5, start=10), found(A, 0.7, start=900)])
    assert [one.hit.payload["start"] for one in ranked] == [900, 10, 700]
    assert tied(by_passage([found(A, 0.1)])) == [False]
