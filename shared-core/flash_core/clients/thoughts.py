"""What a model writes before its text: local servers pass a reasoning model's thoughts on as part of it."""

from typing import Final

_TAGS: Final = ("<think>", "<thinking>", "<thought>", "<reasoning>")


class Thoughts:
    """Leaves blocks like `<think>…</think>` out that stand before the text, and one that is never closed.

    Joined, what it returns does not depend on how the text was cut.
    """

    def __init__(self) -> None:
        self._held = ""
        self._end = ""
        self._has_thought = self._has_begun = False

    def feed(self, text: str) -> str:
        if self._has_begun:
            return text
        self._held += text
        while self._skips():
            pass
        return self._begun()

    def close(self) -> str:
        """What is left when nothing follows any more."""
        return "" if self._end or not self._held.strip() else self._held

    def _skips(self) -> bool:
        """Whether a tag was taken out, so that what follows it is to be looked at."""
        wanted = (self._end,) if self._end else _TAGS
        held = self._held.lower()
        at = held.find(self._end) if self._end else len(held) - len(held.lstrip())
        tag = next((one for one in wanted if at >= 0 and held.startswith(one, at)), "")
        if not tag:
            return False
        self._held = self._held[at + len(tag) :]
        self._end = "" if self._end else f"</{tag[1:]}"
        self._has_thought = True
        return True

    def _begun(self) -> str:
        if self._end:
            self._held = self._held[-len(self._end) :]
            return ""
        begun = self._held.lstrip().lower()
        if any(tag.startswith(begun) for tag in _TAGS):
            return ""
        self._has_begun = True
        text, self._held = self._held, ""
        return text.lstrip() if self._has_thought else text
