"""Searches remembered: for those who may see the same, as long as nothing has changed."""

import hashlib
import json
import time
import unicodedata
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import msgspec

from documentation_service.interfaces import LiveIndexInterface, TransactionFactory
from documentation_service.services.index_version import index_state
from flash_core.errors import FlashError
from flash_core.interfaces.reranker import RerankerInterface
from flash_core.interfaces.search import SearchInterface
from flash_core.interfaces.single_flight import Made, SingleFlightInterface
from flash_core.models.user import Principal
from flash_core.schemas.search import SearchRequest, SearchResponse

SECONDS: Final = 3_600
_FORMAT: Final = "5"
"""Of what is kept: another one when a new version of this service could not read what an older one wrote, or says
something else."""
_DIGITS: Final = 16

_DEGRADATIONS: Final = ("degraded", "rerank_missed")

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class CachedSearch(SearchInterface):
    """The key says everything that a result depends on: the query, the request, the asker's groups (a search looks at
    nothing else of a person), the index's version, the collection and its model, the reranker's name and the settings
    (`settings`). So a changed document or permission is seen at once, and nobody sees what another may.

    A result that is less than it should be (without the embedding or the reranker) is not kept.
    """

    def __init__(
        self,
        search: SearchInterface,
        flights: SingleFlightInterface,
        transaction: TransactionFactory,
        index: LiveIndexInterface,
        reranker: RerankerInterface,
        *,
        settings: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._search = search
        self._flights = flights
        self._transaction = transaction
        self._index = index
        self._reranker = reranker
        self._settings = settings
        self._monotonic = monotonic

    async def search(self, request: SearchRequest, principal: Principal) -> SearchResponse:
        began = self._monotonic()
        state = await index_state(self._transaction, principal.groups)
        request = request.model_copy(update={"query": _normalised(request.query)})
        made_by = await self._made_by()
        key = _key(request, principal, state.version, made_by)
        own: list[SearchResponse] = []
        fetched = await self._flights.fetch(key, partial(self._made, request, principal, own), ttl_seconds=SECONDS)
        total = {"total": round((self._monotonic() - began) * 1_000, 2)}
        said: dict[str, Any] = {"index_version": state.version, "made_by": made_by, "timings_ms": total}
        if not fetched.shared:
            [found] = own
            return found.model_copy(update=said | {"timings_ms": found.timings_ms | total})
        found = SearchResponse.model_validate(_decode(fetched.value))
        said["hits"] = [hit.model_copy(update={"checked_at": state.checked.get(hit.source_id)}) for hit in found.hits]
        if found.explanation is not None:
            said["explanation"] = found.explanation.model_copy(update={"cached": True})
        return found.model_copy(update=said)

    async def _made(self, request: SearchRequest, principal: Principal, own: list[SearchResponse]) -> Made:
        """`own` receives the result as it is, which spares the one who asked the reading of what was written."""
        found = await self._search.search(request, principal)
        own.append(found)
        features = found.features or {}
        return Made(_encode(found.model_dump()), keep=not any(features.get(one) for one in _DEGRADATIONS))

    async def _made_by(self) -> str:
        told = [await self._collection(), await self._reranker.name() or "", self._settings]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:_DIGITS]

    async def _collection(self) -> str:
        """With the model of its vectors. Nothing is kept of searches without it, so their key needs no name."""
        try:
            live = await self._index.current()
        except FlashError:
            return ""
        return f"{live.name} {live.model}" if live else ""


def _key(request: SearchRequest, principal: Principal, version: str, made_by: str) -> str:
    asked = request.model_dump(mode="json")
    told = json.dumps([_FORMAT, asked, sorted(principal.groups), version, made_by])
    return f"search:{hashlib.sha256(told.encode()).hexdigest()}"


def _normalised(query: str) -> str:
    """Upper and lower case stay: they show where the parts of an identifier meet."""
    return " ".join(unicodedata.normalize("NFC", query).split()) or query
