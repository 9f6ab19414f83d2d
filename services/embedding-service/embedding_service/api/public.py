"""`POST /v1/embeddings`, the OpenAI protocol."""

import asyncio
from base64 import b64encode
from typing import Literal

import orjson
from fastapi import APIRouter, Request, Response

from embedding_service.api.dependencies import Embeddings, Tokens
from embedding_service.api.schemas import MAX_INPUTS, CreateEmbeddingRequest, CreateEmbeddingResponse
from flash_core.errors import BadRequestError, OverloadedError, UnauthenticatedError, UpstreamUnavailableError
from flash_core.interfaces.embedding import EmbeddingModel, Vectors
from flash_core.web.disconnect import while_connected
from flash_core.web.identity import CurrentUser
from flash_core.web.problems import problems

router = APIRouter(prefix="/v1", tags=["embeddings"])


@router.post(
    "/embeddings",
    response_model=CreateEmbeddingResponse,
    responses=problems(BadRequestError, UnauthenticatedError, OverloadedError, UpstreamUnavailableError),
)
async def create_embeddings(
    request: Request, body: CreateEmbeddingRequest, embeddings: Embeddings, tokens: Tokens, _: CurrentUser
) -> Response:
    """Vectors of norm 1 for one text or many, by the model that also indexes the documentation."""
    texts = _texts(body)
    model = await embeddings.model()
    _check_dimensions(body.dimensions, model)
    vectors = await while_connected(request, embeddings.embed(texts))
    used = await asyncio.to_thread(tokens.count, texts)
    content = {
        "object": "list",
        "model": model.name,
        "data": [
            {"object": "embedding", "index": index, "embedding": _encoded(vector, body.encoding_format)}
            for index, vector in enumerate(vectors)
        ],
        "usage": {"prompt_tokens": used, "total_tokens": used},
    }
    return Response(orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


def _texts(body: CreateEmbeddingRequest) -> list[str]:
    given = [body.input] if isinstance(body.input, str) else body.input
    texts = [text for text in given if isinstance(text, str)]
    if len(texts) != len(given):
        raise BadRequestError("`input` must be a text or a list of texts; arrays of tokens are not supported.")
    if not texts or not all(texts):
        raise BadRequestError("`input` must hold at least one text, and no text may be empty.")
    if len(texts) > MAX_INPUTS:
        raise BadRequestError(f"`input` may hold {MAX_INPUTS:,} texts; these are {len(texts):,}.")
    return texts


def _check_dimensions(asked: int | None, model: EmbeddingModel) -> None:
    if asked is not None and asked != model.dimension:
        raise BadRequestError(f"{model.name} has {model.dimension} dimensions; `dimensions` can't change that.")


def _encoded(vector: Vectors, encoding: Literal["float", "base64"]) -> Vectors | str:
    return b64encode(vector.astype("<f4", copy=False).tobytes()).decode() if encoding == "base64" else vector
