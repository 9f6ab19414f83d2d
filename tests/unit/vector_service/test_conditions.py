"""Who may see what, as the engine is told."""

import pytest

from flash_core.errors import InvalidInputError
from flash_core.models.vector import VectorFilter
from tests.unit.vector_service.fakes import named
from vector_service.interfaces import Above, AnyOf, NoneOf, NotAbove
from vector_service.services.conditions import selected, visible

WIKI, PAGE = named("wiki"), named("page")


def test_the_askers_groups_are_in_every_search() -> None:
    assert visible(VectorFilter(frozenset({"sales", "hr"}))) == [
        AnyOf("source_groups", ("*", "hr", "sales")),
        AnyOf("document_groups", ("*", "hr", "sales")),
    ]


def test_without_groups_only_what_everyone_may_see() -> None:
    assert visible(VectorFilter(frozenset())) == [AnyOf("source_groups", ("*",)), AnyOf("document_groups", ("*",))]


def test_all_filters_hold_together() -> None:
    conditions = visible(VectorFilter(frozenset(), [WIKI], [PAGE], 12.5))
    assert conditions is not None
    assert conditions[2:] == [
        AnyOf("source_id", (str(WIKI),)),
        AnyOf("document_id", (str(PAGE),)),
        Above("updated_at", 12.5),
    ]


def test_none_of_nothing_is_nothing() -> None:
    assert visible(VectorFilter(frozenset(), source_ids=[])) is None
    assert visible(VectorFilter(frozenset(), document_ids=[])) is None


def test_documents_and_sources_are_selected_by_id() -> None:
    assert selected([PAGE], WIKI, except_content_hashes=["v2"], fence=7) == [
        AnyOf("document_id", (str(PAGE),)),
        AnyOf("source_id", (str(WIKI),)),
        NoneOf("content_hash", ("v2",)),
        NotAbove("fence", 7),
    ]


def test_everything_cannot_be_selected_by_accident() -> None:
    with pytest.raises(InvalidInputError):
        selected([], None, except_content_hashes=["v2"])
