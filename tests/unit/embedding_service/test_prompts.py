"""What stands in front of questions and passages."""

import pytest

from embedding_service.providers.prompts import prompts_of
from flash_core.interfaces.embedding import Purpose

SEARCHING = "Represent this sentence for searching relevant passages: "


@pytest.mark.parametrize(
    ("stated", "query", "passage"),
    [
        ({"query": "q: ", "document": "d: "}, "q: ", "d: "),
        ({"query": "q: ", "passage": "p: "}, "q: ", "p: "),
        ({"query": "only "}, "only ", ""),
        ({"query": "", "document": ""}, "", ""),
        ({"clustering": "c: "}, "", ""),
        ({}, "", ""),
    ],
)
def test_stated_prompts_count(stated: dict[str, str], query: str, passage: str) -> None:
    assert prompts_of(stated, "some-model") == {Purpose.QUERY: query, Purpose.PASSAGE: passage}


@pytest.mark.parametrize(
    ("name", "query", "passage"),
    [
        ("intfloat/multilingual-e5-small", "query: ", "passage: "),
        ("e5-base-v2", "query: ", "passage: "),
        ("intfloat/multilingual-e5-large-instruct", "", ""),
        ("nomic-ai/nomic-embed-text-v1.5", "search_query: ", "search_document: "),
        ("BAAI/bge-small-en-v1.5", SEARCHING, ""),
        ("BAAI/bge-m3", "", ""),
        ("mixedbread-ai/mxbai-embed-large-v1", SEARCHING, ""),
        ("Snowflake/snowflake-arctic-embed-s", SEARCHING, ""),
        ("Snowflake/snowflake-arctic-embed-m-v2.0", "", ""),
        ("all-MiniLM-L6-v2 nreimers/MiniLM-L6-H384-uncased", "", ""),
    ],
)
def test_known_families_are_recognised_by_name(name: str, query: str, passage: str) -> None:
    assert prompts_of({}, name) == {Purpose.QUERY: query, Purpose.PASSAGE: passage}


def test_what_a_model_states_goes_before_what_its_family_does() -> None:
    assert prompts_of({"query": "ask: "}, "e5-base-v2") == {Purpose.QUERY: "ask: ", Purpose.PASSAGE: ""}
