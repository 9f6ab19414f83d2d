"""What a server's refusal means to the people who connected it."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

import httpx2
import orjson

from flash_core.errors import FlashError, NotFoundError, UpstreamRejectedError, UpstreamUnavailableError
from indexing_service.interfaces.providers import SourceAwayError
from indexing_service.providers.redaction import forms_of, without

_LONGEST_MESSAGE: Final = 200
_HINTS: Final = {
    HTTPStatus.UNAUTHORIZED: "did not accept the credentials: check that they are right and have not expired",
    HTTPStatus.FORBIDDEN: "does not let these credentials read this: give them the right to read, or use others",
}
_KEYS: Final = ("message", "detail", "title", "error_description", "error", "errors", "data")
_SIGN_IN_PATH: Final = re.compile(r"sign-?_?in|log-?_?in|oauth|saml", re.IGNORECASE)
_PASSWORD_FIELD: Final = re.compile(rb"""type\s*=\s*["']?password""", re.IGNORECASE)


class NothingThereError(NotFoundError):
    """`body` is the whole answer: some servers say there whether it is gone or only not shown."""

    def __init__(self, message: str, body: bytes) -> None:
        super().__init__(message)
        self.body = body


def refusal(answer: httpx2.Response) -> FlashError | None:
    """None for an answer that can be used."""
    host, status = answer.request.url.host, answer.status_code
    if _signs_in(answer):
        return UpstreamRejectedError(
            f"{host} shows a page to sign in instead of an answer: check the credentials, and the address."
        )
    if answer.is_success or status == HTTPStatus.NOT_MODIFIED:
        return None
    if status in _HINTS:
        return UpstreamRejectedError(f"{host} {_HINTS[HTTPStatus(status)]}{_said(answer)} ({status}).")
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        message = f"{host} has nothing there, or does not show it{_said(answer)} ({status})."
        return NothingThereError(message, answer.content)
    throttled = status == HTTPStatus.TOO_MANY_REQUESTS
    if throttled or answer.is_server_error:
        away = SourceAwayError if throttled or "Retry-After" in answer.headers else UpstreamUnavailableError
        return away(f"{host} can't answer now{_said(answer)} ({status}).")
    return UpstreamRejectedError(f"{host} refused the request{_said(answer)} ({status}).")


def _signs_in(answer: httpx2.Response) -> bool:
    """Some servers show a page, with a status of success, to those whom they do not let in."""
    if answer.status_code == HTTPStatus.NON_AUTHORITATIVE_INFORMATION:
        return True
    is_page = answer.headers.get("Content-Type", "").startswith("text/html")
    if not is_page or not answer.is_success or "Content-Disposition" in answer.headers:
        return False
    moved = bool(answer.history) and _SIGN_IN_PATH.search(answer.url.path) is not None
    return moved or _PASSWORD_FIELD.search(answer.content) is not None


def _said(answer: httpx2.Response) -> str:
    """The server's own words as an addition to a sentence; nothing if it has none for people."""
    try:
        words = next(_messages(orjson.loads(answer.content)), "")
    except orjson.JSONDecodeError:
        words = answer.text if answer.headers.get("Content-Type", "").startswith("text/plain") else ""
    words = without(forms_of(answer.request.headers.get("Authorization", "")), words)
    words = " ".join(words.split())[:_LONGEST_MESSAGE]
    return f". It says: {words!r}" if words else ""


def _messages(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.strip():
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _messages(one)
    elif isinstance(value, dict):
        for key in _KEYS:
            yield from _messages(value.get(key))
