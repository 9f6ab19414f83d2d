"""A writer's sign that the passages do not answer the question: taken out of the text before any of it is shown."""

import re
from typing import Final

SENTINEL: Final = "NOT IN DOCUMENTATION"
"""What `prompts/answer.v2.md` tells a model to write when the passages do not answer the question."""
_BEFORE = " \n\t*_\"'`#>[({\u201c\u201e\u00ab-"
_AFTER = f"{_BEFORE})]}}\u201d\u00bb"
_SENTENCE = re.compile(rf"{SENTINEL}[{re.escape(_AFTER.strip())}]*+\s*[.!\n]", re.IGNORECASE)


def _begun(words: str) -> str:
    """An expression for all that these words begin with, nothing included."""
    pattern = ""
    for sign in reversed(words):
        pattern = f"(?:{re.escape(sign)}{pattern})?"
    return pattern


_MAY_BE_LAST = re.compile(
    rf"(?:\A|(?<=[.!?:\n\]]))[{re.escape(_BEFORE)}]*+{_begun(SENTINEL)}[{re.escape(_AFTER)}.!]*+\Z", re.IGNORECASE
)


class Opening:
    """Holds back what may still become the sentinel; drops white space before the text.

    Models write it as they please: before other words, as the last sentence, in small letters. `refuses` when the text
    begins with it, `ends` when it is the last sentence of a text that says something else before.
    """

    def __init__(self) -> None:
        self._held = ""
        self._last = ""
        self._decided = False
        self.refuses = False
        self.ends = False

    def feed(self, text: str) -> str:
        self._held += text
        if not self._decided:
            begun = self._held.lstrip(_BEFORE)
            self.refuses = begun.startswith(SENTINEL) or _SENTENCE.match(begun) is not None
            if self.refuses:
                return ""
        last = _MAY_BE_LAST.search(self._last + self._held, len(self._last))
        return self._take(None if last is None else last.start() - len(self._last))

    def close(self) -> str:
        """What is left when the text has ended without the sentinel."""
        said = self._held.strip(f"{_AFTER}.!").upper()
        if said == SENTINEL:
            self.refuses, self.ends = not self._decided, self._decided
        return "" if self.refuses or self.ends else self._take(None)

    def _take(self, end: int | None) -> str:
        shown, self._held = self._held[:end], "" if end is None else self._held[end:]
        if not self._decided:
            shown = shown.lstrip()
            self._decided = bool(shown)
        self._last = shown[-1:] or self._last
        return shown
