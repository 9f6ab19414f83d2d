"""What an answer is written from: the best passages within a budget, each once."""

from collections.abc import Sequence
from dataclasses import dataclass

from ai_main_service.services.cleaning import visible
from flash_core.interfaces.ai_provider import GroundingPassage
from flash_core.schemas.chat import Source
from flash_core.schemas.search import SearchHit
from flash_core.utils.token_count import tokens_of
from flash_core.utils.words import tokens

_AROUND_A_PASSAGE = 12
"""Tokens of the tags that it stands between in a prompt."""
_SHINGLE = 3
_NEARLY_SAME = 0.85
_OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class Context:
    """The passages an answer may quote and, one for one, the sources that its citations name."""

    passages: tuple[GroundingPassage, ...]
    sources: tuple[Source, ...]

    def source_of(self, marker: int) -> Source | None:
        return next((source for source in self.sources if source.marker == marker), None)


def build_context(hits: Sequence[SearchHit], *, budget_tokens: int, most: int) -> Context:
    """At most `most` passages, best first, that fit the budget; repetitions of better ones are left out.

    Markers count from 1 in the order of the hits. A passage that would burst the budget is skipped, a later, shorter
    one may still fit; the best passage is always there.
    """
    kept: list[SearchHit] = []
    left = budget_tokens
    for hit in hits:
        cost = _cost(hit)
        if len(kept) == most:
            break
        if (cost <= left or not kept) and not any(_repeats(hit, other) for other in kept) and visible(hit.text).strip():
            kept.append(hit)
            left -= cost
    return Context(
        tuple(_passage(marker, hit) for marker, hit in enumerate(kept, 1)),
        tuple(source_of(marker, hit) for marker, hit in enumerate(kept, 1)),
    )


def _cost(hit: SearchHit) -> int:
    place = " / ".join((*hit.path, hit.title, hit.heading))
    return tokens_of(hit.table_head + hit.text) + tokens_of(place) + _AROUND_A_PASSAGE


def _passage(marker: int, hit: SearchHit) -> GroundingPassage:
    return GroundingPassage(
        marker=marker,
        title=visible(hit.title),
        path=tuple(visible(step) for step in hit.path),
        heading=visible(hit.heading),
        text=visible(f"{hit.table_head}\n{hit.text}" if hit.table_head else hit.text),
        score=hit.score,
    )


def source_of(marker: int, hit: SearchHit) -> Source:
    return Source(
        id=str(hit.chunk_id),
        marker=marker,
        document_id=hit.document_id,
        chunk_id=hit.chunk_id,
        title=hit.title,
        path=hit.path,
        url=hit.url,
        provider=hit.provider,
        text=hit.text,
        start=hit.start,
        end=hit.end,
        score=hit.score,
        updated_at=hit.updated_at,
        version=hit.version,
        source_version=hit.source_version,
        checked_at=hit.checked_at,
    )


def _repeats(hit: SearchHit, other: SearchHit) -> bool:
    if hit.chunk_id == other.chunk_id:
        return True
    if hit.document_id == other.document_id:
        shared = min(hit.end, other.end) - max(hit.start, other.start)
        if shared > _OVERLAP * min(hit.end - hit.start, other.end - other.start):
            return True
    return _likeness(hit.text, other.text) >= _NEARLY_SAME


def _likeness(one: str, other: str) -> float:
    """The share of the shorter text's word triples that the other has too."""
    first, second = _shingles(one), _shingles(other)
    smaller = min(len(first), len(second))
    return len(first & second) / smaller if smaller else 0.0


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = tokens(text)
    return {tuple(words[at : at + _SHINGLE]) for at in range(len(words) - _SHINGLE + 1)}
