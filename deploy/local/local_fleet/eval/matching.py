"""Which of a question's expected documents a search hit or a cited source is.

A document answers to its external id, its document id, its URL and its title. Case, white space around a name, a URL's
fragment and its last slash do not count; everything else does.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

Names = frozenset[str]


def folded(name: str) -> str:
    plain = name.strip().casefold()
    return plain.partition("#")[0].rstrip("/") if "://" in plain else plain


def names_of(document: Mapping[str, Any]) -> Names:
    """Of a search hit, an answer's source or a document of the API."""
    known = (document.get(field) for field in ("external_id", "document_id", "id", "url", "title"))
    return frozenset(folded(name) for name in known if name)


def ranking(documents: Sequence[Names], expected: Collection[str]) -> list[str]:
    """The ranked documents as the expected name that each is first found under, or as one that nobody expects."""
    wanted = dict.fromkeys(folded(name) for name in expected)
    ranked: list[str] = []
    for position, names in enumerate(documents):
        match = next((name for name in wanted if name in names), f"\0{position}")
        wanted.pop(match, None)
        ranked.append(match)
    return ranked
