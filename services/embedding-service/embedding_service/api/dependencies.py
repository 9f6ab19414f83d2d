"""The container, as FastAPI dependencies."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from embedding_service.interfaces import TokenCounterInterface
from flash_core.interfaces.embedding import EmbeddingModelsInterface, EmbeddingProviderInterface
from flash_core.interfaces.entailment import EntailmentModelInterface
from flash_core.interfaces.reranker import RerankerInterface


async def _embeddings(connection: HTTPConnection) -> EmbeddingProviderInterface:
    provider: EmbeddingProviderInterface = connection.state.container.embeddings
    return provider


async def _models(connection: HTTPConnection) -> EmbeddingModelsInterface:
    models: EmbeddingModelsInterface = connection.state.container.models
    return models


async def _tokens(connection: HTTPConnection) -> TokenCounterInterface:
    counter: TokenCounterInterface = connection.state.container.tokens
    return counter


async def _reranker(connection: HTTPConnection) -> RerankerInterface:
    reranker: RerankerInterface = connection.state.container.reranker
    return reranker


async def _entailment(connection: HTTPConnection) -> EntailmentModelInterface:
    entailment: EntailmentModelInterface = connection.state.container.entailment
    return entailment


Embeddings = Annotated[EmbeddingProviderInterface, Depends(_embeddings)]
Models = Annotated[EmbeddingModelsInterface, Depends(_models)]
Tokens = Annotated[TokenCounterInterface, Depends(_tokens)]
Reranker = Annotated[RerankerInterface, Depends(_reranker)]
Entailment = Annotated[EntailmentModelInterface, Depends(_entailment)]
