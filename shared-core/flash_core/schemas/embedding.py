"""The embedding service's internal wire format. The public face is the OpenAI protocol, in the service itself."""

from pydantic import Base64Bytes, Field

from flash_core.interfaces.embedding import Priority, Purpose
from flash_core.schemas.common import Request, Response


class EmbedRequest(Request):
    texts: list[str] = Field(min_length=1, max_length=2_048)
    purpose: Purpose = Purpose.PASSAGE
    priority: Priority = Priority.INTERACTIVE


class EmbedResponse(Response):
    """`vectors`: one a text, base64 of little-endian float32."""

    model: str
    dimension: int
    vectors: list[Base64Bytes]


class EmbeddingModelResponse(Response):
    name: str
    dimension: int
    max_tokens: int
