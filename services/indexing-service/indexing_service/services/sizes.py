"""How long a chunk may be for a model, in characters."""

import re
from dataclasses import dataclass
from typing import Final

_LEADING_TOKENS: Final = 32
"""Room for the title and the headings in front and for special tokens; 19 of 20 passages need less."""

_STEP: Final = 50
_SMALLEST: Final = 200
_LARGEST: Final = 1_000
"""Even the keyword half of a search, which reads everything, finds no more in chunks of 1,400 or 2,000 characters
(nDCG@10 .787, .781, .782 on product documentation, .791, .796, .788 on a handbook), and a reader would have to look
longer for the place.
"""
_DENSE_SCRIPT_WEIGHT: Final = 2
"""A Chinese, Japanese or Korean character says as much as three Latin ones, and is often a token or more."""
_DENSE_SCRIPT = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class ChunkSize:
    """`largest`: no chunk of anything but code is longer. `good`: shorter ones lack context. `whole`: tables and list
    items up to this length are not cut; the rest is room for the heading above them. `whole_code`: code up to this
    length is not cut; what the model does not read of it, words still find, and half a function helps nobody.
    `sentences`: paragraphs from this length may be cut between sentences.
    """

    largest: int

    @property
    def good(self) -> int:
        return self.largest // 2

    @property
    def whole(self) -> int:
        return self.largest * 9 // 10

    @property
    def whole_code(self) -> int:
        return self.largest * 3

    @property
    def sentences(self) -> int:
        return self.largest * 3 // 10


DEFAULT_SIZE: Final = ChunkSize(1_000)


def extra_weight(text: str, start: int, end: int) -> int:
    """What `text[start:end]` counts more than its characters."""
    return _DENSE_SCRIPT_WEIGHT * len(_DENSE_SCRIPT.findall(text, start, end))


def size_for(sample: str, tokens: int, max_tokens: int) -> ChunkSize:
    """Of the chunks of a text of which `sample` is a part that makes so many tokens: what lies behind `max_tokens` of
    them, the model does not see. 500 to 1,000 characters for MiniLM, which reads 256.
    """
    characters_per_token = (len(sample) + extra_weight(sample, 0, len(sample))) / max(1, tokens)
    room = int((max_tokens - _LEADING_TOKENS) * characters_per_token) // _STEP * _STEP
    return ChunkSize(max(_SMALLEST, min(_LARGEST, room)))
