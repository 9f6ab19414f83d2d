"""Handing in documents over HTTP."""

from typing import Final

from fastapi import APIRouter, Request, status
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from flash_core.errors import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    TooLargeError,
    UnauthenticatedError,
    UnsupportedMediaError,
    UpstreamUnavailableError,
)
from flash_core.schemas.indexing import (
    BatchRequest,
    DocumentAcceptedResponse,
    JobAcceptedResponse,
    SingleDocumentRequest,
)
from flash_core.web.idempotency import RequestName
from flash_core.web.identity import CurrentEditor
from flash_core.web.middleware import MIB
from flash_core.web.problems import problems
from indexing_service.api.dependencies import IntakeDep
from indexing_service.api.uploads import UPLOAD_SCHEMA, read_upload

router = APIRouter(
    prefix="/api/v1/documents",
    tags=["documents"],
    responses=problems(
        UnauthenticatedError,
        ForbiddenError,
        InvalidInputError,
        NotFoundError,
        ConflictError,
        TooLargeError,
        UpstreamUnavailableError,
    ),
)
UPLOAD_BODY: Final = 51 * MIB
"""A file of 50 MiB and the fields around it."""


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problems(BadRequestError, UnsupportedMediaError),
    openapi_extra=UPLOAD_SCHEMA,
)
async def post_document(
    request: Request, editor: CurrentEditor, intake: IntakeDep, name: RequestName
) -> DocumentAcceptedResponse:
    """One document, as a file in a form or as JSON. It is stored when this returns and searchable when its job ends."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        return await intake.accept_file(await read_upload(request), editor, name)
    if media_type == "application/json":
        return await intake.accept_single(await _single(request), editor, name)
    raise UnsupportedMediaError("Send multipart/form-data with a `file`, or application/json.")


@router.post("/batch", status_code=status.HTTP_202_ACCEPTED)
async def post_batch(
    body: BatchRequest, editor: CurrentEditor, intake: IntakeDep, name: RequestName
) -> JobAcceptedResponse:
    """Up to 1,000 documents; the same external id in the same source replaces, except what the editor may not see."""
    return await intake.accept_batch(body, editor, name)


async def _single(request: Request) -> SingleDocumentRequest:
    body = await request.body()
    if len(body) > MIB:
        raise TooLargeError(f"A JSON body may have {MIB:,} bytes; larger documents are sent as files.")
    try:
        return SingleDocumentRequest.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in error.errors()]) from error
