"""One generation from the queue to its end: claimed, kept alive, written, stored; or given back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import structlog
from prometheus_client import Counter, Gauge, Histogram

from ai_main_service.config import AiMainSettings
from ai_main_service.services.accounting import account_of, last_model, usage_of
from ai_main_service.services.answer_stream import AnswerStream, window_of
from ai_main_service.services.answer_writer import AnswerWriter
from flash_core.errors import FencedError, FlashError, NotFoundError, UpstreamUnavailableError
from flash_core.interfaces.ai_provider import AIProviderInterface
from flash_core.interfaces.answer_log import AnswerLogInterface, cancel_channel
from flash_core.interfaces.broadcast import BroadcastInterface
from flash_core.interfaces.cache import CacheInterface
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.documents import VisibleDocumentsInterface
from flash_core.interfaces.embedding import EmbeddingProviderInterface
from flash_core.interfaces.entailment import EntailmentInterface
from flash_core.interfaces.generation import GenerationLeaseInterface
from flash_core.interfaces.intent import IntentInterface
from flash_core.interfaces.search import SearchInterface
from flash_core.interfaces.single_flight import SingleFlightInterface
from flash_core.messaging.events import QuestionAccepted
from flash_core.models.conversation import GenerationState
from flash_core.schemas.chat import ClaimResponse, FinishRequest, ReleaseRequest, WrittenAnswer
from flash_core.schemas.common import Problem

log = structlog.get_logger(__name__)
ENDED = Counter("flash_generations_total", "Generations by how this worker left them.", ["outcome"])
ACTIVE = Gauge("flash_generations_active", "Answers that are being written now.")
FIRST_TOKEN = Histogram(
    "flash_first_token_seconds", "From acceptance to the first text.", buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64)
)
_FINISH_TRIES = 3
_LONGEST_PAUSE = 5.0
_RELEASE_SECONDS = 2.0


class GenerationWorker:
    """Answers questions that chat has accepted; many at a time, each under its own lease.

    `describe` turns an error into the problem document that the asker sees; `name` tells workers apart in chat.
    """

    def __init__(
        self,
        leases: GenerationLeaseInterface,
        answers: AnswerLogInterface,
        broadcast: BroadcastInterface,
        intent: IntentInterface,
        search: SearchInterface,
        documents: VisibleDocumentsInterface,
        providers: Sequence[AIProviderInterface],
        embeddings: EmbeddingProviderInterface,
        entailment: EntailmentInterface,
        cache: CacheInterface,
        flights: SingleFlightInterface,
        prompts: Mapping[str, str],
        clock: ClockInterface,
        describe: Callable[[FlashError], Problem],
        settings: AiMainSettings,
        name: str,
    ) -> None:
        self._leases = leases
        self._answers = answers
        self._broadcast = broadcast
        self._clock = clock
        self._describe = describe
        self._settings = settings
        self._name = name
        self._writer = AnswerWriter(
            intent, search, documents, providers, embeddings, entailment, cache, flights, prompts, settings
        )
        self._active = 0

    async def answer(self, event: QuestionAccepted) -> None:
        """Returns when the outcome is stored, or when the work is somebody else's; raises when it must come again."""
        try:
            claim = await self._leases.claim(event.generation_id, self._name)
        except (FencedError, NotFoundError):
            log.info("generation.not_ours", generation_id=str(event.generation_id))
            return
        with structlog.contextvars.bound_contextvars(
            generation_id=str(claim.generation_id), attempt=claim.attempt, request_id=claim.request_id
        ):
            log.info("generation.claimed", queued_ms=round(claim.queued_ms))
            async with self._stream(claim) as stream:
                await self._lead(claim, stream)

    @asynccontextmanager
    async def _stream(self, claim: ClaimResponse) -> AsyncIterator[AnswerStream]:
        stream = AnswerStream(
            self._answers,
            claim.generation_id,
            claim.attempt,
            window=lambda: window_of(self._active),
            queued_ms=claim.queued_ms,
        )
        self._active += 1
        try:
            with ACTIVE.track_inprogress():
                yield stream
        except FencedError:
            self._ended("fenced")
        finally:
            self._active -= 1
            stream.close()

    async def _lead(self, claim: ClaimResponse, stream: AnswerStream) -> None:
        """Write and watch at once; whichever ends first decides."""
        writing = asyncio.create_task(self._outcome(claim, stream))
        watching = asyncio.create_task(self._until_cancelled(claim))
        try:
            await asyncio.wait({writing, watching}, return_when=asyncio.FIRST_COMPLETED)
            if writing.done():
                outcome = writing.result()
            else:
                watching.result()
                await _stopped(writing)
                outcome = await self._cancelled(claim, stream)
            if outcome is not None:
                await self._finish(claim.generation_id, outcome)
        except asyncio.CancelledError:
            await _stopped(writing, watching)
            await self._give_back(claim, stream)
            raise
        finally:
            await _stopped(writing, watching)

    async def _outcome(self, claim: ClaimResponse, stream: AnswerStream) -> FinishRequest | None:
        """How it ended; None when the work was given back for another attempt."""
        try:
            if claim.attempt > 1:
                await stream.reset()
            async with asyncio.timeout(self._seconds_left(claim)):
                answer = await self._writer.write(claim, stream)
        except FencedError:
            raise
        except TimeoutError:
            return await self._failed(
                claim, stream, UpstreamUnavailableError("Writing the answer took too long. Ask again in a moment.")
            )
        except FlashError as error:
            return await self._failed_or_given_back(claim, stream, error, may_pass=error.retryable)
        except Exception:  # the boundary: a fault of ours must not leave a question without an outcome
            log.exception("generation.crashed")
            fault = FlashError(
                "Something went wrong here while writing the answer. An administrator finds it in the log."
            )
            return await self._failed_or_given_back(claim, stream, fault, may_pass=True)
        if answer.timings_ms.first_token is not None:
            FIRST_TOKEN.observe(answer.timings_ms.first_token / 1_000)
        return FinishRequest(attempt=claim.attempt, state=GenerationState.DONE, answer=answer)

    async def _failed_or_given_back(
        self, claim: ClaimResponse, stream: AnswerStream, error: FlashError, *, may_pass: bool
    ) -> FinishRequest | None:
        pause = min(self._settings.ai_retry_seconds * 2 ** (claim.attempt - 1), _LONGEST_PAUSE)
        if may_pass and claim.attempt < self._settings.ai_attempts and self._seconds_left(claim) > pause:
            log.warning("generation.given_back", code=error.code, pause=pause)
            await asyncio.sleep(pause)
            await self._give_back(claim, stream)
            return None
        return await self._failed(claim, stream, error)

    async def _failed(self, claim: ClaimResponse, stream: AnswerStream, error: FlashError) -> FinishRequest:
        if stream.content:
            await stream.reset()
        return FinishRequest(
            attempt=claim.attempt,
            state=GenerationState.FAILED,
            answer=WrittenAnswer(content="", model=last_model(stream), **account_of(stream, self._settings.ai_prices)),
            problem=self._describe(error),
        )

    async def _cancelled(self, claim: ClaimResponse, stream: AnswerStream) -> FinishRequest:
        answer = await self._writer.interrupted(stream)
        return FinishRequest(attempt=claim.attempt, state=GenerationState.CANCELLED, answer=answer)

    async def _until_cancelled(self, claim: ClaimResponse) -> None:
        """Returns when the asker has cancelled: a hint brings that at once, the heartbeat in any case."""
        async with self._broadcast.subscribe(cancel_channel(claim.generation_id)) as hints:
            hint = asyncio.ensure_future(anext(hints))
            try:
                while True:
                    await asyncio.wait({hint}, timeout=self._settings.ai_heartbeat_seconds)
                    if hint.done():
                        hint = asyncio.ensure_future(anext(hints))
                    if await self._is_cancelled(claim):
                        return
            finally:
                await _stopped(hint)

    async def _is_cancelled(self, claim: ClaimResponse) -> bool:
        try:
            return await self._leases.heartbeat(claim.generation_id, claim.attempt)
        except NotFoundError as error:
            raise FencedError("The question is gone.") from error
        except FencedError:
            raise
        except FlashError as error:
            log.warning("heartbeat.missed", code=error.code)
            return False

    async def _finish(self, generation_id: UUID, outcome: FinishRequest) -> None:
        for turn in range(1, _FINISH_TRIES + 1):
            try:
                await self._leases.finish(generation_id, outcome)
            except UpstreamUnavailableError:
                if turn == _FINISH_TRIES:
                    raise
                await asyncio.sleep(self._settings.ai_retry_seconds * turn)
            except NotFoundError as error:
                raise FencedError("The question is gone.") from error
            else:
                self._ended(outcome.state.value)
                return

    async def _give_back(self, claim: ClaimResponse, stream: AnswerStream) -> None:
        """Best effort: a lease that could not be given back runs out."""
        used = usage_of(stream.calls, self._settings.ai_prices)
        left = ReleaseRequest(attempt=claim.attempt, model=last_model(stream), usage=used)
        try:
            async with asyncio.timeout(_RELEASE_SECONDS):
                await self._leases.release(claim.generation_id, left)
        except (FlashError, TimeoutError) as error:
            log.warning("generation.not_given_back", error=type(error).__name__)
        self._ended("given_back")

    def _ended(self, outcome: str) -> None:
        ENDED.labels(outcome).inc()
        log.info("generation.ended", outcome=outcome)

    def _seconds_left(self, claim: ClaimResponse) -> float:
        return (claim.deadline - self._clock.now()).total_seconds()


async def _stopped(*tasks: asyncio.Future[Any]) -> None:
    """Cancel and wait until each has ended; how it ended does not matter."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
