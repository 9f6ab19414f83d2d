"""Letting the first provider that can write the answer, into its stream."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from ai_main_service.services.answer_stream import AnswerStream
from ai_main_service.services.citations import LinkRule, MarkerFilter
from ai_main_service.services.opening import Opening
from flash_core.errors import FlashError, OverloadedError, UpstreamRejectedError, UpstreamUnavailableError
from flash_core.interfaces.ai_provider import AIProviderInterface, Finished, TextPiece, WritingRequest

log = structlog.get_logger(__name__)
_PROVIDER_ERRORS = (UpstreamUnavailableError, UpstreamRejectedError, OverloadedError)


@dataclass(frozen=True, slots=True)
class Draft:
    """Who wrote, what it cost; `refused` when the writer says that the passages do not answer the question, and then
    nothing was written. `fell_back` when a provider that is preferred could not.
    """

    finished: Finished
    refused: bool = False
    fell_back: bool = False


async def draft(
    providers: Sequence[AIProviderInterface],
    request: WritingRequest,
    stream: AnswerStream,
    is_allowed_link: LinkRule,
) -> Draft:
    """Write with the first provider that succeeds; what one wrote before it failed is void.

    When none succeeds: the first error that may pass, else the first of all.
    """
    errors: list[FlashError] = []
    for provider in providers:
        markers = {passage.marker for passage in request.passages}
        try:
            finished, refused = await _write(provider, request, stream, MarkerFilter(markers, is_allowed_link))
        except _PROVIDER_ERRORS as error:
            log.warning("provider.failed", provider=provider.name, code=error.code, detail=str(error))
            errors.append(error)
            if stream.content:
                await stream.reset()
        else:
            return Draft(finished, refused, fell_back=bool(errors))
    raise next((error for error in errors if error.retryable), errors[0])


async def _write(
    provider: AIProviderInterface, request: WritingRequest, stream: AnswerStream, markers: MarkerFilter
) -> tuple[Finished, bool]:
    opening = Opening()
    async with _closing(provider.stream(request)) as items:
        async for item in items:
            if isinstance(item, Finished):
                await stream.write(markers.feed(opening.close()) + markers.close())
                return item, opening.refuses or not stream.content.strip()
            await stream.write(markers.feed(opening.feed(item.text)))
            if opening.refuses:
                return Finished(model=provider.name), True
    raise UpstreamUnavailableError(f"The provider {provider.name} stopped without an end.")


@asynccontextmanager
async def _closing(items: AsyncIterator[TextPiece | Finished]) -> AsyncIterator[AsyncIterator[TextPiece | Finished]]:
    """Leaving, however it happens, stops the work at the provider."""
    try:
        yield items
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            await close()
