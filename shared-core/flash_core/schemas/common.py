"""Pieces that several faces of the API share."""

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
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

ItemT = TypeVar("ItemT")


def _leave_out(_: object) -> None:
    """Python objects that a service puts into a request itself."""


class Request(BaseModel):
    """A body that a client sends: unknown fields are an error, not silence, and so is text that is not Unicode (JSON
    can write half of a surrogate pair, which nothing can store or send on).
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
    errors: list[dict[str, str]] | None = Field(default=None, description="On 422: what is wrong with which field.")
