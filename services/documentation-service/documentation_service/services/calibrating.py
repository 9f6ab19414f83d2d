"""What is usual in a source, found out from its own documents after each change."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import islice
from random import Random
from typing import Final
from uuid import UUID

import numpy as np
import structlog

from documentation_service.interfaces import Calibration, LiveIndexInterface, SampledDocument, TransactionFactory
from documentation_service.services.pseudo_questions import pseudo_question
from flash_core.errors import FlashError, NotFoundError
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.embedding import Priority, Purpose
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.interfaces.worker import WorkerInterface
from flash_core.models.vector import VectorFilter, VectorQuery
from flash_core.utils.words import content_stems, document_language

log = structlog.get_logger(__name__)

_DOCUMENTS: Final = 400
_QUESTIONS: Final = 400
_PASSAGE_CHARACTERS: Final = 800
_PASSAGES_A_DOCUMENT: Final = 25
_FREQUENCIES: Final = 50_000
_FEWEST_QUESTIONS: Final = 5
_AGAIN_AFTER: Final = timedelta(seconds=120)
"""While an index runs the source changes all the time, and the model is wanted for its passages."""
_RESTED: Final = 4
"""Looks between which nothing has changed; of a source that was never calibrated one is enough."""


class SourceCalibration(WorkerInterface):
    """Calibrates each source that has changed and then rested, or that goes on changing, from time to time.

    Where the vectors or the model are away it waits; searches use what was known before.
    """

    name = "source-calibration"

    def __init__(
        self,
        transaction: TransactionFactory,
        index: LiveIndexInterface,
        vectors: VectorStoreInterface,
        clock: ClockInterface,
        *,
        poll_seconds: float = 2.0,
    ) -> None:
        self._transaction = transaction
        self._index = index
        self._vectors = vectors
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._rests: dict[tuple[UUID, int], int] = {}

    async def run(self) -> None:
        while True:
            try:
                await self.run_once()
            except FlashError as error:
                log.warning("calibration.postponed", error=error.code)
            await asyncio.sleep(self._poll_seconds)

    async def run_once(self) -> int:
        """Calibrate what has rested for some calls; how many sources those were."""
        async with self._transaction() as work:
            changed = await work.calibrations.outdated(self._clock.now() - _AGAIN_AFTER)
        self._rests = {
            (one.source_id, one.version): self._rests.get((one.source_id, one.version), -1) + 1 for one in changed
        }
        rested = [
            one
            for one in changed
            if one.is_old or self._rests[one.source_id, one.version] >= (1 if one.is_first else _RESTED)
        ]
        for one in rested:
            await self._calibrate(one.source_id, one.version)
        return len(rested)

    async def _calibrate(self, source_id: UUID, version: int) -> None:
        async with self._transaction() as work:
            sample = await work.calibrations.sample(source_id, _DOCUMENTS)
        cosines = await self._cosines(source_id, sample)
        passages, frequencies = await _frequencies(sample)
        calibration = Calibration(
            source_id=source_id,
            source_version=version,
            questions=len(cosines) if len(cosines) >= _FEWEST_QUESTIONS else 0,
            cosine=float(np.median(cosines)) if len(cosines) >= _FEWEST_QUESTIONS else 0.0,
            passages=passages,
            frequencies=frequencies,
            calibrated_at=self._clock.now(),
        )
        async with self._transaction() as work:
            await work.calibrations.put(calibration)
            await work.commit()
        log.info("source.calibrated", source_id=str(source_id), questions=len(cosines), cosine=calibration.cosine)

    async def _cosines(self, source_id: UUID, sample: Sequence[SampledDocument]) -> list[float]:
        """Of made-up questions with the nearest passages of the source."""
        random = Random(source_id.int)  # a sample, and the same one each time
        questions = await asyncio.to_thread(_questions, sample, random)
        live = await self._index.current()
        if not questions or live is None:
            return []
        try:
            embeddings = await self._index.embeddings(live)
            vectors = await embeddings.embed(questions, purpose=Purpose.QUERY, priority=Priority.BULK)
        except NotFoundError:
            return []  # the collection's model is not served; how rare words are can be found out all the same
        groups = frozenset(group for one in sample for group in one.groups)
        visible = VectorFilter(groups=groups, source_ids=[source_id])
        nearest = [VectorQuery(visible, mode="dense", vector=vector, limit=1) for vector in vectors]
        found = [await self._vectors.search(live.name, query) for query in nearest]
        return [hits[0].score for hits in found if hits]


def _questions(sample: Sequence[SampledDocument], random: Random) -> list[str]:
    rounds = max(1, _QUESTIONS // max(1, len(sample)))
    texts = (one.text for _ in range(rounds) for one in sample)
    asked = (pseudo_question(text, random) for text in texts)
    return list(islice((question for question in asked if question), _QUESTIONS))


async def _frequencies(sample: Sequence[SampledDocument]) -> tuple[int, Mapping[str, int]]:
    """How many passages were read, and in how many of them each stem stands.

    Of documents that all readers of the source may read: how sure a search is must not tell what stands in the others.
    """
    counts: Counter[str] = Counter()
    passages = 0
    for one in (one for one in sample if not one.restricted):
        for stems in await asyncio.to_thread(_stems_by_passage, one):  # others are served meanwhile
            counts.update(stems)
            passages += 1
    return passages, dict(counts.most_common(_FREQUENCIES))


def _stems_by_passage(one: SampledDocument) -> list[frozenset[str]]:
    language = document_language(one.title, one.text)
    starts = range(0, len(one.text), _PASSAGE_CHARACTERS)[:_PASSAGES_A_DOCUMENT]
    parts = (one.text[start : start + _PASSAGE_CHARACTERS] for start in starts)
    return [frozenset(content_stems(f"{one.title} {part}", language)) for part in parts]
