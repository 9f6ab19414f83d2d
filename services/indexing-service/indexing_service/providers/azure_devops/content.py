"""The wiki's own syntax in a page, as Markdown that any reader understands."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Final

from indexing_service.services.decoding import normalised

LinkTarget = Callable[[str], str]
"""What a link's destination leads to, as an absolute address; what is none of the wiki's stays as it is."""

_FENCE = re.compile(r"^ {0,3}(?P<marks>`{3,}|~{3,})")
_BLOCK = re.compile(r"^ {0,3}:::\s*(?P<kind>mermaid|video|query-table)\b[ \t]*(?P<rest>.*)$", re.IGNORECASE)
_BLOCK_END = re.compile(r"^ {0,3}:::[ \t]*$")
_TICKS = re.compile("`+")
_CONTENTS = re.compile(r"\[\[_(?:TOC|TOSP)_\]\]")
_MENTION = re.compile(r"@<[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}>")
_LINK = re.compile(
    r"\]\((?P<to><[^<>\n]{1,2000}>|[^\s()<>]{1,2000}(?:\([^\s()<>]{0,200}\)[^\s()<>]{0,2000})?)"
    r"(?:[ \t]+=\d{0,5}%?x?\d{0,5}%?)?(?P<title>[ \t]+\"[^\"\n]{0,500}\")?[ \t]*\)"
)
_FRAME = re.compile(r"""<iframe\b[^>]{0,300}?\bsrc\s*=\s*["']?(?P<url>https?://[^"'\s>]{1,2000})""", re.IGNORECASE)
_LONGEST_BLOCK: Final = 2_000
"""Lines. A block that nobody closed must not swallow the page."""


def as_markdown(text: str, target: LinkTarget) -> str:
    """Code stays as it is, front matter and HTML are left to whoever reads Markdown."""
    lines = normalised(text).split("\n")
    return "\n".join(_rewritten(lines, target))


def _rewritten(lines: list[str], target: LinkTarget) -> Iterator[str]:
    ends = [number for number, line in enumerate(lines) if _BLOCK_END.match(line)]
    number = 0
    while number < len(lines):
        line = lines[number]
        if fence := _FENCE.match(line):
            end = _end_of_fence(lines, number, fence["marks"])
            yield from lines[number:end]
        elif (block := _BLOCK.match(line)) and (end := _end_of_block(ends, number, block)):
            inside = [block["rest"].rstrip().removesuffix(":::"), *lines[number + 1 : end - 1]]
            yield from _block(block["kind"].lower(), inside)
        else:
            end = number + 1
            yield from _line(line, target)
        number = end


def _end_of_fence(lines: list[str], start: int, marks: str) -> int:
    """Behind its last line; a fence that nobody closed goes on to the end."""
    for number in range(start + 1, len(lines)):
        rest = lines[number].strip()
        if rest.startswith(marks) and not rest.strip(marks[0]):
            return number + 1
    return len(lines)


def _end_of_block(ends: list[int], start: int, block: re.Match[str]) -> int:
    """Behind its last line; 0 when it has no end, so is none. `ends`: the lines that end a block."""
    if block["rest"].rstrip().endswith(":::"):
        return start + 1
    following = bisect_right(ends, start)
    end = ends[following] if following < len(ends) else start + _LONGEST_BLOCK
    return end + 1 if end < start + _LONGEST_BLOCK else 0


def _block(kind: str, inside: list[str]) -> Iterator[str]:
    """Diagrams as code, videos as links. A table of work items shows what is kept elsewhere, so nothing is left."""
    if kind == "mermaid":
        inside = inside if inside[0].strip() else inside[1:]
        longest = max((len(run) for line in inside for run in re.findall("`+", line)), default=0)
        marks = "`" * max(3, longest + 1)
        yield from (f"{marks}mermaid", *inside, marks)
    elif kind == "video":
        yield from (f"[Video]({frame['url']})" for frame in _FRAME.finditer("\n".join(inside)))


def _line(line: str, target: LinkTarget) -> Iterator[str]:
    parts: list[str] = []
    begin = 0
    for start, end in _code_spans(line):
        parts += (_prose(line[begin:start], target), line[start:end])
        begin = end
    parts.append(_prose(line[begin:], target))
    rewritten = "".join(parts)
    if rewritten.strip() or not line.strip():
        yield rewritten


def _code_spans(line: str) -> Iterator[tuple[int, int]]:
    """From a run of backticks to the next one that is as long."""
    runs = [(run.start(), run.end()) for run in _TICKS.finditer(line)]
    partners: list[int] = []
    later: dict[int, int] = {}
    for number, (start, end) in reversed(list(enumerate(runs))):
        partners.append(later.get(end - start, 0))
        later[end - start] = number
    partners.reverse()
    number = 0
    while number < len(runs):
        partner = partners[number]
        if partner:
            yield runs[number][0], runs[partner][1]
        number = max(number, partner) + 1


def _prose(text: str, target: LinkTarget) -> str:
    text = _MENTION.sub("@user", _CONTENTS.sub("", text))
    return _LINK.sub(lambda link: f"]({_address(link['to'], target)}{link['title'] or ''})", text)


def _address(destination: str, target: LinkTarget) -> str:
    """In angle brackets where it would end the link."""
    address = target(destination.strip("<>"))
    return f"<{address}>" if any(sign in address for sign in " ()") else address
