"""Micro-batching: texts of many requests go through the model together."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextvars import Context
from typing import Final

import numpy as np
import structlog
from prometheus_client import Histogram

from embedding_service.config import BatchPolicy
from embedding_service.services.batch_queue import BatchQueue, Item
from flash_core.errors import OverloadedError, UpstreamUnavailableError
from flash_core.interfaces.embedding import EmbeddingModel, EmbeddingProviderInterface, Priority, Purpose, Vectors

log = structlog.get_logger(__name__)

BATCH_TEXTS = Histogram(
    "flash_embedding_batch_texts", "Texts a model call.", ["priority"], buckets=(1, 2, 4, 8, 16, 32, 64, 128, 512)
)
WAIT_SECONDS = Histogram(
    "flash_embedding_wait_seconds",
    "Time from a text's arrival to its model call.",
    ["priority"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
_SMOOTHING: Final = 0.2
_LONGEST_RETRY_SECONDS: Final = 60.0


class BatchingEmbeddings(EmbeddingProviderInterface):
    """Wraps a provider that is best called with whole batches.

    A text that several callers want at the same time is computed once. A caller that is cancelled takes its waiting
    texts with it. Raises `OverloadedError` when too many texts wait; an error of the model reaches the callers of
    that batch and nobody else.
    """

    def __init__(self, inner: EmbeddingProviderInterface, policy: BatchPolicy) -> None:
        self._inner = inner
        self._policy = policy
        self._queue = BatchQueue()
        self._runners: set[asyncio.Task[None]] = set()
        self._running = Counter[Priority | None]()
        self._full = asyncio.Event()
        self._seconds_per_text = 0.0

    async def model(self) -> EmbeddingModel:
        return await self._inner.model()

    async def embed(
        self, texts: Sequence[str], *, purpose: Purpose = Purpose.PASSAGE, priority: Priority = Priority.INTERACTIVE
    ) -> Vectors:
        if not texts:
            return np.empty((0, (await self.model()).dimension), np.float32)
        self._refuse_overload(len(texts), priority)
        call = self._queue.add(texts, purpose=purpose, priority=priority, now=time.perf_counter())
        self._wake(priority)
        try:
            await call.done
        finally:
            self._queue.withdraw(call)
        return np.stack([call.vectors[text] for text in texts])

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return await self._inner.count_tokens(texts)

    async def aclose(self) -> None:
        """Stop computing; whoever still waits gets `UpstreamUnavailableError`."""
        for runner in self._runners:
            runner.cancel()
        await asyncio.gather(*self._runners, return_exceptions=True)
        while batch := self._queue.take(self._policy.size):
            self._queue.fail(batch, _stopping())

    def _refuse_overload(self, texts: int, priority: Priority) -> None:
        waiting = self._queue.waiting(priority)
        if waiting and waiting + texts > self._policy.queue_size:
            seconds = min(_LONGEST_RETRY_SECONDS, waiting * self._seconds_per_text)
            raise OverloadedError(f"{waiting} texts are waiting for the model.", retry_after=max(1.0, seconds))

    def _wake(self, priority: Priority) -> None:
        if self._queue.waiting(priority) >= self._policy.size:
            self._full.set()
        lane = priority if self._policy.apart else None
        if self._running[lane] < self._policy.concurrency:
            self._running[lane] += 1
            # A context of its own: the runner outlives the request that happened to start it.
            runner = asyncio.create_task(self._run(lane), name="embedding-batches", context=Context())
            self._runners.add(runner)
            runner.add_done_callback(self._runners.discard)

    async def _run(self, lane: Priority | None) -> None:
        """Serve batches until nothing waits, of one priority or of both."""
        try:
            await self._collect()
            while batch := self._queue.take(self._policy.size, lane):
                await self._compute(batch)
        finally:
            self._running[lane] -= (
                1  # in the same step as the look at the empty queue: whoever comes next starts a runner
            )

    async def _collect(self) -> None:
        try:
            async with asyncio.timeout(self._policy.window_seconds):
                await self._full.wait()
        except TimeoutError:
            pass
        self._full.clear()

    async def _compute(self, batch: Sequence[Item]) -> None:
        began = time.perf_counter()
        priority = batch[0].wanted_by[0].priority
        self._observe(batch, priority, began)
        try:
            vectors = await self._inner.embed([item.text for item in batch], purpose=batch[0].key[0], priority=priority)
        except asyncio.CancelledError:
            self._queue.fail(batch, _stopping())
            raise
        except Exception as error:  # noqa: BLE001  # it is raised again where the callers wait
            self._queue.fail(batch, error)
        else:
            self._queue.settle(batch, vectors)
            self._learn((time.perf_counter() - began) / len(batch))

    def _observe(self, batch: Sequence[Item], priority: Priority, now: float) -> None:
        BATCH_TEXTS.labels(priority).observe(len(batch))
        for item in batch:
            WAIT_SECONDS.labels(priority).observe(now - item.enqueued_at)

    def _learn(self, seconds_per_text: float) -> None:
        known = self._seconds_per_text or seconds_per_text
        self._seconds_per_text = known + _SMOOTHING * (seconds_per_text - known)


def _stopping() -> UpstreamUnavailableError:
    return UpstreamUnavailableError("The embedding service is stopping.")
