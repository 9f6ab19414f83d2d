"""What turns documents into text."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol

from flash_core.errors import FlashError
from indexing_service.interfaces import DocumentFormat


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """`text` is what the page shows; every offset points into it. `markdown` False: it is plain text."""

    title: str
    text: str
    markdown: bool


class UnreadableError(FlashError):
    """Reading this one document failed: it is broken, or took more time or memory than one may take."""

    code = "unreadable"


@dataclass(frozen=True, slots=True)
class Converted:
    """`title`: what the document itself gives as one, "" if nothing."""

    title: str
    markdown: str


class ConverterInterface(Protocol):
    """Makes Markdown of formats whose readers can't be trusted to end."""

    @abstractmethod
    async def converted(self, document_format: DocumentFormat, data: bytes) -> Converted:
        """Raises `InvalidInputError` or `UnsupportedMediaError` when there is no text to show, `TooLargeError` or
        `UnreadableError` when it can't be had; each says why. `UpstreamUnavailableError` when no reader starts.
        Documents that come while all readers are busy wait.
        """
