"""A query in the company's other words."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

import structlog

from documentation_service.interfaces import Alternatives, Expansion, QueryExpanderInterface, TransactionFactory
from documentation_service.services.glossary import Glossary
from flash_core.errors import FlashError

log = structlog.get_logger(__name__)

MAX_VARIANTS: Final = 4
MAX_TERMS: Final = 10
"""Of one query: pages of text are not questions."""


class AliasExpander(QueryExpanderInterface):
    """Asks the database for the aliases' version every time, for the aliases themselves only when it has changed."""

    def __init__(self, transaction: TransactionFactory) -> None:
        self._transaction = transaction
        self._glossary = Glossary(0, ())

    async def expand(self, query: str, language: str) -> Expansion:
        try:
            glossary = await self._current()
        except FlashError as error:
            log.warning("expansion.skipped", error=error.code)
            return Expansion(query)
        return expansion_of(query, glossary.found_in(query, language)[:MAX_TERMS])

    async def _current(self) -> Glossary:
        async with self._transaction() as work:
            version = await work.aliases.version()
            if version != self._glossary.version:
                # Read after the version: what changes in between is read again next time.
                self._glossary = Glossary(version, await work.aliases.every())
            return self._glossary


def expansion_of(query: str, found: Sequence[Alternatives]) -> Expansion:
    synonyms = dict.fromkeys(synonym for one in found for synonym in one.synonyms)
    variants = dict.fromkeys(_variants(query, found))
    return Expansion(" ".join((query, *synonyms)), tuple(islice(variants, MAX_VARIANTS)), tuple(found))


def _variants(query: str, found: Sequence[Alternatives]) -> Iterator[str]:
    """All terms by their best synonyms, each term alone, then all by their second ones, and so on."""
    for rank in range(max((len(one.synonyms) for one in found), default=0)):
        chosen = [(one, one.synonyms[min(rank, len(one.synonyms) - 1)]) for one in found]
        yield _said(query, chosen)
        if rank == 0:
            yield from (_said(query, [one]) for one in chosen)


def _said(query: str, chosen: Sequence[tuple[Alternatives, str]]) -> str:
    """The query with these terms replaced."""
    said, at = "", 0
    for one, synonym in chosen:
        said += query[at : one.start] + synonym
        at = one.end
    return said + query[at:]
