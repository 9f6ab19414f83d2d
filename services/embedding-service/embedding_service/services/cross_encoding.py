"""A cross-encoder that may be missing, shared by everyone who asks."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import structlog
from prometheus_client import Histogram

from embedding_service.interfaces import Classified, PairClassifierInterface, PairModel, PairReaderInterface, TextPair
from flash_core.errors import FlashError, OverloadedError, UpstreamUnavailableError
from flash_core.interfaces.health import HealthCheckInterface

log = structlog.get_logger(__name__)

PAIRS_SECONDS = Histogram(
    "flash_cross_encoder_seconds",
    "Time from a request's arrival to its last pair.",
    ["model"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
PAIRS_A_CALL: Final = 4
"""Small, so that a query's embedding never shares the cores with a long call, and so that a caller who has left costs
little more."""
_MAX_WAITING: Final = 512
"""Pairs before a newcomer: more take longer than any caller waits."""
_RETRY_AFTER_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Turns:
    """Who may use the processor next, in order of arrival; one for all cross-encoders of a process.

    `waiting` holds how many pairs each request has that waits or is being read.

    A request keeps its turn until it is done: taking turns by batch would make everyone late when many ask.
    """

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: list[int] = field(default_factory=list)


class CrossEncoder(PairClassifierInterface, HealthCheckInterface):
    """Loads its model beside the service's start, which must not wait for it or fail with it.

    `name`: the setting, for logs and health. `fits` raises `InvalidInputError` for a model that is made for something
    else. Whoever is cancelled gives up the rest of his pairs.
    """

    def __init__(
        self, name: str, load: Callable[[], PairReaderInterface] | None, fits: Callable[[PairModel], None], turns: Turns
    ) -> None:
        self.name = name
        self._fits = fits
        self._load = load
        self._turns = turns
        self._reader: PairReaderInterface | None = None
        self._failure = ""
        self._loading: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._load is not None:
            self._loading = asyncio.create_task(self._loaded(self._load), name=f"load-{self.name}")

    async def settled(self) -> None:
        """Return when the model is there, or is known to be not."""
        if self._loading is not None:
            await asyncio.wait({self._loading})

    async def aclose(self) -> None:
        if self._loading is not None:
            self._loading.cancel()
            await self.settled()

    @property
    def model(self) -> PairModel | None:
        return self._reader.model if self._reader else None

    async def check(self) -> None:
        if self._failure:
            raise UpstreamUnavailableError(self._failure)

    async def classify(self, pairs: Sequence[TextPair]) -> Classified:
        if self._reader is None:
            raise UpstreamUnavailableError(f"There is no model for {self.name}.")
        waiting = sum(self._turns.waiting)
        if waiting and waiting + len(pairs) > _MAX_WAITING:
            raise OverloadedError(f"{waiting} pairs are waiting to be read.", _RETRY_AFTER_SECONDS)
        self._turns.waiting.append(len(pairs))
        try:
            with PAIRS_SECONDS.labels(self.name).time():
                async with self._turns.lock:
                    return await self._read(self._reader, pairs)
        finally:
            self._turns.waiting.remove(len(pairs))

    async def _read(self, reader: PairReaderInterface, pairs: Sequence[TextPair]) -> Classified:
        logits = np.empty((len(pairs), len(reader.model.labels)), np.float32)
        # Neighbours of similar length: little is padded.
        by_length = sorted(range(len(pairs)), key=lambda place: len(pairs[place][0]) + len(pairs[place][1]))
        for start in range(0, len(pairs), PAIRS_A_CALL):
            places = by_length[start : start + PAIRS_A_CALL]
            logits[places] = await asyncio.to_thread(reader.logits, [pairs[place] for place in places])
        return Classified(reader.model.labels, logits)

    async def _loaded(self, load: Callable[[], PairReaderInterface]) -> None:
        try:
            reader = await asyncio.to_thread(load)
            self._fits(reader.model)
        except FlashError as error:
            self._failure = str(error)
            log.error("model.unusable", setting=self.name, reason=self._failure)  # noqa: TRY400  # it says all
        except Exception as error:  # a library's, about a model that an operator chose
            self._failure = f"The model can't be loaded ({type(error).__name__}); the log says more."
            log.exception("model.unusable", setting=self.name)
        else:
            self._reader = reader
            log.info("model.ready", setting=self.name, model=reader.model.name)
