"""Which formats of documents are read, and how one is recognised: by its suffix, else by its media type."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from indexing_service.interfaces import DocumentFormat
from indexing_service.services.decoding import MAX_BYTES

MAX_FILE: Final = 50 << 20


@dataclass(frozen=True, slots=True)
class _Kind:
    """`name`: as people know it. `begins`: what its bytes begin with; empty for what is text in some encoding."""

    name: str
    suffixes: tuple[str, ...]
    media_types: tuple[str, ...]
    begins: tuple[bytes, ...] = ()


_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0"
_MARK_WITHIN: Final = 1_024
"""Some programs write a few bytes in front of what a format begins with."""
_OPEN_XML: Final = "application/vnd.openxmlformats-officedocument"
_KINDS: Final[Mapping[DocumentFormat, _Kind]] = {
    "markdown": _Kind("Markdown", (".md", ".markdown"), ("text/markdown", "text/x-markdown")),
    "text": _Kind("plain text", (".txt", ".text", ".adoc", ".org"), ("text/plain",)),
    "html": _Kind("HTML", (".html", ".htm", ".xhtml"), ("text/html", "application/xhtml+xml")),
    "rst": _Kind("reStructuredText", (".rst",), ("text/x-rst", "text/prs.fallenstein.rst")),
    "csv": _Kind("CSV", (".csv", ".tsv"), ("text/csv", "text/tab-separated-values")),
    "notebook": _Kind("Jupyter notebooks", (".ipynb",), ("application/x-ipynb+json",)),
    "epub": _Kind("EPUB", (".epub",), ("application/epub+zip",), (_ZIP,)),
    "pdf": _Kind("PDF", (".pdf",), ("application/pdf",), (b"%PDF",)),
    "docx": _Kind("Word", (".docx", ".docm"), (f"{_OPEN_XML}.wordprocessingml.document",), (_ZIP,)),
    "pptx": _Kind("PowerPoint", (".pptx", ".pptm"), (f"{_OPEN_XML}.presentationml.presentation",), (_ZIP,)),
    "spreadsheet": _Kind(
        "Excel and OpenDocument sheets",
        (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
        (
            f"{_OPEN_XML}.spreadsheetml.sheet",
            "application/vnd.ms-excel",
            "application/vnd.oasis.opendocument.spreadsheet",
        ),
        (_ZIP, _OLE),
    ),
    "mail": _Kind("e-mail", (".eml",), ("message/rfc822",), (b"",)),
    "outlook": _Kind("Outlook messages", (".msg",), ("application/vnd.ms-outlook",), (_OLE,)),
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
    return not _KINDS[document_format].begins


def looks_like(document_format: DocumentFormat, data: bytes) -> bool:
    """Whether these bytes can be what their name says."""
    start = data[:_MARK_WITHIN]
    return is_text(document_format) or any(mark in start for mark in _KINDS[document_format].begins)


def largest(document_format: DocumentFormat) -> int:
    """Bytes that a file of this format may have in a source."""
    return MAX_BYTES if is_text(document_format) else MAX_FILE
