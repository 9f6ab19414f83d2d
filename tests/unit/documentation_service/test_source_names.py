"""Which sources are meant by what people call them."""

import pytest

from documentation_service.interfaces import SourceState
from documentation_service.services.source_names import resolved
from flash_core.utils.ids import new_id

SOURCES = [
    SourceState(new_id(), name, 1, settled=True)
    for name in ("HR Wiki", "Engineering Handbook", "Engineering Platform", "Wiki", "Sales EMEA", "The Guide")
]


def called(*names: str) -> tuple[list[str], list[str]]:
    ids, unresolved = resolved(names, SOURCES)
    return [source.name for source in SOURCES if source.id in ids], unresolved


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("HR Wiki", ["HR Wiki"]),
        ("hr wiki", ["HR Wiki"]),
        ("the hr-wiki", ["HR Wiki"]),
        ("HR", ["HR Wiki"]),
        ("our HR docs", ["HR Wiki"]),
        ("engineering handbook", ["Engineering Handbook"]),
        ("the engineering space", ["Engineering Handbook"]),
        ("platform", ["Engineering Platform"]),
        ("emea", ["Sales EMEA"]),
        ("the wiki", ["Wiki"]),
        ("guide", ["The Guide"]),
        ("legal", []),
        ("the docs", []),
        ("", []),
    ],
)
def test_a_source_is_found_by_what_people_call_it(name: str, meant: list[str]) -> None:
    assert called(name) == (meant, [] if meant else [name])


def test_several_names_are_several_sources_and_the_rest_is_told() -> None:
    assert called("sales", "nothing like it", "HR") == (["HR Wiki", "Sales EMEA"], ["nothing like it"])


def test_a_name_that_fits_several_sources_means_all_of_them() -> None:
    sources = [SourceState(new_id(), f"Engineering {part}", 1, settled=True) for part in ("North", "South")]
    assert resolved(["engineering docs"], sources) == ([source.id for source in sources], [])
