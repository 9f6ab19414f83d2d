"""Notion's own Markdown as plain Markdown: without its tags, colours and tabs.

https://developers.notion.com/guides/data-apis/enhanced-markdown
"""

import re
from collections.abc import Iterator
from typing import Final

_FENCE = re.compile(r"^\t*(`{3,})")
_CONTAINER = re.compile(
    r"<(/?)(?:callout|columns|column|details|synced_block|synced_block_reference|meeting-notes|notes|transcript)\b[^<>]*>"
)
_NOTHING = re.compile(r"<(?:unknown|empty-block|table_of_contents)\b[^<>]*/?>|</(?:unknown|table_of_contents)>")
_ATTRIBUTES = re.compile(r"(?<!\s)\s*\{(?:\s*[a-z-]+=\"[^\"]*\")+\s*\}\s*$")
_LINK = re.compile(
    r"<(page|database|mention-page|mention-database|mention-data-source)\b[^<>]*?url=\"([^\"<>]*)\"[^<>]*>"
    r"((?:(?!<\1\b).)*?)</\1>"
)
_FILE = re.compile(r"<(audio|file|pdf|video|embed)\b[^<>]*?src=\"([^\"<>]*)\"[^<>]*>((?:(?!<\1\b).)*?)</\1>")
_SIGNED = re.compile(r"!?\[([^\[\]]*)\]\(<?https?://[^\s()<>]*[?&](?:X-Amz-|Signature=|signature=|exp=)[^\s()<>]*>?\)")
"""Addresses of uploaded files: they hold for an hour, for everyone, and are others each time."""
_DATE = re.compile(r"<mention-date\b[^<>]*?start=\"([^\"<>]*)\"(?:[^<>]*?end=\"([^\"<>]*)\")?[^<>]*/?>")
_SUMMARY = re.compile(r"<summary[^<>]*>((?:(?!<summary).)*?)</summary>")
_INLINE = re.compile(r"</?(?:span|mention-[a-z-]+|page|database|audio|file|pdf|video|embed)\b[^<>]*>")
_BREAK = re.compile(r"<br\s*/?>")
_TABLE_END: Final = "</table>"
_HEADER = re.compile(r"<table\b[^<>]*header-row=\"true\"")
_TABLE_ROW = re.compile(r"<tr\b[^<>]*>((?:(?!<tr\b).)*?)</tr>", re.DOTALL)
_CELL = re.compile(r"<td\b[^<>]*>((?:(?!<td\b).)*?)</td>", re.DOTALL)
"""No pattern looks beyond the next tag of its kind, so that none takes longer than a line is long."""


def plain_markdown(text: str) -> str:
    """Code stays as it is; what Notion could not give is nothing."""
    written = "\n".join(_lines(iter(text.splitlines())))
    return re.sub(r"\n{3,}", "\n\n", written).strip("\n")


def _lines(lines: Iterator[str]) -> Iterator[str]:
    depth = 0
    for line in lines:
        if fence := _FENCE.match(line):
            yield _outdented(line, depth)
            yield from _code(lines, fence[1], depth)
        elif line.lstrip("\t").startswith("<table") and not line.lstrip("\t").startswith("<table_of"):
            yield from _table(line, lines)
        elif (container := _CONTAINER.match(line.lstrip("\t"))) and container.end() == len(line.strip()):
            depth += -1 if container[1] else 1
            yield ""
        else:
            yield from _text(_outdented(line, max(depth, 0)))


def _code(lines: Iterator[str], fence: str, depth: int) -> Iterator[str]:
    for line in lines:
        yield _outdented(line, depth)
        if line.lstrip("\t").startswith(fence):
            return


def _outdented(line: str, depth: int) -> str:
    tabs = len(line) - len(line.lstrip("\t"))
    return line[min(tabs, depth) :]


def _text(line: str) -> Iterator[str]:
    """A paragraph of its own, unless it is an item of a list: Notion writes one block a line."""
    shown = _shown(_ATTRIBUTES.sub("", line)).rstrip()
    if not re.match(r"\s*(?:[-*>]|\d+\.)\s", shown):
        yield ""
    yield shown


def _shown(text: str) -> str:
    text = _NOTHING.sub("", text)
    text = _SUMMARY.sub(r"\1", text)
    text = _LINK.sub(lambda found: f"[{found[3] or 'Untitled'}]({found[2].strip('{}')})", text)
    text = _FILE.sub(r"\3", text)
    text = _SIGNED.sub(r"\1", text)
    text = _DATE.sub(lambda found: " to ".join(filter(None, found.groups())), text)
    return _BREAK.sub(" ", _INLINE.sub("", text))


def _table(first: str, lines: Iterator[str]) -> Iterator[str]:
    parts = [first]
    while _TABLE_END not in parts[-1]:
        parts.append(next(lines, _TABLE_END))
    whole = "\n".join(parts)
    rows = [[_cell(cell) for cell in _CELL.findall(row)] for row in _TABLE_ROW.findall(whole)]
    if not rows:
        return
    width = max(map(len, rows))
    if not _HEADER.search(whole):
        rows.insert(0, [])
    yield ""
    for number, row in enumerate(rows):
        yield f"| {' | '.join([*row, *[''] * (width - len(row))])} |"
        if number == 0:
            yield f"|{' --- |' * width}"
    yield ""


def _cell(text: str) -> str:
    return " ".join(_shown(text).replace("|", "\\|").split())
