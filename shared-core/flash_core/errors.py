"""Domain errors. They know nothing of HTTP; `flash_core.web.problems` maps them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class FlashError(Exception):
    """Base of every error the fleet raises on purpose.

    `code` names the kind in logs and in problem documents (`urn:flash:<code>`); the message is for people and
    never holds a secret or another user's data.
    """

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field of the input; `field` is a dotted path."""

    field: str
    message: str


class BadRequestError(FlashError):
    """The request can't be understood (malformed JSON, a bad cursor)."""

    code = "bad-request"


class InvalidInputError(FlashError):
    """The request is understood, but some fields are wrong."""

    code = "invalid-input"

    def __init__(self, detail: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.errors = tuple(errors)


class UnauthenticatedError(FlashError):
    """No valid proof of who is asking."""

    code = "unauthenticated"


class ForbiddenError(FlashError):
    """Known, but this action is for other roles. What a user may not *see* is `NotFoundError`."""

    code = "forbidden"


class NotFoundError(FlashError):
    """It does not exist, or not for this user."""

    code = "not-found"


class ConflictError(FlashError):
    """The state does not allow it (again): a name taken, an idempotency key with another body."""

    code = "conflict"


class FencedError(ConflictError):
    """Another attempt has taken this work over; the caller must stop without effects."""

    code = "fenced"


class TooLargeError(FlashError):
    """Larger than the limits that the contract states."""

    code = "too-large"


class UnsupportedMediaError(FlashError):
    """A format that is not read."""

    code = "unsupported-media"


class OverloadedError(FlashError):
    """No room now; try again after `retry_after` seconds."""

    code = "overloaded"
    retryable = True

    def __init__(self, detail: str, retry_after: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class RateLimitedError(OverloadedError):
    """This caller asks too often."""

    code = "rate-limited"


class UpstreamUnavailableError(FlashError):
    """A dependency failed in a way that may pass."""

    code = "upstream-unavailable"
    retryable = True


class UpstreamRejectedError(FlashError):
    """A dependency said no in a way that trying again won't change (a wrong key, an unknown model)."""

    code = "upstream-rejected"


class DuplicateEventError(FlashError):
    """This consumer has handled this event before."""

    code = "duplicate-event"
