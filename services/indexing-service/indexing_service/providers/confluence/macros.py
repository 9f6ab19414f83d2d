"""What becomes of each macro. Those that only show what stands elsewhere say nothing; those that nobody here knows
keep the text that was written into them.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from bs4 import Tag

Macro = Callable[[Tag, str], str]
"""Takes the element and the Markdown of its rich text body."""

EMOTICONS: Final[Mapping[str, str]] = {
    "tick": "✅",
    "cross": "❌",
    "plus": "➕",  # noqa: RUF001  # the sign itself
    "minus": "➖",  # noqa: RUF001  # the sign itself
    "warning": "⚠️",
    "information": "ℹ️",  # noqa: RUF001  # the sign itself
    "question": "❓",
    "light-on": "💡",
}
"""Those that stand for a word, as in a table of who has what."""

_LABELS: Final = {
    "info": "Info",
    "note": "Note",
    "warning": "Warning",
    "tip": "Tip",
    "success": "Tip",
    "error": "Warning",
}
_LANGUAGE = re.compile(r"[A-Za-z0-9+#_.-]{1,40}")
_BACKTICKS = re.compile(r"`{3,}")
_AT_LINE_START = re.compile(r"^", re.MULTILINE)
_QUOTED_LINE = re.compile(r"^> ?", re.MULTILINE)
_FENCE_LANGUAGE = re.compile(r"^(`{3,})\S+$", re.MULTILINE)


def parameter(macro: Tag, name: str) -> str:
    """One setting of a macro, "" where it has none."""
    for child in macro.find_all("ac:parameter", recursive=False):
        if child.get("ac:name", "") == name:
            return " ".join(child.get_text().split())
    return ""


def plain_body(macro: Tag) -> str:
    body = macro.find("ac:plain-text-body", recursive=False)
    return body.get_text().replace("\r\n", "\n") if body else ""


def fenced(text: str, language: str) -> str:
    """As code, within more backticks than it has itself."""
    if not text.strip():
        return ""
    fence = "`" * max([3, *(len(run) + 1 for run in _BACKTICKS.findall(text))])
    lines = text.strip("\n")
    return f"\n\n{fence}{language}\n{lines}\n{fence}\n\n"


def quoted(text: str, label: str) -> str:
    """As a block quotation that begins with what it is."""
    if not text.strip():
        return ""
    return "\n\n" + _AT_LINE_START.sub("> ", f"**{label}**\n\n{text.strip()}").replace("> \n", ">\n") + "\n\n"


def on_one_line(text: str) -> str:
    """For the cell of a table: a fence of code becomes a span of it, a quotation its text."""
    return " ".join(_FENCE_LANGUAGE.sub(r"\1", _QUOTED_LINE.sub("", text)).split())


def unknown(macro: Tag, text: str) -> str:
    name = str(macro.get("ac:name", ""))
    return f"{text}{fenced(plain_body(macro), name if _LANGUAGE.fullmatch(name) else '')}"


def _code(macro: Tag, _text: str) -> str:
    language = parameter(macro, "language")
    title = parameter(macro, "title")
    code = fenced(plain_body(macro), language.lower() if _LANGUAGE.fullmatch(language) else "")
    return f"\n\n{title}:{code}" if title and code else code


def _labelled(macro: Tag, text: str) -> str:
    label = _LABELS.get(str(macro.get("ac:name", "")), "")
    title = parameter(macro, "title")
    return quoted(text, f"{label}: {title}" if label and title else label or title or "Panel")


def _expand(macro: Tag, text: str) -> str:
    title = parameter(macro, "title")
    return f"\n\n**{title}**\n\n{text}" if title else text


def _title(macro: Tag, _text: str) -> str:
    return parameter(macro, "title")


def _markdown(macro: Tag, text: str) -> str:
    return f"{text}\n\n{plain_body(macro)}\n\n"


def _jira(macro: Tag, _text: str) -> str:
    """Only its key: what it says stands in Jira."""
    return parameter(macro, "key")


def _file(macro: Tag, _text: str) -> str:
    attachment = macro.find("ri:attachment")
    return str(attachment.get("ri:filename", "")) if isinstance(attachment, Tag) else ""


def _nothing(_macro: Tag, _text: str) -> str:
    return ""


MACROS: Final[Mapping[str, Macro]] = {
    "code": _code,
    "noformat": _code,
    **dict.fromkeys([*_LABELS, "panel"], _labelled),
    "expand": _expand,
    "ui-expand": _expand,
    "status": _title,
    "markdown": _markdown,
    "jira": _jira,
    **dict.fromkeys(["view-file", "viewpdf", "viewdoc", "viewxls", "viewppt"], _file),
    **dict.fromkeys(
        [
            "anchor",
            "attachments",
            "blog-posts",
            "change-history",
            "children",
            "content-by-label",
            "contentbylabel",
            "contributors",
            "excerpt-include",
            "gallery",
            "include",
            "labels-list",
            "listlabels",
            "livesearch",
            "navmap",
            "pagetree",
            "pagetreesearch",
            "popular-labels",
            "recently-updated",
            "space-attachments",
            "toc",
        ],
        _nothing,
    ),
}
