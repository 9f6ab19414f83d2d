"""Embedding models that are known to read many languages, by their names."""

import re
from typing import Final

_MULTILINGUAL: Final = re.compile(
    r"multilingual|bge-m3|labse|distiluse|text-embedding-(?:3|ada)|jina-embeddings-v[34]|qwen3-embedding|gte-qwen2"
    r"|embeddinggemma|arctic-embed-[lm]-v2|nomic-embed-text-v2|mistral-embed|gemini-embedding|embed-v4",
    re.IGNORECASE,
)


def is_multilingual(model: str) -> bool:
    return _MULTILINGUAL.search(model) is not None
