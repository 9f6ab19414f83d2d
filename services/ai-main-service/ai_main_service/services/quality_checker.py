"""What an answer cites, and whether the cited passages say it."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ai_main_service.services.context_builder import Context
from ai_main_service.services.plain import one_line
from ai_main_service.services.sentences import Unit, UnitKind, split
from flash_core.errors import FlashError
from flash_core.interfaces.ai_provider import GroundingPassage
from flash_core.interfaces.embedding import EmbeddingProviderInterface
from flash_core.schemas.chat import Citation
from flash_core.utils.words import content_stems, detect_language

_MARKER = re.compile(r"\[(\d{1,3})\](?!\()")
_CODE_SPAN = re.compile(r"`[^`\n]*`")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_SAYS_IT = 0.75
_MAY_SAY_IT = 0.4
_MEANS_IT = 0.72
_WINDOW = 2


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of the answer, `content[start:end]`, and the markers in it."""

    start: int
    end: int
    text: str
    markers: tuple[int, ...]


def statements(content: str) -> list[Statement]:
    """The sentences, items, rows and code blocks of an answer that carry a marker.

    A marker that stands alone after a block belongs to that block.
    """
    found: list[Statement] = []
    before: Unit | None = None
    for unit in split(content):
        text = unit.of(content)
        prose = "" if unit.kind is UnitKind.CODE else _CODE_SPAN.sub("", text)
        markers = tuple(dict.fromkeys(int(number) for number in _MARKER.findall(prose)))
        said = _MARKER.sub("", text).strip(" .")
        if markers and (said or before is None):
            found.append(Statement(unit.start, unit.end, said, markers))
        elif markers and before is not None:
            found.append(Statement(before.start, unit.end, before.of(content), markers))
        before = unit
    return found


class QualityChecker:
    """Checks each cited sentence against its passage: by its words, and by meaning where words do not decide.

    Numbers are checked to the letter: a sentence with a number that its passage does not have is not supported.
    """

    def __init__(self, embeddings: EmbeddingProviderInterface, *, seconds: float = 1.0) -> None:
        self._embeddings = embeddings
        self._seconds = seconds

    async def citations(self, content: str, context: Context) -> list[Citation]:
        """In the order of the answer; markers that name no passage have no citation."""
        pairs = [
            (statement, passage)
            for statement in statements(content)
            for marker in statement.markers
            for passage in context.passages
            if passage.marker == marker
        ]
        overlaps = [_overlap(statement.text, passage) for statement, passage in pairs]
        unsure = [index for index, overlap in enumerate(overlaps) if _MAY_SAY_IT <= overlap < _SAYS_IT]
        meant = await self._means([pairs[index] for index in unsure])
        supported = dict(zip(unsure, meant, strict=True))
        return [
            Citation(
                marker=passage.marker,
                source_id=context.sources[context.passages.index(passage)].id,
                start=statement.start,
                end=statement.end,
                supported=supported.get(index, overlaps[index] >= _SAYS_IT),
            )
            for index, (statement, passage) in enumerate(pairs)
        ]

    async def _means(self, pairs: Sequence[tuple[Statement, GroundingPassage]]) -> list[bool]:
        """Whether the passage's closest sentence means the same; False for all when that can't be found out now."""
        if not pairs:
            return []
        windows = [_windows(passage) for _, passage in pairs]
        texts = [statement.text for statement, _ in pairs] + [window for some in windows for window in some]
        try:
            async with asyncio.timeout(self._seconds):
                vectors = await self._embeddings.embed(texts)
        except (FlashError, TimeoutError):
            return [False] * len(pairs)
        offset, means = len(pairs), []
        for index, some in enumerate(windows):
            closest = vectors[offset : offset + len(some)] @ vectors[index]
            means.append(bool(np.max(closest) >= _MEANS_IT))
            offset += len(some)
        return means


def _windows(passage: GroundingPassage) -> list[str]:
    units = [one_line(unit.of(passage.text)) for unit in split(passage.text)]
    return [*units, *(f"{first} {second}" for first, second in pairwise(units))] or [passage.title]


def _overlap(text: str, passage: GroundingPassage) -> float:
    """The share of the sentence's stems in the best two neighbouring units of the passage; 0 if a number is missing.

    A quotation to the letter counts whole, also one of small words alone.
    """
    if one_line(text) in one_line(passage.text):
        return 1.0
    if not set(_NUMBER.findall(text)) <= set(_NUMBER.findall(f"{passage.title} {passage.heading} {passage.text}")):
        return 0.0
    language = detect_language(passage.text)
    said = frozenset(content_stems(text, language))
    if not said:
        return 0.0
    frame = frozenset(content_stems(f"{passage.title} {passage.heading}", language))
    units = [frozenset(content_stems(unit.of(passage.text), language)) for unit in split(passage.text)]
    spans = [frozenset().union(*units[at : at + _WINDOW]) | frame for at in range(len(units))]
    return max((len(said & span) / len(said) for span in spans), default=0.0)
