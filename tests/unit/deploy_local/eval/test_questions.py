"""Question files: what is wrong is named by file, line and field."""

import json
from pathlib import Path

import pytest

from local_fleet.errors import FleetError
from local_fleet.eval.questions import read_questions


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "questions.jsonl"


def test_a_file_is_read_line_by_line(file: Path) -> None:
    lines = [
        {"question": "Vacation?", "expected_facts": ["27", ["two weeks", "14 days"]], "expected_documents": ["a.md"]},
        {"question": "Chess?", "answerable": False, "id": "q2", "tags": ["foreign"]},
    ]
    file.write_text("\ufeff" + "\n\n".join(json.dumps(line) for line in lines) + "\n", "utf-8")
    first, second = read_questions(file)
    assert first.facts == [["27"], ["two weeks", "14 days"]]
    assert (first.key, first.answerable) == ("Vacation?", True)
    assert (second.key, second.answerable, second.tags) == ("q2", False, ["foreign"])
    assert read_questions(file, 1) == [first]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"question": "A?", "answerable": "no"}', "answerable: Input should be a valid boolean"),
        ('{"question": " "}', "question: "),
        ('{"expected_facts": []}', "question: Field required"),
        ('{"question": "A?", "expected_facts": "27"}', "expected_facts: "),
        ('{"question": "A?", "expected_facts": [[]]}', r"expected_facts\.0"),
        ('{"question": "A?", "expected_docs": []}', "expected_docs: Extra inputs"),
        ('{"question": "A?", "answerable": false, "expected_facts": ["x"]}', "expects neither facts nor documents"),
        ('{"question": ', "Invalid JSON"),
        ('["A?"]', "object"),
    ],
)
def test_a_bad_line_is_named(file: Path, line: str, problem: str) -> None:
    file.write_text('{"question": "Good?"}\n' + line + "\n")
    with pytest.raises(FleetError, match=rf"nothing was asked:\n.*questions\.jsonl:2: .*{problem}"):
        read_questions(file, 1)


def test_the_same_question_twice_needs_ids(file: Path) -> None:
    file.write_text('{"question": "A?"}\n{"question": "A?"}\n')
    with pytest.raises(FleetError, match="stands for 2 questions"):
        read_questions(file)
    file.write_text('{"question": "A?"}\n{"question": "A?", "id": "again"}\n')
    assert len(read_questions(file)) == 2


def test_many_problems_are_counted_rather_than_listed(file: Path) -> None:
    file.write_text("{}\n" * 25)
    with pytest.raises(FleetError, match="and 5 more") as caught:
        read_questions(file)
    assert str(caught.value).count("Field required") == 20


def test_a_file_without_questions_is_an_error(file: Path) -> None:
    file.write_text("\n")
    with pytest.raises(FleetError, match="no question in this file"):
        read_questions(file)


def test_a_file_that_is_not_there_is_an_error(file: Path) -> None:
    with pytest.raises(FleetError, match="cannot be read"):
        read_questions(file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FleetError, match="cannot be read"):
        read_questions(file)
