"""Bytes to text, whatever wrote them, and text as the page shows it."""

import re
from typing import Final

from flash_core.errors import InvalidInputError, TooLargeError, UnsupportedMediaError

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
_UNDEFINED_IN_1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


def decoded(data: bytes, *, max_bytes: int = MAX_BYTES) -> str:
    """The text in `data`: by its byte order mark, else UTF-8, else Latin-1 (as browsers read it: Windows-1252).

    Raises `InvalidInputError` when there is none, `UnsupportedMediaError` when it is not text, `TooLargeError`.
    """
    if len(data) > max_bytes:
        raise TooLargeError(f"It is larger than {max_bytes // 1_000_000} MB.")
    text = normalised(_text(data))
    if not text.strip():
        raise InvalidInputError("It is empty.")
    return text


def normalised(text: str) -> str:
    """One kind of line end, no byte order mark, and nothing that a database can't hold."""
    unified = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")
    return unified.encode("utf-8", "replace").decode() if not unified.isascii() else unified


def _text(data: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    if data.startswith(_NOT_TEXT) or _looks_binary(data):
        raise UnsupportedMediaError("It is not a text file.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1" if _UNDEFINED_IN_1252.search(data) else "cp1252")


def _looks_binary(data: bytes) -> bool:
    control = len(data) - len(data.translate(None, _CONTROL))
    return b"\x00" in data or control > _TOLERATED_CONTROL_SHARE * len(data)
