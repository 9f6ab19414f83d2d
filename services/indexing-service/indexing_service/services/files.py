"""What is a document among the files of a folder or a repository, and how patterns choose."""

import hashlib
from typing import Final

from flash_core.errors import FieldError
from indexing_service.interfaces import DocumentFormat
from indexing_service.services.formats import SUFFIXES, format_named, largest

DEFAULT_INCLUDE: Final = tuple(f"*{suffix}" for suffix in SUFFIXES)
"""All that patterns may choose from. A source must not become a way to read keys and settings."""
MAX_NAME: Final = 600
_MAX_PATTERNS: Final = 100


def refusal(name: str, size: int) -> str:
    """Why a file that was chosen is not read, "" if it is."""
    document_format = format_named(name)
    if document_format is None:
        return f"Only documents are read ({', '.join(SUFFIXES)})."
    if len(name) > MAX_NAME:
        return f"Its path is longer than {MAX_NAME} characters."
    if storable(name) != name:
        return "Its name is not UTF-8."
    limit = largest(document_format)
    return f"It is larger than {limit // 1_000_000} MB." if size > limit else ""


def storable(name: str) -> str:
    """What a database can hold of it; another name is another one here, too."""
    if len(name) <= MAX_NAME and _is_utf8(name):
        return name
    raw = name.encode("utf-8", "surrogateescape")
    return f"{raw.decode('utf-8', 'backslashreplace')[: MAX_NAME - 10]}~{hashlib.sha256(raw).hexdigest()[:9]}"


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def format_of(name: str) -> DocumentFormat:
    """Of a file that was not refused."""
    return format_named(name) or "text"


def pattern_errors(field: str, patterns: object) -> list[FieldError]:
    if isinstance(patterns, list) and len(patterns) <= _MAX_PATTERNS and all(map(_is_pattern, patterns)):
        return []
    return [FieldError(field, f"A list of up to {_MAX_PATTERNS} patterns such as `guides/**/*.md` is needed.")]


def _is_pattern(pattern: object) -> bool:
    return isinstance(pattern, str) and 0 < len(pattern) <= MAX_NAME and "\x00" not in pattern
