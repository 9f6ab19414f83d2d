"""The order of documents, out of the scores of their passages."""

from uuid import UUID, uuid4

import pytest

from documentation_service.interfaces import LiveDocument
from documentation_service.services.ranking import Found, best_of_each, fused_by_document
from flash_core.models.vector import VectorHit
from flash_core.utils.ids import new_id
from tests.unit.documentation_service.world import NOON

A, B, C = new_id(), new_id(), new_id()


def found(document_id: UUID, score: float, **scores: float) -> Found:
    live = LiveDocument(document_id, uuid4(), "x", "folder", "X", (), None, frozenset(), "hash", NOON)
    return Found(VectorHit(uuid4(), score, {}, scores), live, score)


def test_nothing_is_no_ranking() -> None:
    assert fused_by_document([], 0.5) == []


def test_the_best_passage_stands_for_its_document() -> None:
    first, second = found(A, 0.9), found(A, 0.8)
    assert best_of_each([first, second, found(B, 0.7)])[0] is first


def test_a_document_unites_the_best_of_its_passages() -> None:
    meaning, words = found(A, 0.5, dense=0.9), found(A, 0.5, keyword=10.0)
    both = found(B, 0.6, dense=0.7, keyword=6.0)
    floor = found(C, 0.1, dense=0.1)
    ranked = fused_by_document([both, meaning, words, floor], 0.5)
    assert [one.document.id for one in ranked] == [A, B, C]
    assert [one.score for one in ranked] == [pytest.approx(1.0), pytest.approx(0.675), pytest.approx(0.0)]
    assert ranked[0].hit is meaning.hit


def test_equal_scores_count_in_full_and_ids_break_the_tie() -> None:
    ranked = fused_by_document([found(B, 1, dense=0.5), found(A, 1, dense=0.5)], 0.4)
    assert [one.document.id for one in ranked] == sorted([A, B])
    assert ranked[0].score == pytest.approx(0.4)


def test_words_alone_are_scaled_from_no_match() -> None:
    ranked = fused_by_document([found(A, 1, keyword=4.0), found(B, 1, keyword=2.0)], 0.5)
    assert [one.score for one in ranked] == [pytest.approx(0.5), pytest.approx(0.25)]
