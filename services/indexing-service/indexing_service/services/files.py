"""What is a document among the files of a folder or a repository, and how patterns choose."""

from pathlib import PurePosixPath
from typing import Final

from flash_core.errors import FieldError
from indexing_service.interfaces import TextFormat
from indexing_service.services.decoding import MAX_BYTES

DEFAULT_INCLUDE: Final = ("*.md", "*.markdown", "*.txt")
MAX_NAME: Final = 600
_MARKDOWN: Final = {".md", ".markdown"}
_HTML: Final = {".html", ".htm"}
_DOCUMENTS: Final = _MARKDOWN | _HTML | {".txt", ".text", ".rst", ".adoc", ".org"}
"""What patterns may choose from. A source must not become a way to read keys and settings."""
_MAX_PATTERNS: Final = 100


def refusal(name: str, size: int) -> str:
    """Why a file that was chosen is not read, "" if it is."""
    if PurePosixPath(name).suffix.lower() not in _DOCUMENTS:
        return f"Only documents are read ({', '.join(sorted(_DOCUMENTS))})."
    if len(name) > MAX_NAME:
        return f"Its path is longer than {MAX_NAME} characters."
    if storable(name) != name:
        return "Its name is not UTF-8."
    return f"It is larger than {MAX_BYTES // 1_000_000} MB." if size > MAX_BYTES else ""


def storable(name: str) -> str:
    """What a database can hold of it."""
    return name.encode("utf-8", "replace").decode()[:MAX_NAME]


def format_of(name: str) -> TextFormat:
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in _MARKDOWN:
        return "markdown"
    return "html" if suffix in _HTML else "text"


def pattern_errors(field: str, patterns: object) -> list[FieldError]:
    if isinstance(patterns, list) and len(patterns) <= _MAX_PATTERNS and all(map(_is_pattern, patterns)):
        return []
    return [FieldError(field, f"A list of up to {_MAX_PATTERNS} patterns such as `guides/**/*.md` is needed.")]


def _is_pattern(pattern: object) -> bool:
    return isinstance(pattern, str) and 0 < len(pattern) <= MAX_NAME and "\x00" not in pattern
