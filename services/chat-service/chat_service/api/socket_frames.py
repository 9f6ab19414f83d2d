"""The WebSocket's frames: what clients send, and the few that are not an answer's own."""

from typing import Any
from uuid import UUID

import msgspec
from pydantic import ValidationError

from chat_service.interfaces import Accepted, Asking
from flash_core.errors import BadRequestError, FieldError, FlashError, InvalidInputError, NotFoundError
from flash_core.interfaces.answer_log import BEGINNING, Position
from flash_core.schemas.chat import PostMessageRequest
from flash_core.utils.request_id import current_request_id
from flash_core.web.problems import problem_of

MAX_FRAME_BYTES = 64 * 1024
_MAX_CLIENT_ID = 255


class Ask(msgspec.Struct, tag_field="type", tag="ask"):
    """What is asked is checked by `asking_of`: a wrong question is refused, it does not close the socket."""

    client_id: str
    content: Any = None
    conversation_id: Any = None
    mode: Any = None
    filters: Any = None


class Resume(msgspec.Struct, tag_field="type", tag="resume"):
    answer_id: str
    after: str | None = None


class Cancel(msgspec.Struct, tag_field="type", tag="cancel"):
    answer_id: str


class Ping(msgspec.Struct, tag_field="type", tag="ping"):
    pass


ClientFrame = Ask | Resume | Cancel | Ping
_decode = msgspec.json.Decoder(ClientFrame).decode
_encode = msgspec.json.Encoder().encode

PONG = '{"type":"pong"}'


def parse(text: str) -> ClientFrame:
    """Raise `BadRequestError` for what is not one of the frames."""
    try:
        frame: ClientFrame = _decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError) as error:
        raise BadRequestError("This is not a frame of askflash.v1.") from error
    return frame


def asking_of(frame: Ask) -> Asking:
    """The question, by the rules of `POST …/messages`. Raises `InvalidInputError` or `NotFoundError`."""
    if not 0 < len(frame.client_id) <= _MAX_CLIENT_ID:
        detail = FieldError("client_id", f"1 to {_MAX_CLIENT_ID} characters")
        raise InvalidInputError("The question is not valid.", [detail])
    try:
        body = PostMessageRequest.model_validate_json(
            _encode({"content": frame.content, "mode": frame.mode, "filters": frame.filters})
        )
    except ValidationError as error:
        details = [FieldError(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors()]
        raise InvalidInputError("The question is not valid.", details) from error
    return Asking(
        body.content,
        None if frame.conversation_id is None else id_of(frame.conversation_id, "conversation"),
        body.mode,
        body.filters,
        frame.client_id,
        request_id=current_request_id(),
    )


def id_of(given: object, kind: str) -> UUID:
    """What is no id at all names nothing that exists."""
    try:
        return UUID(str(given))
    except ValueError as error:
        raise NotFoundError(f"There is no such {kind}.") from error


def accepted_frame(client_id: str, accepted: Accepted) -> str:
    return _text(
        {
            "type": "accepted",
            "client_id": client_id,
            "conversation_id": accepted.conversation_id,
            "message_id": accepted.message_id,
            "answer_id": accepted.answer_id,
            "position": str(BEGINNING),
        }
    )


def error_frame(error: FlashError, **about: str) -> str:
    """`about`: the `client_id` or the `answer_id` that it is about."""
    return _text({"type": "error", **about, "problem": problem_of(error).model_dump(exclude_none=True)})


def reconnect_frame(after_ms: int) -> str:
    return _text({"type": "reconnect", "after_ms": after_ms})


def position_of(after: str | None) -> Position:
    return BEGINNING if after is None else Position.parse(after)


def _text(frame: dict[str, Any]) -> str:
    return _encode(frame).decode()
