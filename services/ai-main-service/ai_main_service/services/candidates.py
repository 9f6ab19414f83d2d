"""The units of the passages that an answer may quote."""

from collections.abc import Sequence
from dataclasses import dataclass

from ai_main_service.services.orders import addresses_assistant
from ai_main_service.services.plain import cells, is_picture, one_line, row_as_text
from ai_main_service.services.sentences import Unit, UnitKind, split
from flash_core.interfaces.ai_provider import GroundingPassage

HEADINGS = " > "
"""Between the headings of a path, as the index writes it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit that may be quoted. `passage` counts from 0, `position` is its place among the units of its section,
    `heading` the one right above it and `context` all that stands over it: title and headings.
    """

    passage: int
    unit: Unit
    text: str
    heading: str
    context: str
    position: int


def candidates(passages: Sequence[GroundingPassage]) -> list[Candidate]:
    """Every quotable unit of the passages, in order. Headings are context; a table's rows carry its column names.

    What is said to an assistant and not to a reader is left out, and a picture behind a sentence.
    """
    return [candidate for number, passage in enumerate(passages) for candidate in _of_passage(number, passage)]


def lowest(heading: str) -> str:
    """The heading right above a passage; above it in its path stand those of the sections around."""
    return heading.rpartition(HEADINGS)[2]


def _of_passage(number: int, passage: GroundingPassage) -> list[Candidate]:
    found: list[Candidate] = []
    heading, position, columns = lowest(passage.heading), 0, (-1, [""])
    for unit in split(passage.text):
        raw = unit.of(passage.text)
        if unit.kind is UnitKind.HEADING:
            heading, position = one_line(raw), 0
        elif unit.names_columns:
            columns = (unit.group, cells(raw))
        else:
            text = _text(unit, raw, columns[1] if columns[0] == unit.group else [])
            if _is_quotable(text) and not (found and found[-1].unit.group == unit.group and is_picture(raw)):
                context = f"{passage.title} {passage.heading} {heading}"
                found.append(Candidate(number, unit, text, heading, context, position))
                position += 1
    return found


def _is_quotable(text: str) -> bool:
    return any(letter.isalnum() for letter in text) and not addresses_assistant(text)


def _text(unit: Unit, raw: str, columns: list[str]) -> str:
    if unit.kind is UnitKind.CODE:
        return raw
    return row_as_text(columns, cells(raw)) if unit.kind is UnitKind.ROW else one_line(raw)
