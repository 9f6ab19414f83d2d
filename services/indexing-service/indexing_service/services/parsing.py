"""A document as its source gives it, as title and text: Markdown or plain."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final, Literal

import yaml
from bs4 import BeautifulSoup
from markdownify import MarkdownConverter

from flash_core.errors import InvalidInputError, TooLargeError
from flash_core.utils.plain import plain_text
from indexing_service.interfaces import SourceDocument
from indexing_service.services.decoding import decoded, normalised

MAX_HTML: Final = 5_000_000
_MAX_TITLE: Final = 500
_MAX_FRONT_MATTER: Final = 65_536
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TITLE_LINE = re.compile(r"^title:[ \t]*(\S.*)$", re.MULTILINE)
_KEY_LINE = re.compile(r"\s*[A-Za-z_][\w .-]*:(?:\s|$)")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_H1 = re.compile(r"^ {0,3}#[ \t]+(.+?)[ \t]*#*[ \t]*$")
_UNDERLINE = re.compile(r"^ {0,3}=+[ \t]*$")
_TITLE_WITHIN_LINES: Final = 300


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """`text` is what the page shows; every offset points into it."""

    title: str
    text: str
    markdown: bool


def parsed(document: SourceDocument) -> ParsedDocument:
    """Raises `InvalidInputError`, `UnsupportedMediaError` or `TooLargeError` when there is no text to show."""
    content = document.content
    text = decoded(content) if isinstance(content, bytes) else normalised(content)
    title = document.title
    if document.format == "html":
        found, text = _from_html(text)
        title = title or found
    elif document.format == "markdown":
        found, text = _without_front_matter(text)
        title = title or found
    if not text.strip():
        raise InvalidInputError("It is empty.")
    markdown = document.format != "text"
    title = title or (_first_heading(text) if markdown else "") or readable_name(document.external_id)
    return ParsedDocument(_one_line(title), text, markdown)


def readable_name(external_id: str) -> str:
    """`guides/how-to_set-up.md` as "How to set up"."""
    stem = PurePosixPath(external_id).stem
    words = re.sub(r"[-_\s]+", " ", stem).strip() or external_id
    return words[:1].upper() + words[1:]


def _one_line(title: str) -> str:
    return " ".join(normalised(title).split())[:_MAX_TITLE]


def _from_html(html: str) -> tuple[str, str]:
    if len(html) > MAX_HTML:
        raise TooLargeError(f"It is HTML of more than {MAX_HTML // 1_000_000} MB.")
    soup = BeautifulSoup(html, "html.parser")
    title = soup.title.get_text() if soup.title else ""
    for element in soup.find_all(["head", "title", "script", "style", "template", "noscript"]):
        element.decompose()
    markdown: str = MarkdownConverter(heading_style="ATX", bullets="-").convert_soup(soup)
    return title.strip(), re.sub(r"\n{3,}", "\n\n", normalised(markdown)).strip("\n")


def _without_front_matter(text: str) -> tuple[str, str]:
    """The title of the YAML block that opens the document, and the document behind it."""
    match = _FRONT_MATTER.match(text)
    if match is None or len(match[1]) > _MAX_FRONT_MATTER:
        return "", text
    try:
        values: Any = yaml.safe_load(match[1])
    except (yaml.YAMLError, ValueError, RecursionError):
        values = _like_yaml(match[1])
    if not isinstance(values, dict):
        return "", text
    title = values.get("title")
    return str(title).strip() if isinstance(title, str | int | float) else "", text[match.end() :].lstrip("\n")


def _like_yaml(block: str) -> dict[str, str] | Literal[False]:
    """People write `title: Really: no quotes`, which is no YAML; their tools read it all the same."""
    lines = [line for line in block.splitlines() if line.strip()]
    if not lines or not _KEY_LINE.match(lines[0]):
        return False
    title = _TITLE_LINE.search(block)
    return {"title": title[1].strip("\"' ")} if title else {}


def _first_heading(text: str) -> str:
    """The first heading of the first level, outside of code."""
    fence = ""
    before = ""
    for line in text[:100_000].splitlines()[:_TITLE_WITHIN_LINES]:
        opened = _FENCE.match(line)
        if opened and (not fence or opened[1].startswith(fence)):
            fence = "" if fence else opened[1]
        elif not fence:
            if heading := _H1.match(line):
                return plain_text(heading[1])
            if before.strip() and _UNDERLINE.match(line):
                return plain_text(before)
        before = line
    return ""
