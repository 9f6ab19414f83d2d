"""Asking a fleet: each question once as a search and once as a question, in a conversation that is deleted again."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from local_fleet.client import AskFlashClient
from local_fleet.errors import FleetAwayError, FleetError, RefusedError
from local_fleet.eval.matching import Names, names_of
from local_fleet.eval.measures import DEPTH
from local_fleet.eval.questions import Question

ANSWER_SECONDS = 300
WAITS = (1.0, 2.0, 4.0, 8.0)
_LONGEST_WAIT = 30.0
_BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


@dataclass(slots=True)
class Exchange:
    """What a fleet said to one question. `error` says what could not be had; what came before it is kept.

    `cited` holds the names of each document that the answer cites, by the citation's source id.
    """

    question: Question
    hits: list[dict[str, Any]] = field(default_factory=list)
    search_ms: float | None = None
    answer: dict[str, Any] | None = None
    cited: dict[str, Names] = field(default_factory=dict)
    error: str = ""


class Examiner:
    """Asks one fleet; `source_ids` narrows where it looks, None for everything that the asker may see."""

    def __init__(
        self,
        client: AskFlashClient,
        source_ids: Sequence[str] | None = None,
        *,
        search_only: bool = False,
        waits: Sequence[float] = WAITS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._client = client
        self._filters = {} if source_ids is None else {"filters": {"source_ids": list(source_ids)}}
        self._search_only = search_only
        self._waits = waits
        self._answer_seconds = answer_seconds
        self._names: dict[str, Names] = {}

    async def examine(
        self, questions: Sequence[Question], at_once: int, finished: Callable[[Exchange], None]
    ) -> list[Exchange]:
        """One exchange a question, in their order; `finished` hears of each as it comes in.

        Raises `FleetAwayError` when the fleet stays away.
        """
        exchanges = [Exchange(question) for question in questions]
        waiting = iter(exchanges)

        async def work() -> None:
            for exchange in waiting:
                await self._ask(exchange)
                finished(exchange)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(at_once):
                    group.create_task(work())
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return exchanges

    async def _ask(self, exchange: Exchange) -> None:
        try:
            await self._search(exchange)
            if not self._search_only:
                await self._answer(exchange)
                await self._look_up_cited(exchange)
        except FleetAwayError:
            raise
        except FleetError as error:
            exchange.error = str(error)

    async def _search(self, exchange: Exchange) -> None:
        body = {"query": exchange.question.question, "limit": DEPTH, **self._filters}
        began = time.perf_counter()
        found = await self._patiently(lambda: self._client.post("/api/v1/search", body))
        exchange.search_ms = (time.perf_counter() - began) * 1000
        exchange.hits = found["hits"]
        self._names.update({hit["document_id"]: names_of(hit) for hit in exchange.hits})

    async def _answer(self, exchange: Exchange) -> None:
        conversation = await self._patiently(lambda: self._client.post("/api/v1/conversations", {}))
        path = f"/api/v1/conversations/{conversation['id']}"
        body = {"content": exchange.question.question, **self._filters}
        try:
            accepted = await self._patiently(lambda: self._client.post(f"{path}/messages", body))
            async with asyncio.timeout(self._answer_seconds):
                exchange.answer = await self._finished(accepted["answer_id"])
        except TimeoutError:
            raise FleetError(f"No answer within {self._answer_seconds:g} s.") from None
        finally:
            with contextlib.suppress(FleetError):
                await self._client.delete(path)

    async def _finished(self, answer_id: str) -> dict[str, Any]:
        *_, last = [frame async for frame in self._client.frames(answer_id)]
        if last["type"] == "error":
            raise FleetError(f"The answer failed: {last['problem']['detail']}")
        answer: dict[str, Any] = last["answer"]
        return answer

    async def _look_up_cited(self, exchange: Exchange) -> None:
        answer = exchange.answer or {}
        sources = {source["id"]: source for source in answer["sources"]}
        for source_id in {citation["source_id"] for citation in answer["citations"]} & sources.keys():
            exchange.cited[source_id] = await self._names_of(sources[source_id])

    async def _names_of(self, source: Mapping[str, Any]) -> Names:
        """A source of an answer says everything but its document's external id."""
        document_id = source["document_id"]
        if document_id not in self._names:
            document = await self._patiently(lambda: self._client.get(f"/api/v1/documents/{document_id}"))
            self._names[document_id] = names_of(document) | names_of(source)
        return self._names[document_id]

    async def _patiently(self, call: Callable[[], Awaitable[Any]]) -> Any:
        """Again after a while when the fleet is busy or away for a moment."""
        for wait in self._waits:
            try:
                return await call()
            except FleetAwayError:
                await asyncio.sleep(wait)
            except RefusedError as refusal:
                if refusal.status not in _BUSY:
                    raise
                await asyncio.sleep(wait if refusal.retry_after is None else min(refusal.retry_after, _LONGEST_WAIT))
        return await call()
