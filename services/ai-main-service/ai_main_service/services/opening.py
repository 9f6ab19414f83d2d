"""A writer's sign that the passages do not answer the question: taken out of the text before any of it is shown."""

import re
from typing import Final

SENTINEL: Final = "NOT IN DOCUMENTATION"
"""What `prompts/answer.v2.md` tells a model to write when the passages do not answer the question."""
_DECORATION = " \n\t*_\"'"
_SENTENCE = re.compile(rf"{SENTINEL}[*_\"']*\s*[.!\n]", re.IGNORECASE)


def _begun(words: str) -> str:
    """An expression for all that these words begin with, nothing included."""
    pattern = ""
    for sign in reversed(words):
        pattern = f"(?:{re.escape(sign)}{pattern})?"
    return pattern


_MAY_BE_LAST = re.compile(rf"(?:\A|(?<=[.!?:\n]))[{_DECORATION}]*{_begun(SENTINEL)}[{_DECORATION}.!]*\Z", re.IGNORECASE)


class Opening:
    """Holds back what may still become the sentinel; drops white space before the text.

    Models write it as they please: before other words, as the last sentence, in small letters. `refuses` when the text
    begins with it, `ends` when it is the last sentence of a text that says something else before.
    """

    def __init__(self) -> None:
        self._held = ""
        self._decided = False
        self.refuses = False
        self.ends = False

    def feed(self, text: str) -> str:
        self._held += text
        if not self._decided:
            begun = self._held.lstrip(_DECORATION)
            self.refuses = begun.startswith(SENTINEL) or _SENTENCE.match(begun) is not None
            if self.refuses:
                return ""
        return self._take(_MAY_BE_LAST.search(self._held))

    def close(self) -> str:
        """What is left when the text has ended without the sentinel."""
        said = self._held.strip(f"{_DECORATION}.!").upper()
        if said == SENTINEL:
            self.refuses, self.ends = not self._decided, self._decided
        return "" if self.refuses or self.ends else self._take(None)

    def _take(self, last: re.Match[str] | None) -> str:
        end = last.start() if last is not None else len(self._held)
        shown, self._held = self._held[:end], self._held[end:]
        if self._decided:
            return shown
        self._decided = bool(shown.strip())
        return shown.lstrip()
