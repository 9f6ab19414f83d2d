"""The markers of an answer while it is being written: known ones pass, all others are taken out.

What a model writes is not trusted: a marker that names no passage is removed, an image is reduced to its description
and a link to a place that no passage names to its words, so that nothing but text can come out.
"""

import re
from collections.abc import Callable, Collection

_SPECIAL = re.compile(r"`+| (?=!?\[|!?\Z)|!?\[|!\Z|\]|\n")
_BRACKETS = re.compile(r"\[((?:[^\[\]`\n]|\n(?!\n)){0,399})\]")
_TARGET = re.compile(r"\(\s*<?([^\s()<>]*)>?\s*(?:\"[^\"]*\"|'[^']*')?\s*\)")
_NUMBERS = re.compile(r"\s*\d{1,3}(?:\s*,\s*\d{1,3})*\s*")
_LONGEST_TEXT = 400
_LONGEST_TARGET = 2_000
_FENCE = 3

LinkRule = Callable[[str], bool]


class MarkerFilter:
    """An incremental filter over the pieces of one answer.

    `feed` returns what may be shown now and holds back what may still become a marker, an image or a link; `close`
    returns the rest. Joined, the returned pieces do not depend on how the text was cut. Code is left as it is.
    """

    def __init__(self, markers: Collection[int], is_allowed_link: LinkRule) -> None:
        self._markers = frozenset(markers)
        self._is_allowed_link = is_allowed_link
        self._held = ""
        self._code = 0
        self._at_line_start = True

    def feed(self, text: str) -> str:
        return self._take(self._held + text, final=False)

    def close(self) -> str:
        return self._take(self._held, final=True)

    def _take(self, text: str, *, final: bool) -> str:
        shown: list[str] = []
        at = 0
        while at < len(text):
            special = _SPECIAL.search(text, at)
            plain = text[at : special.start()] if special else text[at:]
            self._show(shown, plain)
            if special is None:
                at = len(text)
                break
            step = self._step(text, special, final=final)
            if step is None:
                at = special.start()
                break
            at, piece = step
            self._show(shown, piece)
        self._held = text[at:]
        return "".join(shown)

    def _show(self, shown: list[str], piece: str) -> None:
        if piece:
            shown.append(piece)
            self._at_line_start = piece.endswith("\n") or (self._at_line_start and not piece.strip())

    def _step(self, text: str, special: re.Match[str], *, final: bool) -> tuple[int, str] | None:
        """Where to go on and what to show for this special place; None when the next characters decide."""
        sign, end = special[0], special.end()
        if end == len(text) and not final and not sign.endswith(("[", "\n")):
            return None
        if self._code or sign.startswith("`") or sign == "\n":
            self._track_code(sign)
            return end, sign
        if sign.endswith("["):
            return self._bracket(text, special.start(), final=final)
        if sign == " ":
            return self._after_space(text, end, final=final)
        return end, "] " if sign == "]" and text[end : end + 1] == "(" else sign

    def _track_code(self, sign: str) -> None:
        """A code span ends with its line at the latest, a fence with another."""
        if sign == "\n":
            self._code = self._code if self._code >= _FENCE else 0
        elif sign.startswith("`"):
            self._tick(len(sign))

    def _tick(self, count: int) -> None:
        if not self._code:
            self._code = count
        elif count == self._code or count >= self._code >= _FENCE:
            self._code = 0

    def _after_space(self, text: str, at: int, *, final: bool) -> tuple[int, str] | None:
        """A space before a marker that is taken out goes with it."""
        if text[at:] == "!" and not final:
            return None
        if not text.startswith(("[", "!["), at):
            return at, " "
        following = self._bracket(text, at, final=final)
        if following is None:
            return None
        end, piece = following
        return end, f" {piece}" if piece else ""

    def _bracket(self, text: str, start: int, *, final: bool) -> tuple[int, str] | None:
        image = text[start] == "!"
        at = start + image
        brackets = _BRACKETS.match(text, at)
        if brackets is None:
            rest = text[at + 1 :]
            is_open = len(rest) < _LONGEST_TEXT and not any(sign in rest for sign in ("[", "`", "\n\n"))
            return None if is_open and not final else (at + 1, text[start : at + 1])
        end = brackets.end()
        if end == len(text) and not final:
            return None
        following = text[end : end + 1]
        if following == "(":
            return self._link(text, brackets, image=image, final=final)
        if _NUMBERS.fullmatch(brackets[1]):
            return end, self._known(brackets[1])
        return end, brackets[0] + (" " if following == ":" and self._at_line_start else "")

    def _known(self, numbers: str) -> str:
        listed = dict.fromkeys(int(number) for number in numbers.split(","))
        return "".join(f"[{number}]" for number in listed if number in self._markers)

    def _link(self, text: str, brackets: re.Match[str], *, image: bool, final: bool) -> tuple[int, str] | None:
        start = brackets.end()
        close = text.find(")", start, start + _LONGEST_TARGET)
        rest = text[start : close + 1] if close >= 0 else text[start:]
        if close < 0 and len(rest) < _LONGEST_TARGET and "\n\n" not in rest and not final:
            return None
        target = _TARGET.fullmatch(rest) if close >= 0 else None
        if target is None or "\n\n" in rest:
            return start, f"{brackets[0]} "
        is_kept = not image and self._is_allowed_link(target[1])
        return close + 1, brackets[0] + rest if is_kept else brackets[1]
