"""How a text begins, before any of it is shown."""

SENTINEL = "NOT IN DOCUMENTATION"
"""What `prompts/answer.v2.md` tells a model to write when the passages do not answer the question."""
_DECORATION = " \n\t*_\"'"


class Opening:
    """Holds the beginning back for as long as it may still become the sentinel; drops white space before the text."""

    def __init__(self) -> None:
        self._held = ""
        self._decided = False
        self.refuses = False

    def feed(self, text: str) -> str:
        if self._decided:
            return text
        self._held += text
        begun = self._held.lstrip(_DECORATION)
        if begun.startswith(SENTINEL):
            self.refuses = True
        if self.refuses or SENTINEL.startswith(begun):
            return ""
        self._decided = True
        return self._held.lstrip()

    def close(self) -> str:
        """What is left when the text has ended without becoming the sentinel."""
        return "" if self._decided or self.refuses else self._held.strip()
