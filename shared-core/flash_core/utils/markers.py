"""The markers in an answer: `[1]` after a sentence names the passage that it comes from."""

import re
from typing import Final

MARKER: Final = re.compile(r"\[(\d{1,3})\](?!\()")
_WITH_SPACE: Final = re.compile(rf"[ \t]*{MARKER.pattern}")


def without_markers(text: str) -> str:
    """The text alone: its markers would name other passages in the next answer."""
    return _WITH_SPACE.sub("", text)
