"""What some models want in front of a text, so that questions and passages meet.

Where a model's folder states its prompts (`prompts` in `config_sentence_transformers.json`), those count. Older models
say it only in their model cards; the families that are known by name stand here.
"""

import re
from collections.abc import Mapping
from typing import Final

from flash_core.interfaces.embedding import Purpose

Prompts = Mapping[Purpose, str]

_STATED_AS: Final = {Purpose.QUERY: ("query",), Purpose.PASSAGE: ("document", "passage", "corpus")}
"""The names that sentence-transformers looks for, in its order."""

_SEARCHING: Final = "Represent this sentence for searching relevant passages: "
_FAMILIES: Final[tuple[tuple[re.Pattern[str], str, str], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), query, passage)
    for pattern, query, passage in (
        # https://huggingface.co/intfloat/multilingual-e5-small
        (r"\be5-(?:small|base|large)(?:-v2|-unsupervised)?\b(?!-instruct)", "query: ", "passage: "),
        # https://huggingface.co/nomic-ai/nomic-embed-text-v1.5
        (r"\bnomic-embed-text\b", "search_query: ", "search_document: "),
        # https://huggingface.co/BAAI/bge-small-en-v1.5, https://huggingface.co/BAAI/bge-small-zh-v1.5
        (r"\bbge-(?:small|base|large)-en\b", _SEARCHING, ""),
        (r"\bbge-(?:small|base|large)-zh\b", "为这个句子生成表示以用于检索相关文章：", ""),  # noqa: RUF001  # its own colon
        # https://huggingface.co/mixedbread-ai/mxbai-embed-large-v1
        (r"\bmxbai-embed-large\b", _SEARCHING, ""),
        # https://huggingface.co/Snowflake/snowflake-arctic-embed-s
        (r"\bsnowflake-arctic-embed-(?:xs|s|m|l)\b(?!-v2)", _SEARCHING, ""),
    )
)


def prompts_of(stated: Mapping[str, str], known_as: str) -> Prompts:
    """`known_as`: the names that the model goes by. A model that states a prompt for either purpose is taken at it."""
    found = {
        purpose: next((stated[name] for name in names if stated.get(name)), "") for purpose, names in _STATED_AS.items()
    }
    if any(found.values()):
        return found
    for pattern, query, passage in _FAMILIES:
        if pattern.search(known_as):
            return {Purpose.QUERY: query, Purpose.PASSAGE: passage}
    return found
