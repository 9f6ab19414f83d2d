"""Retrieved text as data: what a reader of the page can't see is taken out, and so is what only looks like a citation.

Hidden text is the usual carrier of injected instructions: comments, elements that are not displayed or have the
colour of the page, zero-width and bidirectional control characters, tooltips, data in addresses (OWASP LLM01:2025,
indirect prompt injection; tag characters: https://embracethered.com/blog/posts/2024/hiding-and-finding-text-with-unicode-tags/).
"""

import re
from typing import Final

from flash_core.utils.elements import ATTRIBUTES, ELEMENTS, end_of_element
from flash_core.utils.unseen import is_unseen_tag

_INVISIBLE: Final = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_LINE_ENDS: Final = dict.fromkeys(map(ord, "\u000b\u000c\u0085\u2028\u2029"), "\n")
"""What is a line break by the Unicode Standard (5.8, "Newline Guidelines") and none for Markdown."""
_NAMES = re.compile(ELEMENTS, re.IGNORECASE)
_NUMBERS = r"\\?\[\d{1,3}(?:[ \t]*[,;\u2013-][ \t]*\d{1,3})*\\?\](?!\()"
_INDEX = (
    r"(?<![\w`\\/?&#@.])(?:[^\W\d]|\\_)(?:[\w.$]|\\_){0,60}(?<!\.)(?:\[\w{1,20}\]){0,4}"
    rf"{_NUMBERS}(?:\[\w{{1,20}}\]){{0,4}}"
    rf"|(?<==)[ \t]?{_NUMBERS}|[ \t]?\[0(?:[ \t]*[,;\u2013-][ \t]*\d{{1,3}})*\](?!\()"
)
"""What is no reference: `row[1]`, `= [1, 2]`, `[0, 1]`."""
_PARTS = re.compile(
    rf"(?P<index>{_INDEX})"
    r"|(?P<code>^ {0,3}```.*?(?:^ {0,3}```|\Z)|`[^`\n]+`)"
    r"|<!--.*?(?:-->|\Z)"
    r"|\{%-?\s*comment\s*-?%\}.*?(?:\{%-?\s*endcomment\s*-?%\}|\Z)"
    r"|(?P<gap><br\s*/?>)"
    rf"|<(?P<end>/?)(?P<name>[a-z][a-z0-9-]*+){ATTRIBUTES}>"
    r"|^ {0,3}\[[^\[\]\n]{1,200}\]:[ \t]*(?:<>|#)?[ \t]*(?:\"[^\"\n]*\"|'[^'\n]*'|\([^\n]*\))[ \t]*$"
    r"|(?P<target>\]\(\s*[^\s()<>]{1,2000})\s{1,9}(?:\"[^\"]{0,1000}\"|'[^']{0,1000}')\s{0,9}\)"
    r"|(?P<definition>^ {0,3}\[[^\[\]\n]{1,200}\]:[ \t]*\S{1,2000})[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\))[ \t]*$"
    r"|data:[\w.+-]{1,60}/[\w.+-]{1,60}(?:;[\w=-]{1,60}){0,4},[A-Za-z0-9+/=%._~-]*"
    r"|[ \t]?\[\^?\d{1,3}(?:[ \t]*[,;\u2013-][ \t]*\d{1,3})*\](?!\()|[ \t]?【\d{1,3}[^【】\n]{0,100}】",
    re.DOTALL | re.IGNORECASE | re.MULTILINE,
)


def without_invisible(text: str) -> str:
    """Without control and format characters; those that end a line are a line break."""
    return _INVISIBLE.sub("", text.translate(_LINE_ENDS))


def visible(text: str) -> str:
    """What a reader of the rendered page sees, still Markdown, without anything like a marker `[1]` outside code.

    References to footnotes are left out; where a number in brackets is part of what is said, it becomes code.
    """
    text = without_invisible(text)
    kept: list[str] = []
    at = 0
    while (part := _PARTS.search(text, at)) is not None:
        kept += (text[at : part.start()], _kept(part))
        at = _end_of_hidden(text, part) if _is_hidden(part) else part.end()
    return "".join((*kept, text[at:]))


def _kept(part: re.Match[str]) -> str:
    if part["index"]:
        return _as_code(part["index"].replace("\\", ""))
    if part["gap"]:
        return " "
    if part["name"]:
        return "" if _NAMES.fullmatch(part["name"]) or _is_hidden(part) else part[0]
    return part["code"] or (f"{part['target']})" if part["target"] else part["definition"] or "")


def _as_code(said: str) -> str:
    gap = " " * (len(said) - len(said.lstrip()))
    return f"{gap}`{said.lstrip()}`"


def _is_hidden(part: re.Match[str]) -> bool:
    """An opening tag whose element is not shown."""
    return bool(part["name"]) and not part["end"] and is_unseen_tag(part["name"], part[0])


def _end_of_hidden(text: str, opening: re.Match[str]) -> int:
    """The text's end if nothing closes it."""
    end = end_of_element(text, opening["name"], opening.end())
    return len(text) if end is None else end
