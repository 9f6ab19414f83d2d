"""The id that follows a request from the gateway to the last worker."""

import string

import structlog

from flash_core.utils.ids import new_id

HEADER = "X-Request-ID"
_MAX_LENGTH = 128
_PRINTABLE = frozenset(string.ascii_letters + string.digits + string.punctuation)


def accept_request_id(given: str | None) -> str:
    """The client's id if it is short and printable (no spaces), else a new one."""
    if given and len(given) <= _MAX_LENGTH and _PRINTABLE.issuperset(given):
        return given
    return str(new_id())


def current_request_id() -> str:
    """The id that this task's logs carry, empty outside a request."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))
