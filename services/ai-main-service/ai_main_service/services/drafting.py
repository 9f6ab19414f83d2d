"""Letting the first provider that can write the answer, into its stream."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from ai_main_service.config import EXTRACTIVE
from ai_main_service.services.answer_stream import AnswerStream
from ai_main_service.services.citations import LinkRule, MarkerFilter
from ai_main_service.services.opening import Opening
from ai_main_service.services.phrases import another_model, unread_by_model, without_model
from ai_main_service.services.strict import Gate
from flash_core.errors import FlashError, OverloadedError, UpstreamRejectedError, UpstreamUnavailableError
from flash_core.interfaces.ai_provider import AIProviderInterface, Finished, WritingRequest
from flash_core.utils.closing import closing

log = structlog.get_logger(__name__)
_PROVIDER_ERRORS = (UpstreamUnavailableError, UpstreamRejectedError, OverloadedError)


@dataclass(frozen=True, slots=True)
class Draft:
    """Who wrote; `refused` when the writer says that the passages do not answer the question, and then
    nothing was written. `fell_back` when a provider that is preferred could not.
    """

    finished: Finished
    refused: bool = False
    fell_back: bool = False

    def note(self, language: str) -> str:
        """What the answer says at its end when not the preferred provider wrote it, else nothing."""
        if not self.fell_back:
            return ""
        if self.finished.model != EXTRACTIVE:
            said = another_model(language)
        else:
            said = unread_by_model(language) if self.refused else without_model(language)
        return f"\n\n_{said}_"


async def draft(
    providers: Sequence[AIProviderInterface],
    request: WritingRequest,
    stream: AnswerStream,
    is_allowed_link: LinkRule,
    gate_of: Callable[[AnswerStream], Gate] = Gate,
) -> Draft:
    """Write with the first provider that succeeds; what one wrote before it failed is void. What all of them used goes
    on the stream's bill.

    When none succeeds: the first error that may pass, else the first of all.
    """
    errors: list[FlashError] = []
    request = replace(request, calls=stream.calls)
    for provider in providers:
        markers = {passage.marker for passage in request.passages}
        try:
            finished, refused = await _write(
                provider, request, stream, gate_of(stream), MarkerFilter(markers, is_allowed_link)
            )
        except _PROVIDER_ERRORS as error:
            log.warning("provider.failed", provider=provider.name, code=error.code, detail=str(error))
            errors.append(error)
            if stream.content:
                await stream.reset()
        else:
            return Draft(finished, refused, fell_back=bool(errors))
    raise next((error for error in errors if error.retryable), errors[0])


async def _write(
    provider: AIProviderInterface, request: WritingRequest, stream: AnswerStream, gate: Gate, markers: MarkerFilter
) -> tuple[Finished, bool]:
    opening = Opening()
    async with closing(provider.stream(request)) as items:
        async for item in items:
            if isinstance(item, Finished):
                await gate.write(markers.feed(opening.close()) + markers.close())
                await gate.close()
                return item, opening.refuses or not stream.content.strip()
            await gate.write(markers.feed(opening.feed(item.text)))
            if opening.refuses:
                return Finished(model=provider.name), True
    raise UpstreamUnavailableError(f"The provider {provider.name} stopped without an end.")
