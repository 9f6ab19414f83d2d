"""How long the chunks of each document may be, by what the model's own tokenizer makes of its text."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from flash_core.interfaces.embedding import EmbeddingProviderInterface
from flash_core.utils.plain import plain_text
from indexing_service.interfaces.parsing import ParsedDocument
from indexing_service.services.passages import Version
from indexing_service.services.sizes import size_for

_STRETCHES: Final = 16
_STRETCH: Final = 500


async def measured(
    versions: Sequence[Version], embeddings: EmbeddingProviderInterface, max_tokens: int
) -> list[Version]:
    """Each in chunks that the model reads; the same for the same text and model, whatever stands beside it."""
    samples = await asyncio.to_thread(lambda: [_sample(one.parsed) for one in versions])
    counts = await embeddings.count_tokens(samples) if samples else []
    return [
        replace(version, size=size_for(sample, tokens, max_tokens))
        for version, sample, tokens in zip(versions, samples, counts, strict=True)
    ]


def _sample(parsed: ParsedDocument) -> str:
    """As a model sees it: all of a text, or of a long one stretches from all over it."""
    text = parsed.text
    if len(text) > _STRETCHES * _STRETCH:
        starts = [len(text) * number // _STRETCHES for number in range(_STRETCHES)]
        text = "\n".join(text[start : start + _STRETCH] for start in starts)
    return plain_text(text) if parsed.markdown else text
