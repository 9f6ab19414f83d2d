"""Outlook's `.msg`: a mail in a compound file. Properties by their tags as [MS-OXPROPS] numbers them."""

from io import BytesIO
from typing import Any, Final

import olefile

from flash_core.errors import UnsupportedMediaError
from indexing_service.interfaces.parsing import Converted
from indexing_service.providers.parsing.converters.mail import page
from indexing_service.providers.parsing.converters.web import of_html

_SUBJECT: Final = "0037"
_BODY: Final = "1000"
_HTML: Final = "1013"
_TRANSPORT_HEADERS: Final = "007D"
_FROM_NAME, _FROM_ADDRESS, _FROM_SMTP = "0C1A", "0C1F", "5D01"
_TO, _CC = "0E04", "0E03"
_LONG_NAME, _SHORT_NAME = "3707", "3704"
_UNICODE, _BYTES, _BINARY = "001F", "001E", "0102"


def convert(data: bytes) -> Converted:
    if not data.startswith(olefile.MAGIC):  # `isOleFile` takes short bytes for a path
        raise UnsupportedMediaError("It is damaged, or no Outlook message.")
    with olefile.OleFileIO(BytesIO(data)) as file:
        body = _property(file, _BODY)
        if not body.strip():
            body = of_html(_property(file, _HTML))
        headers = [("From", _sender(file)), ("To", _property(file, _TO)), ("Cc", _property(file, _CC))]
        headers.append(("Date", _date(_property(file, _TRANSPORT_HEADERS))))
        return page(_property(file, _SUBJECT), headers, body.replace("\r\n", "\n"), _attachments(file))


def _sender(file: Any) -> str:
    name = _property(file, _FROM_NAME)
    address = _property(file, _FROM_SMTP) or _property(file, _FROM_ADDRESS)
    address = address if "@" in address else ""
    return f"{name} <{address}>" if name and address and name != address else name or address


def _date(headers: str) -> str:
    lines = [line for line in headers.splitlines() if line.lower().startswith("date:")]
    return lines[0].partition(":")[2].strip() if lines else ""


def _attachments(file: Any) -> list[str]:
    storages = sorted({entry[0] for entry in file.listdir() if entry[0].startswith("__attach")})
    return [_property(file, _LONG_NAME, one) or _property(file, _SHORT_NAME, one) for one in storages]


def _property(file: Any, tag: str, storage: str = "") -> str:
    """Text is stored as UTF-16 or in some code page, HTML as bytes."""
    for kind, encoding in ((_UNICODE, "utf-16-le"), (_BYTES, "cp1252"), (_BINARY, "utf-8")):
        path = [storage, f"__substg1.0_{tag}{kind}"] if storage else [f"__substg1.0_{tag}{kind}"]
        if file.exists(path):
            text: str = file.openstream(path).read().decode(encoding, "replace")
            return text.strip("\x00")
    return ""
