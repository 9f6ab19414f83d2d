"""Answers that may be given again: to the same question, asked by somebody who may read the same, of the same pages.

The search comes first every time, so what the asker may see now is known. An answer is kept under everything that it
depends on: the asker's groups, filters, language, models and prompts, the question, and the passages it was written
from with their versions. A change of any of them is another key.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import structlog

from ai_main_service.services.answer_stream import AnswerStream
from ai_main_service.services.context_builder import Context, source_of
from ai_main_service.services.same_question import SAME, may_be_same, normalised
from flash_core.errors import FlashError
from flash_core.interfaces.cache import CacheInterface
from flash_core.interfaces.embedding import EmbeddingProviderInterface, Purpose, Vectors
from flash_core.interfaces.single_flight import Made, SingleFlightInterface
from flash_core.schemas.chat import Citation, WrittenAnswer
from flash_core.schemas.common import Response
from flash_core.schemas.search import SearchHit
from flash_core.utils.packing import packed, unpacked

log = structlog.get_logger(__name__)
_AT_ONCE_SECONDS = 0.05
_TELLS_SECONDS = 5.0
_REMEMBERED_QUESTIONS = 64
_TRIED = 3
_NOTHING = Made(b"", keep=False)


class GivenPassage(Response):
    marker: int
    chunk_id: UUID
    version: str


class RememberedAnswer(Response):
    """`given` are the passages that it was written from, those that it cites among them."""

    content: str
    citations: list[Citation]
    given: list[GivenPassage]
    index_version: str
    model: str
    follow_ups: list[str]


@dataclass(frozen=True, slots=True)
class Asking:
    """`scope` names everything but the question and the passages that an answer depends on. `is_fresh`: an answer of
    before is not wanted.
    """

    scope: str
    question: str
    language: str
    hits: Sequence[SearchHit]
    context: Context
    index_version: str
    is_fresh: bool = False

    @property
    def given(self) -> list[GivenPassage]:
        versions = {hit.chunk_id: hit.version for hit in self.hits}
        return [
            GivenPassage(marker=source.marker, chunk_id=source.chunk_id, version=versions[source.chunk_id])
            for source in self.context.sources
        ]

    @property
    def key(self) -> str:
        passages = [f"{one.chunk_id}@{one.version}" for one in self.given]
        return f"answer:{_digest(self.scope, normalised(self.question), *passages)}"

    @property
    def near_key(self) -> str:
        return f"answers-near:{_digest(self.scope)}"


@dataclass(frozen=True, slots=True)
class Fresh:
    """An answer that was just written; `is_lasting` when nothing passing (a model that was away) has shaped it."""

    answer: WrittenAnswer
    is_lasting: bool


Write = Callable[[], Awaitable[Fresh]]
Awaited = asyncio.Task[Any]


class _Neighbour(msgspec.Struct, array_like=True):
    key: str
    question: str
    vector: bytes


_neighbours = msgspec.msgpack.Decoder(list[_Neighbour])


class AnswerCache:
    """Answers of `ttl_seconds`; 0 keeps none. Losing them costs time, and nothing here fails because of the cache."""

    def __init__(
        self,
        cache: CacheInterface,
        flights: SingleFlightInterface,
        embeddings: EmbeddingProviderInterface,
        *,
        ttl_seconds: int,
        patience_seconds: float,
    ) -> None:
        self._cache = cache
        self._flights = flights
        self._embeddings = embeddings
        self._ttl_seconds = ttl_seconds
        self._patience_seconds = patience_seconds

    async def answer(
        self, asking: Asking | None, stream: AnswerStream, write: Write, *, may_wait: bool = True
    ) -> WrittenAnswer | None:
        """A remembered answer where there is one that is still right, else what `write` writes.

        Whoever asks what somebody else is writing at this moment waits for it, as long as that takes but for
        `patience_seconds` at most, and then gets None: what was found before the wait may be gone by now, so search
        and ask again. Where `asking` is None nothing is remembered; there and without `may_wait` nobody waits.
        """
        if asking is None or not self._ttl_seconds:
            return (await write()).answer
        if asking.is_fresh:
            return await self._written_anew(asking, stream, write)
        remembered = unpacked(RememberedAnswer, await self._cache.get(asking.key))
        if remembered is None:
            remembered = await self._of_the_same_meaning(asking)
        if remembered is not None and _is_right(remembered, asking):
            return await _given_again(remembered, asking, stream)
        return await (self._written_once if may_wait else self._written_anew)(asking, stream, write)

    async def _written_anew(self, asking: Asking, stream: AnswerStream, write: Write) -> WrittenAnswer:
        fresh = await write()
        made = _made(fresh, asking, stream.content)
        if made.keep:
            await self._cache.set(asking.key, made.value, self._ttl_seconds)
        return fresh.answer

    async def _written_once(self, asking: Asking, stream: AnswerStream, write: Write) -> WrittenAnswer | None:
        lead = _Lead()
        patience = self._patience_seconds
        fetching = asyncio.create_task(
            self._flights.fetch(asking.key, lead.origin, ttl_seconds=self._ttl_seconds, patience_seconds=patience)
        )
        begun = asyncio.create_task(lead.begun.wait())
        try:
            if not await _leads(lead, fetching, begun, stream):
                return None
            fresh = await write()
            made = _made(fresh, asking, stream.content)
            lead.end(made)
            await fetching
            if made.keep:
                await self._remember_question(asking)
            return fresh.answer
        finally:
            lead.end(_NOTHING)
            begun.cancel()
            fetching.cancel()
            await asyncio.gather(begun, fetching, return_exceptions=True)

    async def _of_the_same_meaning(self, asking: Asking) -> RememberedAnswer | None:
        known = await self._neighbours(asking)
        vector = await self._vector(asking.question) if known else None
        if vector is None:
            return None
        cosines = np.stack([np.frombuffer(one.vector, np.float32) for one in known]) @ vector
        for at in np.argsort(-cosines)[:_TRIED]:
            if cosines[at] < SAME or not may_be_same(asking.question, known[at].question, asking.language):
                continue
            remembered = unpacked(RememberedAnswer, await self._cache.get(known[at].key))
            if remembered is not None and _is_right(remembered, asking):
                return remembered
        return None

    async def _remember_question(self, asking: Asking) -> None:
        """Two who do this at the same moment may lose one of the questions: it is asked again then."""
        vector = await self._vector(asking.question)
        if vector is None:
            return
        others = [one for one in await self._neighbours(asking) if one.key != asking.key]
        own = _Neighbour(asking.key, asking.question, vector.astype(np.float32).tobytes())
        content = msgspec.msgpack.encode([own, *others][:_REMEMBERED_QUESTIONS])
        await self._cache.set(asking.near_key, content, self._ttl_seconds)

    async def _neighbours(self, asking: Asking) -> list[_Neighbour]:
        content = await self._cache.get(asking.near_key)
        with suppress(msgspec.DecodeError):
            return _neighbours.decode(content) if content else []
        return []

    async def _vector(self, question: str) -> Vectors | None:
        try:
            vectors = await self._embeddings.embed([question], purpose=Purpose.QUERY)
        except FlashError as error:
            log.warning("answer_cache.without_vectors", error=error.code)
            return None
        row: Vectors = vectors[0]
        return row


@dataclass(slots=True)
class _Lead:
    """The origin of a value that is not made in the cache's task but in that of the one who leads, with its stream."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    _made: asyncio.Future[Made] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    async def origin(self) -> Made:
        self.begun.set()
        return await asyncio.shield(self._made)

    def end(self, made: Made) -> None:
        if not self._made.done():
            self._made.set_result(made)


async def _leads(lead: _Lead, fetching: Awaited, begun: Awaited, stream: AnswerStream) -> bool:
    """True as soon as it is this one's turn to write, False when another's has ended. Readers are told meanwhile."""
    tasks = {fetching, begun}
    await asyncio.wait(tasks, timeout=_AT_ONCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    while not (lead.begun.is_set() or fetching.done()):
        await stream.status("writing")
        await asyncio.wait(tasks, timeout=_TELLS_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    return lead.begun.is_set()


def scope_of(*parts: object) -> str:
    """One name for everything that two askers must have in common."""
    return _digest(*(repr(part) for part in parts))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _made(fresh: Fresh, asking: Asking, content: str) -> Made:
    """Only answers that every cited passage supports are kept."""
    answer = fresh.answer
    remembered = RememberedAnswer(
        content=content,
        citations=answer.citations,
        given=asking.given,
        index_version=asking.index_version,
        model=answer.model,
        follow_ups=answer.follow_ups,
    )
    is_versioned = all(one.version for one in remembered.given)
    return Made(packed(remembered)) if fresh.is_lasting and answer.grounded and is_versioned else _NOTHING


def _is_right(remembered: RememberedAnswer, asking: Asking) -> bool:
    """Every cited passage is found now as it was then; and nothing at all has changed since, or all others are found
    too and nothing would be given to a writer now that was not given then.
    """
    now = {(hit.chunk_id, hit.version) for hit in asking.hits}
    then = {(one.chunk_id, one.version) for one in remembered.given}
    cited = {citation.source_id for citation in remembered.citations}
    if any(str(chunk_id) in cited for chunk_id, _ in then - now):
        return False
    if asking.index_version and remembered.index_version == asking.index_version:
        return True
    return then <= now and {(one.chunk_id, one.version) for one in asking.given} <= then


async def _given_again(remembered: RememberedAnswer, asking: Asking, stream: AnswerStream) -> WrittenAnswer:
    """With the sources as they are now; those that this asker's search did not find are left out."""
    now = {(hit.chunk_id, hit.version): hit for hit in asking.hits}
    found = [(one, now.get((one.chunk_id, one.version))) for one in remembered.given]
    sources = [source_of(one.marker, hit) for one, hit in found if hit is not None]
    await stream.sources(sources)
    await stream.status("writing")
    await stream.write(remembered.content)
    return WrittenAnswer(
        content="",
        citations=remembered.citations,
        sources=sources,
        grounded=True,
        cached=True,
        model=remembered.model,
        follow_ups=remembered.follow_ups,
    )
