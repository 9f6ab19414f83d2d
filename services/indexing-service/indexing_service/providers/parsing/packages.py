"""Packages of XML in a ZIP archive: refused before they are opened when they would blow up."""

import zipfile
from io import BytesIO
from typing import Final

from flash_core.errors import TooLargeError, UnsupportedMediaError

MAX_UNPACKED: Final = 400_000_000
MAX_XML: Final = 120_000_000
"""Bytes of one part; a tree of XML takes several times as much memory."""
_MAX_RATIO: Final = 250
"""Measured on real files: office documents reach 10 to 40, sheets of repeating cells 100; bombs 1,000."""
_RATIO_FROM: Final = 20_000_000
_MAX_PARTS: Final = 20_000


def check_package(data: bytes) -> None:
    """Raises `TooLargeError` for what unpacks to more than a document has, `UnsupportedMediaError` for no archive."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise UnsupportedMediaError("It is damaged, or not of the type that its name says.") from error
    unpacked = sum(part.file_size for part in parts)
    if any(part.flag_bits & 1 for part in parts):
        raise UnsupportedMediaError("It is protected by a password.")
    largest = max((part.file_size for part in parts if part.filename.endswith((".xml", ".rels"))), default=0)
    bomb = unpacked > _RATIO_FROM and unpacked > _MAX_RATIO * len(data)
    if bomb or unpacked > MAX_UNPACKED or largest > MAX_XML or len(parts) > _MAX_PARTS:
        raise TooLargeError(
            f"It unpacks to {max(unpacked // 1_000_000, 1):,} MB in {len(parts):,} parts, more than a document may."
        )
