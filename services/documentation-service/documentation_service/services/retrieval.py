"""The second step of a search: passages out of the vector store, joined to the documents as they are now."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from documentation_service.interfaces import TransactionFactory
from documentation_service.services.query_building import BuiltQuery
from documentation_service.services.ranking import Found
from documentation_service.services.timing import timed
from flash_core.errors import NotFoundError
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.models.vector import VectorHit
from flash_core.schemas.search import SearchRequest

POOLS: Final = (60, 200, 800, 2_000)
"""How many chunks are fetched: the next larger pool only when the smaller ones held too few documents. Between 60 and
100 no judged set differed by more than .006 in nDCG@10, one way or the other, and every chunk costs.
"""


class Retrieval:
    """The asker's groups are part of the vector query; what it returns is checked against the rows once more, so a
    document that was deleted, replaced or closed a moment ago does not appear.
    """

    def __init__(self, transaction: TransactionFactory, vectors: VectorStoreInterface) -> None:
        self._transaction = transaction
        self._vectors = vectors

    async def tiers(self, request: SearchRequest, query: BuiltQuery, timings: dict[str, float]) -> list[list[Found]]:
        """What each pool found that no smaller one had: as many as were asked for together, where there are that many.

        The smallest pool always comes first, however much is asked for. So what is ranked tier by tier has the same
        beginning for every page.
        """
        needed = request.offset + request.limit
        tiers: list[list[Found]] = []
        known: set[UUID] = set()
        for pool in POOLS:
            with timed(timings, "vector"):
                hits = await self._hits(query, pool)
            with timed(timings, "join"):
                found = await self._joined(hits, query.vectors.filter.groups)
            results = [one.hit.id if request.per_chunk else one.document.id for one in found]
            tiers.append([one for one, result in zip(found, results, strict=True) if result not in known])
            known.update(results)
            if len(known) >= needed or len(hits) < pool:
                break
        return tiers

    async def _hits(self, query: BuiltQuery, pool: int) -> list[VectorHit]:
        try:
            return await self._vectors.search(query.collection, replace(query.vectors, limit=pool))
        except NotFoundError:
            return []  # nothing has been indexed yet

    async def _joined(self, hits: Sequence[VectorHit], groups: frozenset[str]) -> list[Found]:
        ids = {UUID(str(hit.payload["document_id"])) for hit in hits}
        async with self._transaction() as work:
            live = {one.id: one for one in await work.documents.visible(sorted(ids), groups)} if ids else {}
        found = [(hit, live.get(UUID(str(hit.payload["document_id"])))) for hit in hits]
        return [
            Found(hit, document, hit.score)
            for hit, document in found
            if document is not None and _content(document.content_hash) == _content(hit.payload["content_hash"])
        ]


def _content(content_hash: object) -> str:
    """The half of it that says what the passages are of. The other one, of what describes the document, changes in the
    vector store a moment before the row does; what is shown of that comes from the row.
    """
    return str(content_hash).partition(".")[0]
