"""A reader of formats, in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flash_core.errors import FlashError
from indexing_service.interfaces import DocumentFormat
from indexing_service.interfaces.parsing import Converted, ConverterInterface, UnreadableError


@dataclass
class FakeConverter(ConverterInterface):
    """What begins with "!" can't be read; anything else is its own words, as `<format>: <words>`."""

    titles: Mapping[DocumentFormat, str] = field(default_factory=dict)
    error: FlashError | None = None

    async def converted(self, document_format: DocumentFormat, data: bytes) -> Converted:
        if data.startswith(b"!"):
            raise self.error or UnreadableError("Its reader crashed over it; it may be damaged.")
        return Converted(self.titles.get(document_format, ""), f"{document_format}: {data.decode()}")
