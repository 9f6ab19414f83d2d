"""Code blocks in a text that comes in pieces: where they begin and end as CommonMark 0.31 (4.5) says.

A reader's program that takes for text what was passed on as code would make it live. So a block that its container
ends (a list item, a quotation) is closed in so many words, and what follows it is text again for everybody.
"""

import re
from dataclasses import dataclass

PREFIX = re.compile(r"[ \t]*(?:(?:>|[-*+]|\d{1,9}[.)])[ \t]+|>)*[ \t]*")
"""What may stand before the text of a line: indentation, signs of quotations and list items."""
_MARKER_LAST = re.compile(r"\[\d{1,3}\]\Z")
_INFO = re.compile(r"[ \t]*([\w+#.\-]{0,30})[^\n]*")
_LONGEST_INFO = 200
_INDENTED_CODE = 4
_ENDS_LIST = tuple("#>|=-_*~`")


@dataclass(frozen=True, slots=True)
class Fence:
    """`sign` as often as it was written, and what each of its lines begins with."""

    sign: str
    container: str

    def closing(self) -> str:
        return f"{self.container}{self.sign}\n"

    def ends_with(self, line: str) -> bool:
        """Whether this whole line closes the block."""
        run = line.strip(" >\t\n")
        return len(run) >= len(self.sign) and not run.strip(self.sign[0])

    def may_end_with(self, begun: str) -> bool:
        """Whether a line that begins like this can still do so."""
        return not begun.strip(" >\t").rstrip(" \t").strip(self.sign[0])

    def holds(self, line: str) -> bool:
        """Whether a line belongs to the container that the block stands in. An empty one ends a quotation."""
        if ">" in self.container:
            return line.lstrip().startswith(">")
        return not line.strip() or line.expandtabs(_INDENTED_CODE).startswith(self.container)


class Lines:
    """Where in a text's lines its writer is, as far as that decides what opens a code block."""

    def __init__(self) -> None:
        self.line = ""
        self._offset = 0
        self._after_blank = True

    def write(self, piece: str) -> None:
        """What was passed on, in order."""
        *ended, last = piece.split("\n")
        for part in ended:
            self._end(self.line + part)
            self.line = ""
        self.line = (self.line + last)[:400]

    @property
    def is_at_start(self) -> bool:
        return PREFIX.fullmatch(self.line) is not None

    @property
    def is_behind_marker(self) -> bool:
        """Whether the last there is of the line is a marker that does not begin it, and so can't be a label."""
        marker = _MARKER_LAST.search(self.line)
        return marker is not None and PREFIX.fullmatch(self.line, 0, marker.start()) is None

    def fence(self, sign: str) -> Fence | None:
        """The block that a run of signs would open here."""
        prefix = self.line.expandtabs(_INDENTED_CODE)
        container = re.sub(r"[^ >]", " ", prefix)
        begins_item = bool(prefix.strip(" >"))
        if not self.is_at_start or (not begins_item and len(container) >= self._offset + _INDENTED_CODE):
            return None
        in_container = begins_item or ">" in prefix or self._offset
        return Fence(sign, container if in_container else "")

    def _end(self, line: str) -> None:
        """Only a line that can't belong to the list's last item ends the list."""
        prefix = PREFIX.match(line)
        marked = prefix[0].expandtabs(_INDENTED_CODE) if prefix else ""
        if marked.strip(" >"):
            self._offset = len(marked)
        elif line.strip() and not line.startswith((" ", "\t")) and (self._after_blank or line.startswith(_ENDS_LIST)):
            self._offset = 0
        self._after_blank = not line.strip()


def info_of(rest: str, sign: str, *, final: bool) -> tuple[int, str] | bool | None:
    """The end of a fence's first line and its language; None when it has not come yet, False when it opens nothing."""
    line, newline, _ = rest.partition("\n")
    if len(line) > _LONGEST_INFO or (sign[0] == "`" and "`" in line):
        return False
    if not newline and not final:
        return None
    info = _INFO.match(line)
    return len(line) + len(newline), f"{info[1] if info else ''}\n"
