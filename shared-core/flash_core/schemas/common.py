"""Pieces that several faces of the API share."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final, Generic, TypeVar

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    field_validator,
    model_validator,
)


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("in UTC this moment is before the year 1 or after the year 9999") from error


Timestamp = Annotated[
    AwareDatetime, AfterValidator(_in_utc), PlainSerializer(_rfc3339, return_type=str, when_used="json")
]
"""RFC 3339 in UTC with `Z` and milliseconds on the wire."""

GroupName = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\s\x00]([^\n\x00]*[^\s\x00])?$")
]
"""One line, no white space around it, nothing that PostgreSQL can't hold."""

_SCHEME: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.\-]*):")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_FOLLOWED: Final = frozenset({"http", "https", "mailto"})


def may_be_followed(url: str) -> bool:
    """Whether a reader's click on it opens a page or a letter: http, https, mailto, or an address relative to another.

    Browsers pass over control characters, so an address that has one may not be what it looks like.
    """
    scheme = _SCHEME.match(url)
    return not _CONTROL.search(url) and (scheme is None or scheme[1].lower() in _FOLLOWED)


def _followable(url: str) -> str:
    if not may_be_followed(url):
        raise ValueError("must be an http, https or mailto address, or a relative one")
    return url


def _followable_or_none(url: str | None) -> str | None:
    return url if url is not None and may_be_followed(url) else None


GivenUrl = Annotated[str, AfterValidator(_followable)]
"""Where a client says that a document is."""

ShownUrl = Annotated[str | None, AfterValidator(_followable_or_none)]
"""Where a document is, as its readers are told; None for what they could not follow safely, whoever said it."""

ItemT = TypeVar("ItemT")


def _leave_out(_: object) -> None:
    """Python objects that a service puts into a request itself."""


class Request(BaseModel):
    """A body that a client sends: unknown fields are an error, not silence, and so is text that is not Unicode (JSON
    can write half of a surrogate pair, which nothing can store or send on) or holds a NUL (PostgreSQL stores none).
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _is_unicode(cls, data: object) -> object:
        try:
            orjson.dumps(data, default=_leave_out)
        except TypeError as error:
            raise ValueError("a text is not valid Unicode, a number is too large or the nesting too deep") from error
        return data

    @field_validator("*")
    @classmethod
    def _has_no_nul(cls, value: object) -> object:
        texts = value if isinstance(value, list) else [value]
        if any(isinstance(text, str) and "\x00" in text for text in texts):
            raise ValueError("a text may not hold a NUL character")
        return value


class Response(BaseModel):
    """What a service answers; like a request's, its values never show in an error."""

    model_config = ConfigDict(from_attributes=True, hide_input_in_errors=True)


class Page(BaseModel, Generic[ItemT]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[ItemT]
    next_cursor: str | None = None


class Problem(BaseModel):
    """RFC 9457 problem document."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str = ""
    request_id: str = ""
    errors: list[dict[str, str]] | None = Field(
        default=None, description="On 422: what is wrong with which field; the name is empty where none is to blame."
    )
