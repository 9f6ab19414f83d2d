"""RFC 6749's way of asking and refusing, at the token endpoint."""

import base64
import binascii
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

import orjson
from fastapi import Request, Response

from auth_service.services.errors import (
    ClientRefusedError,
    CredentialsRefusedError,
    GrantUnsupportedError,
    RefreshRefusedError,
)
from flash_core.errors import BadRequestError, FlashError
from flash_core.web.problems import MEDIA_TYPE, problem_of

NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_MAX_FIELDS: Final = 50
_REFUSALS: Final[dict[type[FlashError], tuple[int, str]]] = {
    CredentialsRefusedError: (400, "invalid_grant"),
    RefreshRefusedError: (400, "invalid_grant"),
    ClientRefusedError: (401, "invalid_client"),
    GrantUnsupportedError: (400, "unsupported_grant_type"),
}

FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {
                            "type": "string",
                            "enum": ["password", "refresh_token", "client_credentials"],
                        },
                        **{
                            name: {"type": "string"}
                            for name in ("username", "password", "refresh_token", "client_id", "client_secret")
                        },
                    },
                }
            }
        },
    }
}
"""The body in the OpenAPI document; it is read by hand, because FastAPI would answer a missing field with 422."""


class Parameters:
    """The form's fields. Sending one twice is an error, sending it empty is like leaving it out (RFC 6749 § 3.2)."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._values = dict(fields)
        if len(self._values) != len(fields):
            raise BadRequestError("A parameter was sent twice.")

    def required(self, name: str) -> str:
        value = self._values.get(name)
        if not value:
            raise BadRequestError(f"The parameter {name} is missing.")
        return value

    def client(self, authorization: str) -> tuple[str, str]:
        """Client id and secret, by HTTP Basic or in the form (RFC 6749 § 2.3.1)."""
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() != "basic":
            return self.required("client_id"), self.required("client_secret")
        try:
            name, separator, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, ValueError) as error:
            raise ClientRefusedError("The Authorization header is not HTTP Basic.") from error
        if not separator:
            raise ClientRefusedError("The Authorization header is not HTTP Basic.")
        return unquote_plus(name), unquote_plus(secret)


async def parameters(request: Request) -> Parameters:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise BadRequestError("The body must be application/x-www-form-urlencoded.")
    try:
        return Parameters(
            parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
        )
    except ValueError as error:
        raise BadRequestError("The body is not a form.") from error


def refusal(error: FlashError, instance: str) -> Response:
    """RFC 6749 § 5.2 and a problem document in one."""
    status, code = _REFUSALS.get(type(error), (400, "invalid_request"))
    problem = problem_of(error, instance=instance).model_dump(exclude_none=True) | {
        "type": f"urn:flash:{code.replace('_', '-')}",
        "status": status,
        "title": code.replace("_", " ").capitalize(),
        "error": code,
        "error_description": str(error),
    }
    headers = NO_STORE | ({"WWW-Authenticate": 'Basic realm="askflash"'} if status == 401 else {})  # noqa: PLR2004  # the status that asks for it
    return Response(orjson.dumps(problem), status, headers, MEDIA_TYPE)
