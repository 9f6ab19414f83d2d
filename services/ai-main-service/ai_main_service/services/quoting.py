"""Chosen units as Markdown, each followed by the marker of its passage."""

from collections.abc import Iterator, Sequence

from ai_main_service.services.candidates import Candidate
from ai_main_service.services.sentences import UnitKind

_IN_LINES = {UnitKind.ITEM, UnitKind.ROW}


def quoted(chosen: Sequence[Candidate], markers: Sequence[int]) -> Iterator[str]:
    """Pieces of the answer; joined they are its text. `markers[candidate.passage]` is what the candidate cites."""
    before: Candidate | None = None
    level = 0
    for candidate in chosen:
        gap = _gap(before, candidate) if before is not None else ""
        level = min(candidate.unit.depth, level + 1) if _same_list(before, candidate) else 0
        yield f"{gap}{_sign(candidate, level)}{_ending(candidate)}[{markers[candidate.passage]}]"
        before = candidate


def _gap(before: Candidate, candidate: Candidate) -> str:
    goes_on = candidate.unit.number > 1 and before.unit.number == candidate.unit.number - 1
    if goes_on or _same_list(before, candidate) or (before.unit.kind is candidate.unit.kind is UnitKind.ROW):
        return "\n"
    is_prose = before.unit.kind is candidate.unit.kind is UnitKind.SENTENCE
    return " " if is_prose and _same_block(before, candidate) else "\n\n"


def _same_block(before: Candidate, candidate: Candidate) -> bool:
    return before.passage == candidate.passage and before.unit.group == candidate.unit.group


def _same_list(before: Candidate | None, candidate: Candidate) -> bool:
    return before is not None and candidate.unit.kind is UnitKind.ITEM and _same_block(before, candidate)


def _sign(candidate: Candidate, level: int) -> str:
    if candidate.unit.kind not in _IN_LINES:
        return ""
    number = candidate.unit.number
    return "   " * level + (f"{number}. " if number else "- ")


def _ending(candidate: Candidate) -> str:
    return candidate.text + ("\n\n" if candidate.unit.kind is UnitKind.CODE else " ")
