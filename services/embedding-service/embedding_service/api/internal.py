"""Vectors for the other services."""

from base64 import b64encode

import orjson
from fastapi import APIRouter, Request, Response

from embedding_service.api.dependencies import Embeddings, Entailment, Models, Reranker
from flash_core.errors import NotFoundError, OverloadedError, UpstreamUnavailableError
from flash_core.interfaces.entailment import Claim
from flash_core.schemas.embedding import (
    CountTokensRequest,
    CountTokensResponse,
    EmbeddingModelResponse,
    EmbedRequest,
    EmbedResponse,
    EntailmentRequest,
    EntailmentResponse,
    RerankRequest,
    RerankResponse,
    ServedModel,
)
from flash_core.web.disconnect import while_connected
from flash_core.web.identity import InternalCaller
from flash_core.web.problems import problems

router = APIRouter(prefix="/internal", tags=["internal"])


@router.post(
    "/embeddings",
    response_model=EmbedResponse,
    responses=problems(NotFoundError, OverloadedError, UpstreamUnavailableError),
)
async def embed(
    request: Request, body: EmbedRequest, embeddings: Embeddings, models: Models, _: InternalCaller
) -> Response:
    """One vector of norm 1 a text, in the order of `texts`. 404 when a model is named that is not served."""
    provider = models.named(body.model) if body.model else embeddings
    model = await provider.model()
    vectors = await while_connected(request, provider.embed(body.texts, purpose=body.purpose, priority=body.priority))
    encoded = [b64encode(vector.astype("<f4", copy=False).tobytes()).decode() for vector in vectors]
    # Not through the schema: it would decode and encode every vector once more.
    content = orjson.dumps({"model": model.name, "dimension": model.dimension, "vectors": encoded})
    return Response(content, media_type="application/json")


@router.post("/tokens", responses=problems(NotFoundError, UpstreamUnavailableError))
async def count_tokens(
    body: CountTokensRequest, embeddings: Embeddings, models: Models, _: InternalCaller
) -> CountTokensResponse:
    """How many tokens each text is to the model. 404 when one is named that is not served."""
    provider = models.named(body.model) if body.model else embeddings
    return CountTokensResponse(counts=await provider.count_tokens(body.texts))


@router.get("/model")
async def model(
    models: Models, reranker: Reranker, entailment: Entailment, _: InternalCaller
) -> EmbeddingModelResponse:
    """Which models this service computes with; null: there is none of that kind, or not yet."""
    embedding, *beside = await models.models()
    return EmbeddingModelResponse(
        name=embedding.name,
        dimension=embedding.dimension,
        max_tokens=embedding.max_tokens,
        beside=[ServedModel.model_validate(one) for one in beside],
        reranker=await reranker.name(),
        entailment=await entailment.name(),
    )


@router.post("/rerank", responses=problems(OverloadedError, UpstreamUnavailableError))
async def rerank(request: Request, body: RerankRequest, reranker: Reranker, _: InternalCaller) -> RerankResponse:
    """How well each text answers the query. 503 without a model."""
    scores = await while_connected(request, reranker.scores(body.query, body.texts))
    return RerankResponse(scores=scores)


@router.post("/entailment", responses=problems(OverloadedError, UpstreamUnavailableError))
async def entail(
    request: Request, body: EntailmentRequest, entailment: Entailment, _: InternalCaller
) -> EntailmentResponse:
    """Whether each passage says its statement. 503 without a model."""
    claims = [Claim(one.passage, one.statement) for one in body.claims]
    return EntailmentResponse(supported=await while_connected(request, entailment.supported(claims)))
