"""Documents as people and programs hand them in, checked and made ready to be stored."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final
from uuid import UUID

from flash_core.errors import FieldError, InvalidInputError, TooLargeError, UnsupportedMediaError
from flash_core.schemas.indexing import DocumentContent, SingleDocumentRequest
from flash_core.utils.ids import id_for
from indexing_service.interfaces import DocumentFormat, SourceDocument
from indexing_service.services.decoding import decoded, normalised, storable
from indexing_service.services.formats import MAX_FILE, SUPPORTED, format_named, is_text, looks_like

_MAX_NAME: Final = 600


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """`name` as the browser says it; empty and missing fields are None."""

    name: str
    media_type: str
    data: bytes
    source_id: UUID | None = None
    title: str | None = None
    external_id: str | None = None
    path: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()


def from_single(body: SingleDocumentRequest, now: datetime, request_name: str | None) -> SourceDocument:
    """Without an external id one is made, the same for every try of a request that has a name."""
    if not body.text.strip():
        raise InvalidInputError("The document is empty.", [FieldError("text", "It is empty.")])
    return from_incoming(body.external_id or str(id_for(request_name)), body, now)


def from_incoming(external_id: str, body: DocumentContent, now: datetime) -> SourceDocument:
    return SourceDocument(
        external_id=_storable(external_id),
        content=normalised(body.text),
        format=body.format,
        title=normalised(body.title),
        url=None if body.url is None else storable(body.url),
        path=tuple(step for step in map(normalised, body.path) if step.strip()),
        groups=frozenset(body.groups),
        updated_at=body.updated_at,
        modified_at=now,
    )


def from_file(file: UploadedFile, now: datetime) -> SourceDocument:
    """The external id is the file's name (behind its path), so that handing it in again replaces it."""
    document_format = _format_of(file)
    name = PurePosixPath(file.name.replace("\\", "/")).name or "document"
    return SourceDocument(
        external_id=_storable(file.external_id or "/".join([*file.path, name])),
        content=_content_of(file, document_format),
        format=document_format,
        title=normalised(file.title) if file.title else None,
        path=tuple(map(normalised, file.path)),
        groups=file.groups,
        modified_at=now,
    )


def _format_of(file: UploadedFile) -> DocumentFormat:
    found = format_named(file.name, file.media_type)
    if found is None:
        said = PurePosixPath(file.name).suffix.lower() or file.media_type.partition(";")[0].strip() or "unknown"
        raise UnsupportedMediaError(f"Files of type {said} can't be read. Supported: {SUPPORTED}.")
    return found


def _content_of(file: UploadedFile, document_format: DocumentFormat) -> str | bytes:
    """Text as text; what else it is, its reader says when it is indexed."""
    if len(file.data) > MAX_FILE:
        raise TooLargeError(f"A file may have {MAX_FILE >> 20} MiB.")
    if not file.data.strip():
        raise InvalidInputError("The file is empty.", [FieldError("file", "It is empty.")])
    if not looks_like(document_format, file.data):
        raise UnsupportedMediaError("The file is not of the type that its name says.")
    if not is_text(document_format):
        return file.data
    try:
        return decoded(file.data, max_bytes=MAX_FILE)
    except InvalidInputError as error:
        raise InvalidInputError("The file is empty.", [FieldError("file", "It is empty.")]) from error
    except UnsupportedMediaError as error:
        raise UnsupportedMediaError(f"The file holds no text. Supported: {SUPPORTED}.") from error


def _storable(external_id: str) -> str:
    name = external_id.strip()
    if not name or "\x00" in name or len(name) > _MAX_NAME:
        detail = f"The external id needs 1 to {_MAX_NAME} characters, none of them a NUL."
        raise InvalidInputError(detail, [FieldError("external_id", detail)])
    return name.encode("utf-8", "replace").decode()
