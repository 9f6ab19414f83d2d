"""Which formats of documents are read, and how one is recognised: by its suffix, else by its media type."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from indexing_service.interfaces import DocumentFormat

MAX_TEXT: Final = 20_000_000
"""Bytes of the largest text that is read; people write none that is larger."""
MAX_FILE: Final = 50 << 20


@dataclass(frozen=True, slots=True)
class _Kind:
    """`text`: its bytes are text in some encoding. `name`: as people know it."""

    name: str
    suffixes: tuple[str, ...]
    media_types: tuple[str, ...]
    text: bool = False


_OPEN_XML: Final = "application/vnd.openxmlformats-officedocument"
_KINDS: Final[Mapping[DocumentFormat, _Kind]] = {
    "markdown": _Kind("Markdown", (".md", ".markdown"), ("text/markdown", "text/x-markdown"), text=True),
    "text": _Kind("plain text", (".txt", ".text", ".adoc", ".org"), ("text/plain",), text=True),
    "html": _Kind("HTML", (".html", ".htm", ".xhtml"), ("text/html", "application/xhtml+xml"), text=True),
    "rst": _Kind("reStructuredText", (".rst",), ("text/x-rst", "text/prs.fallenstein.rst"), text=True),
    "csv": _Kind("CSV", (".csv", ".tsv"), ("text/csv", "text/tab-separated-values"), text=True),
    "pdf": _Kind("PDF", (".pdf",), ("application/pdf",)),
    "docx": _Kind("Word", (".docx", ".docm"), (f"{_OPEN_XML}.wordprocessingml.document",)),
    "pptx": _Kind("PowerPoint", (".pptx", ".pptm"), (f"{_OPEN_XML}.presentationml.presentation",)),
    "spreadsheet": _Kind(
        "Excel and OpenDocument sheets",
        (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
        (
            f"{_OPEN_XML}.spreadsheetml.sheet",
            "application/vnd.ms-excel",
            "application/vnd.oasis.opendocument.spreadsheet",
        ),
    ),
    "mail": _Kind("e-mail", (".eml",), ("message/rfc822",)),
    "outlook": _Kind("Outlook messages", (".msg",), ("application/vnd.ms-outlook",)),
}
_BY_SUFFIX: Final = {suffix: kind for kind, about in _KINDS.items() for suffix in about.suffixes}
_BY_MEDIA_TYPE: Final = {media: kind for kind, about in _KINDS.items() for media in about.media_types}
SUFFIXES: Final = tuple(_BY_SUFFIX)
SUPPORTED: Final = ", ".join(f"{about.name} ({', '.join(about.suffixes)})" for about in _KINDS.values())


def format_named(name: str, media_type: str = "") -> DocumentFormat | None:
    """The suffix decides; the media type only where there is none, since browsers guess it."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix:
        return _BY_SUFFIX.get(suffix)
    return _BY_MEDIA_TYPE.get(media_type.partition(";")[0].strip().lower())


def is_text(document_format: DocumentFormat) -> bool:
    return _KINDS[document_format].text


def largest(document_format: DocumentFormat) -> int:
    """Bytes that a file of this format may have in a source."""
    return MAX_TEXT if is_text(document_format) else MAX_FILE
