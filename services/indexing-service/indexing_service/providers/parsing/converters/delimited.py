"""Tables as text: comma, semicolon, tab or bar between the cells, whatever the file says it uses."""

import csv
import sys
from io import StringIO

from flash_core.errors import InvalidInputError
from indexing_service.interfaces.parsing import Converted
from indexing_service.providers.parsing.markdown import table

_DELIMITERS = ",;\t|"
_SAMPLE = 65_536


def convert(data: bytes) -> Converted:
    text = data.decode()
    csv.field_size_limit(sys.maxsize)
    rows = list(csv.reader(StringIO(text), delimiter=_delimiter(text[:_SAMPLE])))
    shown = table(rows)
    if not shown:
        raise InvalidInputError("It is empty.")
    return Converted("", shown)


def _delimiter(sample: str) -> str:
    """The one that divides most lines alike: real files have cells with commas in them."""
    lines = sample.splitlines()[:100]
    best = max(_DELIMITERS, key=lambda one: _agreement(lines, one))
    return best if _agreement(lines, best) else ","


def _agreement(lines: list[str], delimiter: str) -> float:
    """How many lines have as many cells as most have, and more than one."""
    counts = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
    if not counts:
        return 0
    usual = max(set(counts), key=counts.count)
    return counts.count(usual) + usual / 1_000 if usual > 1 else 0
