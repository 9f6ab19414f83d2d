"""A document answers to its names."""

import pytest

from local_fleet.eval.matching import names_of, ranking

HIT = {
    "document_id": "01a2",
    "external_id": "hr/Vacation.md",
    "url": "https://wiki.example/Vacation/",
    "title": "Vacation days",
}


@pytest.mark.parametrize(
    "name",
    [
        "01a2",
        "hr/vacation.md",
        "https://wiki.example/Vacation",
        "https://wiki.example/vacation#carry-over",
        " vacation DAYS",
    ],
)
def test_a_document_is_found_under_each_of_its_names(name: str) -> None:
    assert ranking([names_of(HIT)], [name]) == [name.strip().lower().partition("#")[0]]


@pytest.mark.parametrize("name", ["Vacation", "vacation.md", "https://wiki.example"])
def test_a_part_of_a_name_is_another_name(name: str) -> None:
    [ranked] = ranking([names_of(HIT)], [name])
    assert ranked.startswith("\0")


def test_an_expected_document_counts_once() -> None:
    twice = [names_of({"document_id": "1", "title": "A", "url": None}), names_of({"document_id": "2", "title": "A"})]
    assert ranking(twice, ["A", "B"]) == ["a", "\x001"]
