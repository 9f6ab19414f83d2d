"""A multipart form with a file and what is said about it."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Request as HttpRequest
from fastapi.exceptions import RequestValidationError
from pydantic import Field, StringConstraints, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from flash_core.errors import BadRequestError, FieldError, InvalidInputError
from flash_core.schemas.common import GroupName, Request
from flash_core.schemas.indexing import ExternalId, SingleDocumentRequest
from indexing_service.services.incoming import UploadedFile

_MAX_FIELDS: Final = 300


class _Fields(Request):
    """The form's fields beside `file`; `groups` and `path` may be repeated, a path may have slashes."""

    source_id: UUID | None = None
    title: Annotated[str, StringConstraints(max_length=500)] | None = None
    external_id: ExternalId | None = None
    groups: list[GroupName] = Field(default_factory=list, max_length=100)
    path: list[Annotated[str, StringConstraints(max_length=2_000)]] = Field(default_factory=list, max_length=50)


UPLOAD_SCHEMA: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "source_id": {"type": "string", "format": "uuid"},
                        "title": {"type": "string"},
                        "external_id": {"type": "string"},
                        "groups": {"type": "array", "items": {"type": "string"}},
                        "path": {"type": "array", "items": {"type": "string"}},
                    },
                }
            },
            "application/json": {"schema": SingleDocumentRequest.model_json_schema()},
        },
    }
}


async def read_upload(request: HttpRequest) -> UploadedFile:
    try:
        async with request.form(max_files=1, max_fields=_MAX_FIELDS) as form:
            return await _upload(form)
    except HTTPException as error:  # what the form parser says of malformed or too many parts
        raise BadRequestError(f"The form can't be read: {error.detail}") from error


async def _upload(form: FormData) -> UploadedFile:
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise InvalidInputError("The form needs a file.", [FieldError("file", "A file is needed.")])
    fields = _fields(form)
    return UploadedFile(
        name=file.filename or "",
        media_type=file.content_type or "",
        data=await file.read(),
        source_id=fields.source_id,
        title=fields.title,
        external_id=fields.external_id,
        path=tuple(step for steps in fields.path for step in steps.split("/") if step.strip()),
        groups=frozenset(fields.groups),
    )


def _fields(form: FormData) -> _Fields:
    """Fields that were left empty were not filled in."""
    given: dict[str, Any] = {}
    for name in form:
        values = [value for value in form.getlist(name) if isinstance(value, str) and value.strip()]
        if name != "file" and values:
            given[name] = values if name in {"groups", "path"} else values[-1]
    try:
        return _Fields.model_validate(given)
    except ValidationError as error:
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in error.errors()]) from error
