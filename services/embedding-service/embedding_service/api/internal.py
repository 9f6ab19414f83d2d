"""Vectors for the other services."""

from base64 import b64encode

import orjson
from fastapi import APIRouter, Request, Response

from embedding_service.api.dependencies import Embeddings
from flash_core.errors import OverloadedError, UpstreamUnavailableError
from flash_core.schemas.embedding import EmbeddingModelResponse, EmbedRequest, EmbedResponse
from flash_core.web.disconnect import while_connected
from flash_core.web.identity import InternalCaller
from flash_core.web.problems import problems

router = APIRouter(prefix="/internal", tags=["internal"])


@router.post("/embeddings", response_model=EmbedResponse, responses=problems(OverloadedError, UpstreamUnavailableError))
async def embed(request: Request, body: EmbedRequest, embeddings: Embeddings, _: InternalCaller) -> Response:
    """One vector of norm 1 a text, in the order of `texts`."""
    model = await embeddings.model()
    vectors = await while_connected(request, embeddings.embed(body.texts, purpose=body.purpose, priority=body.priority))
    encoded = [b64encode(vector.astype("<f4", copy=False).tobytes()).decode() for vector in vectors]
    # Not through the schema: it would decode and encode every vector once more.
    content = orjson.dumps({"model": model.name, "dimension": model.dimension, "vectors": encoded})
    return Response(content, media_type="application/json")


@router.get("/model")
async def model(embeddings: Embeddings, _: InternalCaller) -> EmbeddingModelResponse:
    """Which model this service computes with."""
    return EmbeddingModelResponse.model_validate(await embeddings.model())
