"""Passages that touch and were both found become one again: a long section is cut for the model's sake only."""

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from typing import Final

from documentation_service.interfaces import TransactionFactory
from flash_core.schemas.search import SearchHit

LONGEST: Final = 2_000
"""Characters of a joined passage: two of the longest chunks."""

_WIDEST_GAP: Final = 100
"""Characters between two passages that may be white space and nothing else; more is not worth looking."""


class Neighbours:
    def __init__(self, transaction: TransactionFactory) -> None:
        self._transaction = transaction

    async def joined(self, hits: Sequence[SearchHit]) -> list[SearchHit]:
        """Each run of neighbours as its best hit, which now spans the run; all others as they are, in their order.

        `hits` are best first. Passages are joined only where nothing but white space stands between them in the
        version that they belong to, and `text` stays that version's `text[start:end]`.
        """
        places = {hit.chunk_id: at for at, hit in enumerate(hits)}
        kept: list[SearchHit] = []
        for run in _runs(hits):
            kept += await self._joined(run, best=min(run, key=lambda hit: places[hit.chunk_id]))
        return sorted(kept, key=lambda hit: places[hit.chunk_id])

    async def _joined(self, run: list[SearchHit], best: SearchHit) -> list[SearchHit]:
        if len(run) == 1:
            return run
        start, end = run[0].start, run[-1].end
        async with self._transaction() as work:
            text = await work.documents.excerpt(best.document_id, best.version, start, end)
        if text is None or not _only_white_between(run, text):
            return run
        return [best.model_copy(update={"text": text, "start": start, "end": end, "table_head": run[0].table_head})]


def _runs(hits: Iterable[SearchHit]) -> list[list[SearchHit]]:
    """Passages of the same version that may be neighbours, in the order of the document."""
    runs: list[list[SearchHit]] = []
    ordered = sorted(hits, key=lambda hit: (hit.document_id, hit.version, hit.start))
    for _, of_version in groupby(ordered, key=lambda hit: (hit.document_id, hit.version)):
        run: list[SearchHit] = []
        for hit in of_version:
            if run and 0 <= hit.start - run[-1].end <= _WIDEST_GAP and hit.end - run[0].start <= LONGEST:
                run.append(hit)
            else:
                run = [hit]
                runs.append(run)
    return runs


def _only_white_between(run: Sequence[SearchHit], text: str) -> bool:
    """`text` begins where the first of the run does."""
    begin = run[0].start
    return all(not text[one.end - begin : other.start - begin].strip() for one, other in pairwise(run))
