"""Letting the first provider that can write the answer, into its stream."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from ai_main_service.config import EXTRACTIVE
from ai_main_service.services.answer_stream import AnswerStream
from ai_main_service.services.citations import LinkRule, MarkerFilter
from ai_main_service.services.opening import Opening
from ai_main_service.services.phrases import another_model, cut_short, unread_by_model, without_model
from ai_main_service.services.strict import Gate
from flash_core.errors import FlashError, OverloadedError, UpstreamRejectedError, UpstreamUnavailableError
from flash_core.interfaces.ai_provider import AIProviderInterface, Finished, TextPiece, WritingRequest
from flash_core.utils.closing import closing
from flash_core.utils.markers import MARKER

log = structlog.get_logger(__name__)
_PROVIDER_ERRORS = (UpstreamUnavailableError, UpstreamRejectedError, OverloadedError)
_CUT_SHORT: Final = frozenset({"length", "content_filter", "max_tokens", "refusal", "model_context_window_exceeded"})
"""Why a model stops before its text is complete, in the words of the protocols."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Who wrote; `refused` when the writer says that the passages do not answer the question, and then
    nothing was written. `fell_back` when a provider that is preferred could not.
    """

    finished: Finished
    refused: bool = False
    fell_back: bool = False

    @property
    def is_cut_short(self) -> bool:
        return not self.refused and self.finished.details.get("finish_reason") in _CUT_SHORT

    @property
    def is_lasting(self) -> bool:
        """Whether another draft would not be more than this one."""
        return not (self.fell_back or self.is_cut_short or self.refused)

    def notes(self, language: str) -> list[str]:
        """What the answer says at its end: that it is not complete, and that not the preferred provider wrote it."""
        notes = [cut_short(language)] if self.is_cut_short else []
        if self.fell_back and self.finished.model != EXTRACTIVE:
            notes.append(another_model(language))
        elif self.fell_back:
            notes.append(unread_by_model(language) if self.refused else without_model(language))
        return notes


async def draft(
    providers: Sequence[AIProviderInterface],
    request: WritingRequest,
    stream: AnswerStream,
    is_allowed_link: LinkRule,
    gate_of: Callable[[AnswerStream], Gate] = Gate,
) -> Draft:
    """Write with the first provider that succeeds; what one wrote before it failed is void. What all of them used goes
    on the stream's bill. Without passages there is nothing to refuse by.

    When none succeeds: the first error that may pass, else the first of all.
    """
    errors: list[FlashError] = []
    request = replace(request, calls=stream.calls)
    for provider in providers:
        markers = {passage.marker for passage in request.passages}
        shown = MarkerFilter(markers, is_allowed_link)
        writing = _Writing(stream, gate_of(stream), shown, may_refuse=bool(request.passages))
        try:
            finished = await writing.all_of(provider, request)
        except _PROVIDER_ERRORS as error:
            log.warning("provider.failed", provider=provider.name, code=error.code, detail=str(error))
            errors.append(error)
            if stream.content:
                await stream.reset()
        else:
            return Draft(finished, writing.refused, fell_back=bool(errors))
    raise next((error for error in errors if error.retryable), errors[0])


class _Writing:
    """One provider's try."""

    def __init__(self, stream: AnswerStream, gate: Gate, markers: MarkerFilter, *, may_refuse: bool) -> None:
        self._stream = stream
        self._gate = gate
        self._markers = markers
        self._opening = Opening()
        self._may_refuse = may_refuse
        self._has_text = False
        self.refused = False

    async def all_of(self, provider: AIProviderInterface, request: WritingRequest) -> Finished:
        async with closing(_told(provider, request)) as items:
            async for item in items:
                if isinstance(item, Finished):
                    await self._end(provider.name)
                    return item
                await self._write(self._opening.feed(item.text) if self._may_refuse else item.text)
                if self._opening.refuses:
                    self.refused = True
                    return Finished(model=provider.name)
        raise UpstreamUnavailableError(f"The provider {provider.name} stopped without an end.")

    async def _write(self, text: str) -> None:
        await self._pass(self._markers.feed(text))

    async def _pass(self, shown: str) -> None:
        """White space before the text is left out."""
        shown = shown if self._has_text else shown.lstrip()
        self._has_text = self._has_text or bool(shown)
        await self._gate.write(shown)

    async def _end(self, name: str) -> None:
        await self._write(self._opening.close())
        await self._pass(self._markers.close())
        await self._gate.close()
        is_said = self._opening.ends and not MARKER.search(self._stream.content)
        self.refused = self._opening.refuses or is_said or (self._has_text and not self._stream.content.strip())
        if self.refused and self._stream.content:
            await self._stream.reset()
        if not (self.refused or self._stream.content.strip()):
            raise UpstreamUnavailableError(f"The provider {name} wrote nothing that can be shown.")


async def _told(provider: AIProviderInterface, request: WritingRequest) -> AsyncIterator[TextPiece | Finished]:
    """What the provider says. Whatever goes wrong in it is its failure, so that the next one may try."""
    try:
        async with closing(provider.stream(request)) as items:
            async for item in items:
                yield item
    except _PROVIDER_ERRORS:
        raise
    except Exception as error:
        log.exception("provider.crashed", provider=provider.name)
        raise UpstreamUnavailableError(f"The provider {provider.name} has failed.") from error
