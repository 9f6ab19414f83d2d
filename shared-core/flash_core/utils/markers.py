"""The markers in an answer: `[1]` after a sentence names the passage that it comes from."""

import re
from collections.abc import Callable
from typing import Final

MARKER: Final = re.compile(r"\[(\d{1,3})\](?!\()")
_CODE: Final = r"(?P<code>^[ \t]{0,3}```.*?(?:^[ \t]{0,3}```|\Z)|`[^`\n]+`)"
_OUTSIDE_CODE: Final = re.compile(
    rf"{_CODE}|(?P<space>[ \t]*)\[(?P<number>\d{{1,3}})\](?!\()", re.DOTALL | re.MULTILINE
)


def markers_in(text: str) -> tuple[int, ...]:
    """The numbers of its markers, each once; `row[1]` in code is none."""
    found = (match["number"] for match in _OUTSIDE_CODE.finditer(text))
    return tuple(dict.fromkeys(int(number) for number in found if number))


def with_markers(text: str, shown: Callable[[int], str]) -> str:
    """The text with `shown(number)` in the place of each marker."""
    return _OUTSIDE_CODE.sub(lambda found: found["code"] or found["space"] + shown(int(found["number"])), text)


def without_markers(text: str) -> str:
    """The text alone: its markers would name other passages in the next answer."""
    return _OUTSIDE_CODE.sub(lambda found: found["code"] or "", text)
