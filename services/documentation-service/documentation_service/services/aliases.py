"""The company's own synonyms, as editors keep them."""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

import structlog

from documentation_service.interfaces import Alias, TransactionFactory
from flash_core.errors import ConflictError, FieldError, InvalidInputError, NotFoundError
from flash_core.interfaces.clock import ClockInterface
from flash_core.utils.ids import new_id

log = structlog.get_logger(__name__)

MAX_ALIASES: Final = 5_000
"""Every replica keeps all of them in memory."""
MAX_SYNONYMS: Final = 20


def folded(text: str) -> str:
    """What terms are told apart by: neither case, white space nor the way an accent is encoded."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


class Aliases:
    """An alias acts in everybody's searches from the moment that it is committed, and no longer than it is there."""

    def __init__(self, transaction: TransactionFactory, clock: ClockInterface) -> None:
        self._transaction = transaction
        self._clock = clock

    async def add(self, term: str, synonyms: Sequence[str]) -> Alias:
        """A term that has synonyms already keeps them and its id, and gets the new ones behind them."""
        _check(term, synonyms)
        now = self._clock.now()
        async with self._transaction() as work:
            await work.aliases.begin_change()
            known = await work.aliases.of_term(term)
            if known is None and await work.aliases.count() >= MAX_ALIASES:
                raise ConflictError(f"There are {MAX_ALIASES:,} aliases already; delete some that nobody needs.")
            before = known or Alias(new_id(), term, (), now, now)
            alias = replace(before, synonyms=_union(before.synonyms, synonyms), updated_at=now)
            await work.aliases.put(alias)
            await work.commit()
        log.info("alias.added", alias_id=str(alias.id), synonyms=len(alias.synonyms))
        return alias

    async def page(self, after: UUID | None, limit: int) -> list[Alias]:
        async with self._transaction() as work:
            return await work.aliases.page(after, limit)

    async def get(self, alias_id: UUID) -> Alias:
        async with self._transaction() as work:
            found = await work.aliases.get(alias_id)
        if found is None:
            raise _not_there(alias_id)
        return found

    async def delete(self, alias_id: UUID) -> None:
        async with self._transaction() as work:
            await work.aliases.begin_change()
            if not await work.aliases.delete(alias_id):
                raise _not_there(alias_id)
            await work.commit()
        log.info("alias.deleted", alias_id=str(alias_id))


def _check(term: str, synonyms: Sequence[str]) -> None:
    wrong = [
        FieldError(f"synonyms.{at}", "is the term itself")
        for at, synonym in enumerate(synonyms)
        if folded(synonym) == folded(term)
    ]
    if wrong:
        raise InvalidInputError("A synonym must be another word than its term.", wrong)


def _union(known: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    by_folded: dict[str, str] = {}
    for synonym in (*known, *new):
        by_folded.setdefault(folded(synonym), synonym)
    if len(by_folded) > MAX_SYNONYMS:
        together = f"makes {len(by_folded)} synonyms of this term together; {MAX_SYNONYMS} are the most"
        raise InvalidInputError("A term can't have that many synonyms.", [FieldError("synonyms", together)])
    return tuple(by_folded.values())


def _not_there(alias_id: UUID) -> NotFoundError:
    return NotFoundError(f"There is no alias {alias_id}.")
