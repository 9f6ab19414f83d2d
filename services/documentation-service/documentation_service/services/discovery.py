"""Aliases that the documentation itself suggests."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import structlog

from documentation_service.interfaces import Alias, ReadableDocument, TransactionFactory
from documentation_service.services.proposals import Covered, Evidence, Proposal
from flash_core.errors import OverloadedError
from flash_core.models.user import Principal

log = structlog.get_logger(__name__)

_DOCUMENTS: Final = 20_000
_PAGE: Final = 50
_CHARACTERS: Final = 200_000
_SECONDS: Final = 20.0
"""A proxy gives a request 60 s; ordering what was found takes its share of them."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """`proposals` best first, each with whether accepted aliases say it already; `stopped`: what the reading ran into
    before it had read everything.
    """

    proposals: tuple[tuple[Proposal, bool], ...]
    documents_read: int
    stopped: Literal["time", "documents"] | None


class AliasDiscovery:
    """Reads what the one who asks may read, and nothing else. One at a time in a process: it is hard work."""

    def __init__(
        self, transaction: TransactionFactory, *, seconds: float = _SECONDS, documents: int = _DOCUMENTS
    ) -> None:
        self._transaction = transaction
        self._seconds = seconds
        self._documents = documents
        self._busy = asyncio.Lock()

    async def discover(self, reader: Principal, limit: int) -> Discovery:
        """Raises `OverloadedError` while another discovery is at work."""
        if self._busy.locked():
            raise OverloadedError("Another discovery is at work; try again when it has ended.", self._seconds)
        async with self._busy:
            evidence = Evidence()
            read, stopped = await self._read(evidence, reader)
            async with self._transaction() as work:
                aliases = await work.aliases.every()
            best = await asyncio.to_thread(_best, evidence, aliases, limit)
        log.info("aliases.discovered", documents=read, proposals=len(best), stopped=stopped)
        return Discovery(best, read, stopped)

    async def _read(self, evidence: Evidence, reader: Principal) -> tuple[int, Literal["time", "documents"] | None]:
        ends, read = time.monotonic() + self._seconds, 0
        page = await self._page(reader, None)
        while page:
            await asyncio.to_thread(_read_all, evidence, page)
            read += len(page)
            page = await self._page(reader, page[-1])
            if page and time.monotonic() >= ends:
                return read, "time"
            if page and read >= self._documents:
                return read, "documents"
        return read, None

    async def _page(self, reader: Principal, last: ReadableDocument | None) -> list[ReadableDocument]:
        after = last.document.id if last else None
        async with self._transaction() as work:
            return await work.documents.texts(reader.groups, after, _PAGE, characters=_CHARACTERS)


def _read_all(evidence: Evidence, page: list[ReadableDocument]) -> None:
    for document in page:
        evidence.read(document)


def _best(evidence: Evidence, aliases: Sequence[Alias], limit: int) -> tuple[tuple[Proposal, bool], ...]:
    covered = Covered([(alias.term, *alias.synonyms) for alias in aliases])
    return tuple((one, one in covered) for one in evidence.proposals()[:limit])
