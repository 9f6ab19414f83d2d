"""Wire models as msgpack, for caches: smaller than JSON and quicker to read."""

from typing import TypeVar

import msgspec
from pydantic import BaseModel, ValidationError

ModelT = TypeVar("ModelT", bound=BaseModel)


def packed(model: BaseModel) -> bytes:
    return msgspec.msgpack.encode(model.model_dump(mode="json"))


def unpacked(kind: type[ModelT], content: bytes | None) -> ModelT | None:
    """None for what is not there, and for what another version of a service has written."""
    if content is None:
        return None
    try:
        return kind.model_validate(msgspec.msgpack.decode(content))
    except (msgspec.DecodeError, ValidationError):
        return None
