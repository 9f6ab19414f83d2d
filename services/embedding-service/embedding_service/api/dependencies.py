"""The container, as FastAPI dependencies."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from embedding_service.interfaces import TokenCounterInterface
from flash_core.interfaces.embedding import EmbeddingProviderInterface


def _embeddings(connection: HTTPConnection) -> EmbeddingProviderInterface:
    provider: EmbeddingProviderInterface = connection.state.container.embeddings
    return provider


def _tokens(connection: HTTPConnection) -> TokenCounterInterface:
    counter: TokenCounterInterface = connection.state.container.tokens
    return counter


Embeddings = Annotated[EmbeddingProviderInterface, Depends(_embeddings)]
Tokens = Annotated[TokenCounterInterface, Depends(_tokens)]
