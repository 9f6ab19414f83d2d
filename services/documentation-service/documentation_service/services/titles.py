"""How far a document's title and folders are what was asked for: fields of their own beside meaning and words.

Queries by name ("travel card policy") mean the page that is called so, and its passages need not repeat its name. As a
quarter of the score the title raised nDCG@10 from .808 to .838 on link texts and from .809 to .824 on questions about
product documentation; .767 to .759 on headings that were taken out of their pages, and .002 where titles are names of
articles. The folders with a twentieth added .004, .002 and .003 to that, and took nothing elsewhere. Of single passages
the title alone, with the same weight, raised link texts by .022 and product documentation by .013; headings lost .005.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from uuid import UUID

from documentation_service.services.ranking import Found
from flash_core.utils.words import content_stems


def title_matches(said: Sequence[str], languages: Sequence[str], found: Sequence[Found]) -> dict[UUID, float]:
    """By document, from 0 to 1: the Dice coefficient of the title's stems and those of what was said.

    `said` holds the query and other ways to say it, `languages` its own language and others that titles may be in; the
    best of them counts.
    """
    return _matches(said, languages, {one.document.id: one.document.title for one in found})


def path_matches(said: Sequence[str], languages: Sequence[str], found: Sequence[Found]) -> dict[UUID, float]:
    """The same for the names of the folders that lead to the document."""
    return _matches(said, languages, {one.document.id: _folders(one) for one in found})


def _folders(one: Found) -> str:
    path, title = one.document.path, one.document.title
    return " ".join(path[:-1] if path and path[-1] == title else path)


def _matches(said: Sequence[str], languages: Sequence[str], names: Mapping[UUID, str]) -> dict[UUID, float]:
    asked = {
        language: [frozenset(content_stems(text, languages[0], stemmed_in=language)) for text in said]
        for language in languages
    }
    return {
        document: max(_best(ways, name, language) for language, ways in asked.items())
        for document, name in names.items()
    }


def _best(asked: Sequence[frozenset[str]], name: str, language: str) -> float:
    there = _stems(name, language)
    if not there:
        return 0.0
    return max((2 * len(one & there) / (len(one) + len(there)) for one in asked), default=0.0)


@lru_cache(maxsize=4_096)
def _stems(name: str, language: str) -> frozenset[str]:
    return frozenset(content_stems(name, language))
