"""A model behind a circuit breaker that all answers of the process share, and what the operator is told of it."""

import time
from collections.abc import AsyncIterator, Callable

from flash_core.clients.breaker import CircuitBreaker
from flash_core.clients.chat_protocol import ModelUnusableError
from flash_core.errors import FlashError, UpstreamUnavailableError
from flash_core.interfaces.ai_provider import AIProviderInterface, Finished, TextPiece, WritingRequest
from flash_core.interfaces.health import HealthCheckInterface
from flash_core.utils.closing import closing

_THRESHOLD = 5
_OPEN_SECONDS = 5.0
_REFUSED_SECONDS = 15.0
_SHOWN_SECONDS = 60.0


class ModelHealth(HealthCheckInterface):
    """What the last calls have shown; asking costs no call.

    A failure that may pass is shown for a minute, a refused key or name until a call succeeds.
    """

    def __init__(self, name: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self._monotonic = monotonic
        self._trouble = ""
        self._is_refused = False
        self._since = 0.0

    async def check(self) -> None:
        if self._trouble and (self._is_refused or self._is_within(_SHOWN_SECONDS)):
            raise UpstreamUnavailableError(self._trouble)

    def failed(self, error: FlashError) -> None:
        self._trouble, self._since = str(error), self._monotonic()
        self._is_refused = isinstance(error, ModelUnusableError)

    def answers(self) -> None:
        self._trouble, self._is_refused = "", False

    def demand_usable(self) -> None:
        """Raise when the server has refused the key, the model or the path a moment ago."""
        if self._is_refused and self._is_within(_REFUSED_SECONDS):
            raise ModelUnusableError(self._trouble)

    def _is_within(self, seconds: float) -> bool:
        return self._monotonic() - self._since < seconds


class GuardedModel(AIProviderInterface):
    """Fails at once, without a call, while the breaker is open and for 15 s after the server has refused the key."""

    def __init__(self, model: AIProviderInterface, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.name = model.name
        self.health = ModelHealth(f"model:{model.name}", monotonic)
        self._model = model
        self._breaker = CircuitBreaker(
            f"The model server ({model.name})",
            threshold=_THRESHOLD,
            open_seconds=_OPEN_SECONDS,
            monotonic=monotonic,
        )

    async def stream(self, request: WritingRequest) -> AsyncIterator[TextPiece | Finished]:
        self.health.demand_usable()
        finished: Finished | None = None
        async with self._breaker.guard() as answers:
            try:
                async with closing(self._model.stream(request)) as items:
                    async for item in items:
                        self.health.answers()
                        answers()
                        if isinstance(item, Finished):
                            finished = item
                            break
                        yield item
            except FlashError as error:
                self.health.failed(error)
                raise
        if finished is not None:  # the call has succeeded, whether or not anybody still listens
            yield finished
