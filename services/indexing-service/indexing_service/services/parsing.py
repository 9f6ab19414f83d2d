"""A document as its source gives it, as title and text: Markdown or plain."""

import asyncio
import re
from pathlib import PurePosixPath
from typing import Any, Final, Literal

import structlog
import yaml

from flash_core.errors import FlashError, InvalidInputError, TooLargeError
from flash_core.utils.plain import plain_text
from indexing_service.interfaces import SourceDocument
from indexing_service.interfaces.parsing import ConverterInterface, ParsedDocument, UnreadableError
from indexing_service.services.decoding import MAX_BYTES, decoded, normalised
from indexing_service.services.formats import MAX_FILE, is_text
from indexing_service.services.seen import seen

log = structlog.get_logger(__name__)

_MAX_TITLE: Final = 500
_MAX_FRONT_MATTER: Final = 65_536
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_NO_VALUE: Final = frozenset({"~", "null", "Null", "NULL"})
_TITLE_LINE = re.compile(r"^title:[ \t]*(\S.*)$", re.MULTILINE)
_KEY_LINE = re.compile(r"\s*[A-Za-z_][\w .-]*:(?:\s|$)")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_H1 = re.compile(r"^ {0,3}#[ \t]+(.+?)[ \t]*#*[ \t]*$")
_UNDERLINE = re.compile(r"^ {0,3}=+[ \t]*$")
_TITLE_WITHIN_LINES: Final = 300
_WRITTEN_BY_PROGRAMS = re.compile(r"^Microsoft (?:Word|PowerPoint|Excel) - ", re.IGNORECASE)


class DocumentParser:
    """Markdown and plain text are read here, in a thread; every other format by `converter`."""

    def __init__(self, converter: ConverterInterface) -> None:
        self._converter = converter

    async def parsed(self, document: SourceDocument) -> ParsedDocument:
        """Raises what the converter raises. Whatever the document is, nothing else comes of it."""
        try:
            return await self._parsed(document)
        except FlashError:
            raise
        except Exception as error:  # the boundary: one document's oddities must not stop the others
            log.exception("document.unreadable", format=document.format)
            raise UnreadableError(f"It can't be read ({type(error).__name__}).") from error

    async def _parsed(self, document: SourceDocument) -> ParsedDocument:
        if document.format in {"markdown", "text"}:
            return await asyncio.to_thread(read_text, document)
        data = await asyncio.to_thread(_bytes_of, document)
        converted = await self._converter.converted(document.format, data)
        text = normalised(converted.markdown)
        if not text.strip():
            raise InvalidInputError("It is empty.")
        return _titled(document, _meaningful(converted.title), text, markdown=True)


def _bytes_of(document: SourceDocument) -> bytes:
    """Text as UTF-8, anything else as it is."""
    content = document.content
    if is_text(document.format):
        return _text_of(document).encode()
    data = content.encode() if isinstance(content, str) else content
    if not data:
        raise InvalidInputError("It is empty.")
    if len(data) > MAX_FILE:
        raise TooLargeError(f"It is larger than {MAX_FILE >> 20} MiB.")
    return data


def _text_of(document: SourceDocument) -> str:
    content = document.content
    if isinstance(content, bytes):
        return decoded(content)
    if len(content) > MAX_BYTES:
        raise TooLargeError(f"Its text has more than {MAX_BYTES // 1_000_000} million characters.")
    return normalised(content)


def read_text(document: SourceDocument) -> ParsedDocument:
    """Of Markdown or plain text."""
    text = _text_of(document)
    markdown = document.format == "markdown"
    title, text = _without_front_matter(text) if markdown else ("", text)
    text = seen(text) if markdown else text
    if not text.strip():
        raise InvalidInputError("It is empty.")
    return _titled(document, title, text, markdown=markdown)


def _titled(document: SourceDocument, found: str, text: str, *, markdown: bool) -> ParsedDocument:
    title = document.title or found or (_first_heading(text) if markdown else "") or readable_name(document.external_id)
    return ParsedDocument(_one_line(title), text, markdown)


def _meaningful(title: str) -> str:
    """Without what programs write when nobody gave a title."""
    words = _WRITTEN_BY_PROGRAMS.sub("", title).strip()
    return "" if words.strip("()").lower() in {"untitled", "anonymous", "unspecified", "document"} else words


def readable_name(external_id: str) -> str:
    """`guides/how-to_set-up.md` as "How to set up"."""
    stem = PurePosixPath(external_id).stem
    words = re.sub(r"[-_\s]+", " ", stem).strip() or external_id
    return words[:1].upper() + words[1:]


def _one_line(title: str) -> str:
    return " ".join(normalised(title).split())[:_MAX_TITLE]


def _without_front_matter(text: str) -> tuple[str, str]:
    """The title of the YAML block that opens the document, and the document behind it."""
    match = _FRONT_MATTER.match(text)
    if match is None or len(match[1]) > _MAX_FRONT_MATTER:
        return "", text
    try:
        values: Any = yaml.load(match[1], _Literal)  # noqa: S506  # it makes nothing but strings, lists and mappings
    except (yaml.YAMLError, ValueError, RecursionError):
        values = _like_yaml(match[1])
    if not isinstance(values, dict):
        return "", text
    title = values.get("title")
    named = isinstance(title, str) and title not in _NO_VALUE
    return str(title).strip() if named else "", text[match.end() :].lstrip("\n")


class _Literal(yaml.BaseLoader):
    """Without aliases, by which a few lines grow to anything; values as they are written."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("An alias.")
        return super().compose_node(parent, index)


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
