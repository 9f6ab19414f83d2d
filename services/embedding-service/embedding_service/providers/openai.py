"""`EmbeddingProviderInterface` on any server with the OpenAI protocol's `/v1/embeddings`."""

import asyncio
import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import numpy as np
from openai import (
    APIConnectionError,
    APIStatusError,
    AsyncOpenAI,
    InternalServerError,
    OpenAIError,
    RateLimitError,
)
from openai.types import CreateEmbeddingResponse

from embedding_service.interfaces import TokenCounterInterface
from flash_core.errors import OverloadedError, UpstreamRejectedError, UpstreamUnavailableError
from flash_core.interfaces.embedding import EmbeddingModel, EmbeddingProviderInterface, Priority, Purpose, Vectors

_MAX_TOKENS: Final = 8_191  # of OpenAI's own models; the protocol has no way to ask
_CHARACTERS_PER_TOKEN: Final = 4  # https://platform.openai.com/tokenizer, "a rule of thumb" for English
_RETRY_AFTER_SECONDS: Final = 5.0


class OpenAIEmbeddings(EmbeddingProviderInterface, TokenCounterInterface):
    """The SDK's client brings the time-out and the retries. Vectors come as base64: a third of the bytes of a list."""

    def __init__(self, client: AsyncOpenAI, model: str) -> None:
        self._client = client
        self._name = model
        self._model: EmbeddingModel | None = None
        self._asking = asyncio.Lock()

    async def model(self) -> EmbeddingModel:
        """The dimension is learnt from a first vector."""
        async with self._asking:
            if self._model is None:
                dimension = (await self._request(["dimension"])).shape[1]
                self._model = EmbeddingModel(self._name, dimension, _MAX_TOKENS)
        return self._model

    async def embed(
        self,
        texts: Sequence[str],
        *,
        purpose: Purpose = Purpose.PASSAGE,  # noqa: ARG002  # the protocol does not know it
        priority: Priority = Priority.INTERACTIVE,  # noqa: ARG002  # the batcher's business
    ) -> Vectors:
        return await self._request(texts)

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [_estimated(text) for text in texts]

    def count(self, texts: Sequence[str]) -> int:
        return sum(map(_estimated, texts))

    async def _request(self, texts: Sequence[str]) -> Vectors:
        with _translated_errors():
            response = await self._client.embeddings.create(
                model=self._name, input=list(texts), encoding_format="base64"
            )
        if len(response.data) != len(texts):
            raise UpstreamUnavailableError(f"The embedding server gave {len(response.data)} of {len(texts)} vectors.")
        return _unit_rows(response)


def open_ai_embeddings(model: str, *, base_url: str, api_key: str, seconds: float) -> OpenAIEmbeddings:
    """`base_url` empty: OpenAI itself. `seconds`: the longest time for one try of one call."""
    # Servers on one's own machine want no key, the SDK wants one.
    client = AsyncOpenAI(base_url=base_url or None, api_key=api_key or "none", timeout=seconds)
    return OpenAIEmbeddings(client, model)


def _estimated(text: str) -> int:
    """Only the server has the tokenizer."""
    return 1 + len(text) // _CHARACTERS_PER_TOKEN


def _unit_rows(response: CreateEmbeddingResponse) -> Vectors:
    rows = sorted(response.data, key=lambda row: row.index)
    vectors = np.stack([_vector(row.embedding) for row in rows])
    lengths: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32, copy=False)


def _vector(embedding: str | list[float]) -> Vectors:
    """Some servers know no base64 and answer with a list all the same."""
    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding), np.dtype("<f4")).astype(np.float32)
    return np.asarray(embedding, np.float32)


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Keep the SDK's exceptions, whose texts may hold what was sent, inside the adapter."""
    try:
        yield
    except RateLimitError as error:
        raise OverloadedError("The embedding server asks to slow down.", _RETRY_AFTER_SECONDS) from error
    except (APIConnectionError, InternalServerError) as error:
        raise UpstreamUnavailableError(f"The embedding server failed: {type(error).__name__}.") from error
    except APIStatusError as error:
        raise UpstreamRejectedError(f"The embedding server refused with status {error.status_code}.") from error
    except OpenAIError as error:
        raise UpstreamUnavailableError(f"The embedding server's answer is unusable: {type(error).__name__}.") from error
