"""Numbered steps as a whole, also where a page's passages divide them."""

from collections.abc import Sequence

from ai_main_service.services.candidates import Candidate

Document = tuple[str, tuple[str, ...]]
"""Title and path, which stand for the document that a passage is from."""


def whole_steps(found: Sequence[Candidate], documents: Sequence[Document], index: int) -> list[list[int]]:
    """The numbered steps of the section that the candidate `index` is in, with what stands between them.

    One part a passage, in the order of the numbers; empty where the section has none. Indexes are places in `found`,
    `documents` are those of the passages.
    """
    mine = _steps_in(found, _section(found, index))
    if not mine:
        return []
    here = found[index]
    others = [
        steps
        for first, candidate in enumerate(found)
        if candidate.passage != here.passage
        and (documents[candidate.passage], candidate.heading) == (documents[here.passage], here.heading)
        and candidate.position == 0
        and (steps := _steps_in(found, _section(found, first)))
    ]
    before = next((steps for steps in others if _last(found, steps) + 1 == _first(found, mine)), [])
    after = next((steps for steps in others if _first(found, steps) == _last(found, mine) + 1), [])
    return [part for part in (before, mine, after) if part]


def _section(found: Sequence[Candidate], index: int) -> range:
    first = index - found[index].position
    after = first + 1
    while (
        after < len(found) and found[after].position == after - first and found[after].passage == found[index].passage
    ):
        after += 1
    return range(first, after)


def _steps_in(found: Sequence[Candidate], section: range) -> list[int]:
    """From the first to the last step of the section, if their numbers go on one by one."""
    steps = [index for index in section if found[index].unit.number and not found[index].unit.depth]
    numbers = [found[index].unit.number for index in steps]
    if not steps or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return []
    end = steps[-1] + 1
    while end < section.stop and _belongs_to_step(found[end], found[steps[-1]]):
        end += 1
    return list(range(steps[0], end))


def _belongs_to_step(candidate: Candidate, step: Candidate) -> bool:
    return candidate.unit.group == step.unit.group and candidate.unit.depth > step.unit.depth


def _first(found: Sequence[Candidate], steps: Sequence[int]) -> int:
    return found[steps[0]].unit.number


def _last(found: Sequence[Candidate], steps: Sequence[int]) -> int:
    return max(found[index].unit.number for index in steps if not found[index].unit.depth)
