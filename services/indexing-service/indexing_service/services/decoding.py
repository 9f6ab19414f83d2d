"""Bytes to text, whatever wrote them, and text as the page shows it."""

import codecs
import re
from typing import Final
from unicodedata import normalize

from flash_core.errors import InvalidInputError, TooLargeError, UnsupportedMediaError
from indexing_service.services.encodings import guessed, utf16_without_mark

MAX_BYTES: Final = 20_000_000
"""The largest text file that is read out of a source; people write none that is larger."""

_BYTE_ORDER_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_NOT_TEXT: Final = (b"%PDF-", b"PK\x03\x04", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\xd0\xcf\x11\xe0")
_CONTROL: Final = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f\x1b")
_TOLERATED_CONTROL_SHARE: Final = 0.005
_CHARSET = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([A-Za-z0-9._:-]+)", re.IGNORECASE)
_DECLARED_WITHIN: Final = 2_048


def decoded(data: bytes, *, max_bytes: int = MAX_BYTES) -> str:
    """The text in `data`: by its byte order mark, else UTF-8, else as it declares, else as it looks, at last
    Latin-1 (as browsers read it: Windows-1252).

    Raises `InvalidInputError` when there is none, `UnsupportedMediaError` when it is not text, `TooLargeError`.
    """
    if len(data) > max_bytes:
        raise TooLargeError(f"It is larger than {max_bytes // 1_000_000} MB.")
    text = normalised(_text(data))
    if not text.strip():
        raise InvalidInputError("It is empty.")
    return text


def normalised(text: str) -> str:
    """Storable, with letters and their accents in one character (NFC), as nearly everybody types what they look for."""
    return normalize("NFC", storable(text))


def storable(text: str) -> str:
    """One kind of line end, no byte order mark, and nothing that a database can't hold."""
    unified = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")
    return unified if unified.isascii() else unified.encode("utf-8", "replace").decode()


def _text(data: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    if encoding := utf16_without_mark(data):
        return data.decode(encoding, "replace")
    if data.startswith(_NOT_TEXT) or _looks_binary(data):
        raise UnsupportedMediaError("It is not a text file.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode(_declared(data) or guessed(data), "replace")


def _declared(data: bytes) -> str:
    """What HTML and XML say of themselves, "" if nothing that is known."""
    said = _CHARSET.search(data[:_DECLARED_WITHIN]) if data.lstrip().startswith(b"<") else None
    try:
        name = codecs.lookup(said[1].decode()).name if said else ""
    except LookupError:
        return ""
    return "" if name.startswith("utf") else name


def _looks_binary(data: bytes) -> bool:
    control = len(data) - len(data.translate(None, _CONTROL))
    return b"\x00" in data or control > _TOLERATED_CONTROL_SHARE * len(data)
