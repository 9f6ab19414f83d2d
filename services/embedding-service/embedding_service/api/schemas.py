"""The OpenAI protocol's embeddings (https://platform.openai.com/docs/api-reference/embeddings)."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_INPUTS = 2_048


class CreateEmbeddingRequest(BaseModel):
    """What clients of that protocol send beyond these fields is ignored."""

    model_config = ConfigDict(extra="ignore")

    input: str | list[str] | list[int] | list[list[int]] = Field(
        description=f"A text or up to {MAX_INPUTS:,} texts. Tokens are not accepted: every model has its own."
    )
    model: str = Field(
        default="", description="Accepted under any name: the answer's `model` is the one that made the vectors."
    )
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(default=None, description="Only the model's own number.")


class EmbeddingObject(BaseModel):
    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str = Field(description="With `base64`: little-endian float32.")


class Usage(BaseModel):
    prompt_tokens: int
    total_tokens: int


class CreateEmbeddingResponse(BaseModel):
    object: Literal["list"] = "list"
    model: str
    data: list[EmbeddingObject]
    usage: Usage
