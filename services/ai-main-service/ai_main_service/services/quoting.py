"""Chosen units as Markdown, each followed by the marker of its passage."""

from collections.abc import Iterator, Sequence

from ai_main_service.services.ranking import Candidate
from ai_main_service.services.sentences import UnitKind

_IN_LINES = {UnitKind.ITEM, UnitKind.ROW}


def quoted(chosen: Sequence[Candidate], markers: Sequence[int]) -> Iterator[str]:
    """Pieces of the answer; joined they are its text. `markers[candidate.passage]` is what the candidate cites."""
    before: Candidate | None = None
    numbers: list[int] = []
    for candidate in chosen:
        gap = _gap(before, candidate) if before is not None else ""
        numbers = _counted(numbers if _same_list(before, candidate) else [], candidate.unit.depth)
        yield f"{gap}{_sign(candidate, numbers)}{_ending(candidate)}[{markers[candidate.passage]}]"
        before = candidate


def _counted(numbers: list[int], depth: int) -> list[int]:
    """One count a level that is open; the last level is this item's."""
    here = numbers[: depth + 1] if len(numbers) > depth else [*numbers, 0]
    return [*here[:-1], here[-1] + 1]


def _gap(before: Candidate, candidate: Candidate) -> str:
    if _same_list(before, candidate) or (before.unit.kind is candidate.unit.kind is UnitKind.ROW):
        return "\n"
    is_prose = before.unit.kind is candidate.unit.kind is UnitKind.SENTENCE
    return " " if is_prose and _same_block(before, candidate) else "\n\n"


def _same_block(before: Candidate, candidate: Candidate) -> bool:
    return before.passage == candidate.passage and before.unit.group == candidate.unit.group


def _same_list(before: Candidate | None, candidate: Candidate) -> bool:
    return before is not None and candidate.unit.kind is UnitKind.ITEM and _same_block(before, candidate)


def _sign(candidate: Candidate, numbers: Sequence[int]) -> str:
    if candidate.unit.kind not in _IN_LINES:
        return ""
    return "   " * (len(numbers) - 1) + (f"{numbers[-1]}. " if candidate.unit.ordered else "- ")


def _ending(candidate: Candidate) -> str:
    return candidate.text + ("\n\n" if candidate.unit.kind is UnitKind.CODE else " ")
