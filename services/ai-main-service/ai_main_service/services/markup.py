"""The Markdown of an answer that comes in pieces, without what a reader's program would bring to life.

What is decided here is decided as a parser of CommonMark 0.31 will see the text that is passed on.
"""

import html
import re
from collections.abc import Callable

from ai_main_service.services.cleaning import without_invisible
from ai_main_service.services.fences import Fence, Lines, info_of
from ai_main_service.services.links import GONE, LinkRule
from flash_core.utils.elements import ELEMENTS

_SPECIAL = re.compile(r"`+|~+| (?=!?\[|【|!?\Z)|!?\[|!\Z|\]|\n|<|&|\\|【")
_BRACKETS = re.compile(r"\[((?:[^\[\]`\n]|\n(?!\n)){0,399})\]")
_TARGET = re.compile(r"\(\s*(?:<([^<>\n]*)>|([^\s<>]*))\s*(?:\"[^\"]*\"|'[^']*')?\s*\)")
_RUN = re.compile(r"(?:\[[\d ,;^\u2013-]{1,20}\](?!\())*")
_ENDS_CLAUSE = re.compile(rf"{_RUN.pattern}(?:[.,;:!?](?:\s|\Z)|[ \t]*(?:\n|\Z))")
_ENDS_CLAUSE_BEGUN = re.compile(rf"{_RUN.pattern}(?:\[[\d ,;^\u2013-]{{0,20}}|[.,;:!?]|[ \t]*)\Z")
_LENTICULAR = re.compile(r"【(\d{1,3})(?:†[^【】\n]{0,100})?】")
_TAG = re.compile(rf"</?(?:(br)|{ELEMENTS})(?:[\s/][^<>]{{0,500}})?>|<!--.{{0,2000}}?-->", re.IGNORECASE | re.DOTALL)
_TAG_BEGUN = re.compile(
    rf"</?(?:[a-z][a-z0-9]{{0,10}}|(?:{ELEMENTS})[\s/][^<>]{{0,500}})?\Z|<!(?:-|--.{{0,2000}})?\Z",
    re.IGNORECASE | re.DOTALL,
)
_AUTOLINK = re.compile(r"<([a-z][a-z0-9+.\-]{0,31}:[^\s<>]{0,2000}|[^\s<>@]{1,64}@[^\s<>@]{1,255})>", re.IGNORECASE)
_AUTOLINK_BEGUN = re.compile(r"<[^\s<>]{0,2000}\Z")
_OPENS = re.compile(r"<[A-Za-z/!?]")
_MET = re.compile(rf"!\[|\][(:]|{_OPENS.pattern}")
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
_REFERENCE_BEGUN = re.compile(r"&[#a-z0-9]{0,32}\Z", re.IGNORECASE)
_STAYS_REFERENCE = frozenset("<>&\"'") | frozenset(map(chr, range(33))) | {"\xa0"}
_ESCAPED = frozenset("[]()!<>:/.@&`~【】")
_LONGEST_TEXT = 400
_LONGEST_TARGET = 2_000
_LONGEST_SPAN = 400
_FENCE = 3

_Step = tuple[int, str, str] | None
"""Where to go on, what to show, and what to read before that; None when the next characters decide."""


class Markup:
    """`known` turns the content of a bracket into the markers to show; None for a bracket that is text.

    With `keeps_indexes` a number in brackets right behind a word is text too, unless it stands where a sentence or a
    part of it ends, as what pretends to be a citation does.
    """

    def __init__(
        self, known: Callable[[str], str | None], is_allowed_link: LinkRule, *, keeps_indexes: bool = False
    ) -> None:
        self._known = known
        self._keeps_indexes = keeps_indexes
        self._has_dropped = False
        self._is_allowed_link = is_allowed_link
        self._held = ""
        self._last = ""
        self._lines = Lines()
        self._fence: Fence | None = None
        self._readers: dict[str, Callable[..., _Step]] = {
            "`": self._ticks,
            "~": self._ticks,
            "<": self._angle,
            "&": _character,
            "\\": _escape,
            " ": self._after_space,
            "【": self._lenticular,
            "[": self._bracket,
        }

    def feed(self, text: str) -> str:
        return self._take(self._held + without_invisible(text).replace("\r", ""), final=False)

    def close(self) -> str:
        rest = self._take(self._held, final=True)
        if self._fence is None:
            return rest
        return f"{rest}{'' if self._last in {'', chr(10)} else chr(10)}{self._fence.closing().rstrip()}"

    def _take(self, text: str, *, final: bool) -> str:
        shown: list[str] = []
        at = 0
        while at < len(text):
            is_code = self._fence is not None
            if self._fence is not None:
                step = self._in_fence(text, at, self._fence, final=final)
            else:
                special = _SPECIAL.search(text, at)
                plain = text[at : special.start()] if special else text[at:]
                self._show(shown, plain)
                at += len(plain)
                if special is None:
                    break
                step = self._step(text, at, special[0], final=final)
            if step is None:
                break
            end, piece, again = step
            self._show(shown, piece, is_code=is_code)
            text, at = (again + text[end:], 0) if again else (text, end)
        self._held = text[at:]
        return "".join(shown)

    def _show(self, shown: list[str], piece: str, *, is_code: bool = False) -> None:
        """Neighbours must not make an image, a link, a definition or a tag, whatever stood between them."""
        if not piece:
            return
        met = self._last + piece[0]
        if not is_code and _MET.fullmatch(met) and not (met == "]:" and self._lines.is_behind_marker):
            piece = f" {piece}"
        shown.append(piece)
        self._last = piece[-1]
        self._has_dropped = False
        self._lines.write(piece)

    def _in_fence(self, text: str, at: int, fence: Fence, *, final: bool) -> _Step:
        end = text.find("\n", at) + 1
        line = text[at:end] if end else text[at:]
        if self._lines.line:
            return (end or len(text)), line, ""
        if not end and not final and (fence.may_end_with(line) or not line.strip(" >\t")):
            return None
        if not fence.holds(line):
            self._fence = None
            return at, fence.closing(), ""
        if fence.ends_with(line):
            self._fence = None
        return (end or len(text)), line, ""

    def _step(self, text: str, at: int, sign: str, *, final: bool) -> _Step:
        end = at + len(sign)
        if end == len(text) and not final and sign != "\n":
            return None
        read = self._readers.get(sign[-1] if sign[-1] == "[" else sign[0])
        return read(text, at, final=final) if read else (end, sign, "")

    def _ticks(self, text: str, at: int, *, final: bool) -> _Step:
        end = len(text) - len(text[at:].lstrip(text[at]))
        sign = text[at:end]
        fence = self._lines.fence(sign) if len(sign) >= _FENCE else None
        info = info_of(text[end:], sign, final=final) if fence else False
        if info is None:
            return None
        if fence is not None and isinstance(info, tuple):
            self._fence = fence
            return end + info[0], sign + info[1], ""
        return (end, sign, "") if sign[0] == "~" else self._code_span(text, at, sign, final=final)

    def _code_span(self, text: str, at: int, sign: str, *, final: bool) -> _Step:
        """Ticks without their counterpart on the same line are taken out: nobody may find them one further down."""
        end = at + len(sign)
        closing = re.compile(rf"(?<!`){sign}(?!`)").search(text, end, at + _LONGEST_SPAN + 1)
        line_end = text.find("\n", end)
        closed = closing is not None and (line_end < 0 or closing.end() <= line_end)
        if closing is not None and closed:
            if closing.end() == len(text) and not final:
                return None
            span = text[at : closing.end()]
            in_cells = self._lines.line.lstrip().startswith("|") and "|" in span
            return (end, "", "") if in_cells else (closing.end(), span, "")
        is_open = line_end < 0 and len(text) - at <= _LONGEST_SPAN
        return None if is_open and not final else (end, "", "")

    def _angle(self, text: str, at: int, *, final: bool) -> _Step:
        tag = _TAG.match(text, at)
        if tag is not None:
            return tag.end(), " " if tag[1] else "", ""
        is_open = not final and _TAG_BEGUN.match(text, at)
        autolink = None if is_open else _AUTOLINK.match(text, at)
        if autolink is not None:
            address = autolink[1] if ":" in autolink[1] else f"mailto:{autolink[1]}"
            return autolink.end(), autolink[0] if self._is_allowed_link(address) else GONE, ""
        if is_open or (not final and _AUTOLINK_BEGUN.match(text, at)):
            return None
        return at + 1, "&lt;" if _OPENS.match(text, at) else "<", ""

    def _after_space(self, text: str, start: int, *, final: bool) -> _Step:
        """A space before a marker that is taken out goes with it."""
        at = start + 1
        if text[at:] == "!" and not final:
            return None
        if not text.startswith(("[", "![", "【"), at):
            return at, " ", ""
        take = self._lenticular if text[at] == "【" else self._bracket
        following = take(text, at, final=final)
        if following is None:
            return None
        end, piece, again = following
        return end, f" {piece}" if piece else "", again

    def _lenticular(self, text: str, at: int, *, final: bool) -> _Step:
        marker = _LENTICULAR.match(text, at)
        if marker is not None:
            return marker.end(), self._known(marker[1]) or "", ""
        rest = text[at:]
        is_open = len(rest) < _LONGEST_TEXT and not any(sign in rest[1:] for sign in "【】\n")
        return None if is_open and not final else (at + 1, "【", "")

    def _bracket(self, text: str, start: int, *, final: bool) -> _Step:
        image = text[start] == "!"
        at = start + image
        brackets = _BRACKETS.match(text, at)
        if brackets is None:
            rest = text[at + 1 :]
            is_open = len(rest) < _LONGEST_TEXT and not any(sign in rest for sign in ("[", "`", "\n\n"))
            return None if is_open and not final else (at + 1, text[start : at + 1], "")
        end = brackets.end()
        if end == len(text) and not final:
            return None
        following = text[end : end + 1]
        if following == "(":
            return self._link(text, brackets, image=image, final=final)
        markers = self._known(brackets[1])
        if markers is None:
            return at + 1, "[", ""
        index_end = self._index_end(text, at, end, final=final)
        if index_end != at:
            return None if index_end is None else (index_end - 1, text[at : index_end - 1], "")
        self._has_dropped = not markers
        return end, markers, ""

    def _index_end(self, text: str, start: int, end: int, *, final: bool) -> int | None:
        """The end of `[1][2]` where that is text, else `start`; None when what follows decides."""
        before = text[start - 1 : start] if start else self._last
        if not self._keeps_indexes or self._has_dropped or not (before.isalnum() or before == "_"):
            return start
        if not final and _ENDS_CLAUSE_BEGUN.match(text, end):
            return None
        run = _RUN.match(text, end)
        return start if run is None or _ENDS_CLAUSE.match(text, end) else run.end()

    def _link(self, text: str, brackets: re.Match[str], *, image: bool, final: bool) -> _Step:
        start = brackets.end()
        close = _closing(text, start)
        rest = text[start : close + 1] if close >= 0 else text[start:]
        if close < 0 and len(rest) < _LONGEST_TARGET and "\n\n" not in rest and not final:
            return None
        target = _TARGET.fullmatch(rest) if close >= 0 and "\n\n" not in rest else None
        words = self._inside(brackets[1])
        if target is None:
            return start, f"[{words}] ", ""
        is_kept = not image and words and self._is_allowed_link(target[1] or target[2])
        return close + 1, f"[{words}]{rest}" if is_kept else words, ""

    def _inside(self, words: str) -> str:
        """The words of a link, with the same rules and none of its line's."""
        inner = Markup(lambda _: None, self._is_allowed_link)
        return inner.feed(words) + inner.close()


def _closing(text: str, start: int) -> int:
    """Where the bracket that opens at `start` closes, or -1."""
    depth = 0
    for at in range(start, min(len(text), start + _LONGEST_TARGET)):
        depth += (text[at] == "(") - (text[at] == ")")
        if depth == 0:
            return at
    return -1


def _character(text: str, at: int, *, final: bool) -> _Step:
    """Character references are read here already: a reader's program would, and find an address or a marker then."""
    reference = _REFERENCE.match(text, at)
    if reference is None:
        return None if _REFERENCE_BEGUN.match(text, at) and not final else (at + 1, "&", "")
    character = without_invisible(html.unescape(reference[0]))
    if character.startswith("&") or set(character) & _STAYS_REFERENCE:
        return reference.end(), reference[0], ""
    return reference.end(), "", character


def _escape(text: str, at: int, *, final: bool) -> _Step:  # noqa: ARG001  # like the other readers
    """An escaped sign is a sign without a meaning of its own, until somebody reads the text for addresses."""
    escaped = text[at + 1 : at + 2]
    if escaped in _ESCAPED:
        return at + 1, "", ""
    return at + 1 + (escaped == "\\"), "\\" * (1 + (escaped == "\\")), ""
