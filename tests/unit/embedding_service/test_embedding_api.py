"""The HTTP face of the embedding service, with its model faked."""

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from asgi_lifespan import LifespanManager
from httpx2 import ASGITransport, AsyncClient, ConnectError, MockTransport, Request, Response

from embedding_service.composition import Container
from embedding_service.config import BatchPolicy
from embedding_service.main import SPEC
from embedding_service.services.batching import BatchingEmbeddings
from embedding_service.services.model_health import ModelHealth
from embedding_service.services.serving import ServedModels
from flash_core.clients.embedding import EmbeddingClient, EntailmentClient, RerankerClient
from flash_core.clients.http import HttpClient
from flash_core.errors import UpstreamUnavailableError
from flash_core.interfaces.embedding import EmbeddingProviderInterface, Priority, Purpose
from flash_core.interfaces.entailment import Claim, EntailmentModelInterface
from flash_core.interfaces.reranker import RerankerInterface
from flash_core.models.user import Principal
from flash_core.testing.cross_encoders import FakeEntailment, FakeReranker
from flash_core.testing.fakes import FakeAuthenticator, FakeEmbeddingProvider, FakeIdempotencyStore
from flash_core.testing.waiting import eventually
from flash_core.web.app import create_app
from flash_core.web.identity import SERVICE_TOKEN_HEADER
from tests.unit.embedding_service.fakes import HeldModel, WordCounter

ANN = Principal(uuid4(), frozenset(), frozenset())
USER = {"Authorization": "Bearer ann"}
SERVICE = {SERVICE_TOKEN_HEADER: "service"}


@asynccontextmanager
async def serving(
    embeddings: EmbeddingProviderInterface,
    reranker: RerankerInterface | None = None,
    entailment: EntailmentModelInterface | None = None,
    beside: Sequence[EmbeddingProviderInterface] = (),
) -> AsyncIterator[AsyncClient]:
    @asynccontextmanager
    async def compose() -> AsyncIterator[Container]:
        yield Container(
            embeddings=embeddings,
            models=ServedModels(embeddings, beside),
            tokens=WordCounter(),
            reranker=reranker or FakeReranker(),
            entailment=entailment or FakeEntailment(),
            authenticator=FakeAuthenticator({"ann": ANN}),
            idempotency=FakeIdempotencyStore(),
            health=(ModelHealth(embeddings),),
        )

    async with (
        LifespanManager(create_app(replace(SPEC, compose=compose))) as manager,
        AsyncClient(transport=ASGITransport(app=manager.app), base_url="http://embedding") as client,
    ):
        yield client


@pytest.fixture
async def model() -> FakeEmbeddingProvider:
    return FakeEmbeddingProvider()


@pytest.fixture
async def client(model: FakeEmbeddingProvider) -> AsyncIterator[AsyncClient]:
    async with serving(model) as client:
        yield client


async def test_one_text_gets_one_vector(client: AsyncClient, model: FakeEmbeddingProvider) -> None:
    response = await client.post("/v1/embeddings", json={"input": "two words", "model": "any"}, headers=USER)
    body = response.json()
    assert response.status_code == 200
    assert body["object"] == "list"
    assert body["model"] == "fake"
    assert body["usage"] == {"prompt_tokens": 2, "total_tokens": 2}
    assert np.allclose(body["data"][0]["embedding"], (await model.embed(["two words"]))[0])


async def test_vectors_come_as_base64_when_asked_for(client: AsyncClient) -> None:
    texts = ["one", "two"]
    answers = [
        await client.post(
            "/v1/embeddings", json={"input": texts, "encoding_format": encoding, "user": "ignored"}, headers=USER
        )
        for encoding in ("float", "base64")
    ]
    plain, packed = [answer.json()["data"] for answer in answers]
    assert [row["index"] for row in packed] == [0, 1]
    for row, expected in zip(packed, plain, strict=True):
        assert np.allclose(np.frombuffer(base64.b64decode(row["embedding"]), "<f4"), expected["embedding"])


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"input": [1, 2, 3]}, "tokens"),
        ({"input": [[1, 2], [3]]}, "tokens"),
        ({"input": []}, "at least one"),
        ({"input": ["fine", ""]}, "empty"),
        ({"input": ""}, "empty"),
        ({"input": ["x"] * 2_049}, "2,048"),
        ({"input": "x", "dimensions": 3}, "64 dimensions"),
    ],
    ids=["tokens", "lists-of-tokens", "none", "an-empty-one", "empty", "too-many", "dimensions"],
)
async def test_what_the_model_cannot_do_is_a_clear_problem(client: AsyncClient, body: Any, word: str) -> None:
    response = await client.post("/v1/embeddings", json=body, headers=USER)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert word in response.json()["detail"]


async def test_the_models_own_dimension_may_be_asked_for(client: AsyncClient) -> None:
    assert (await client.post("/v1/embeddings", json={"input": "x", "dimensions": 64}, headers=USER)).is_success


async def test_an_unknown_encoding_is_unprocessable(client: AsyncClient) -> None:
    response = await client.post("/v1/embeddings", json={"input": "x", "encoding_format": "hex"}, headers=USER)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "encoding_format"


async def test_strangers_get_no_vectors(client: AsyncClient) -> None:
    assert (await client.post("/v1/embeddings", json={"input": "x"})).status_code == 401
    assert (await client.post("/internal/embeddings", json={"texts": ["x"]}, headers=USER)).status_code == 401
    assert (await client.get("/internal/model")).status_code == 401


async def test_siblings_say_purpose_and_priority(client: AsyncClient, model: FakeEmbeddingProvider) -> None:
    sibling = EmbeddingClient(HttpClient(client, FakeAuthenticator()).sibling("http://embedding"))
    vectors = await sibling.embed(["one", "two"], purpose=Purpose.QUERY, priority=Priority.BULK)
    assert model.calls == [(["one", "two"], Purpose.QUERY, Priority.BULK)]
    assert np.array_equal(vectors, await model.embed(["one", "two"]))
    assert await sibling.model() == await model.model()


async def test_a_crowded_model_answers_503_with_a_time() -> None:
    held = HeldModel()
    rules = BatchPolicy(size=1, window_seconds=0, concurrency=1, queue_size=1)
    async with serving(BatchingEmbeddings(held, rules)) as client:
        waiting = [asyncio.create_task(ask(client, "first"))]
        await eventually(lambda: held.batches)
        answers: list[Any] = []
        while not answers:  # until the queue is full
            asked = asyncio.create_task(ask(client, f"text {len(waiting)}"))
            await asyncio.wait({asked}, timeout=0.05)
            (answers if asked.done() else waiting).append(asked)
        refused = answers[0].result()
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        held.free.set()
        assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}


async def ask(client: AsyncClient, text: str) -> Any:
    return await client.post("/internal/embeddings", json={"texts": [text]}, headers=SERVICE)


async def test_a_client_that_hangs_up_frees_its_place() -> None:
    held = HeldModel()
    batching = BatchingEmbeddings(held, BatchPolicy(size=1, window_seconds=0, concurrency=1, queue_size=10))
    async with serving(batching) as client:
        first = asyncio.create_task(ask(client, "first"))
        await eventually(lambda: held.batches)
        answered = await hang_up(client, {"texts": ["abandoned"]})
        held.free.set()
        await first
    assert answered == 499
    assert held.batches == [["first"]]


async def hang_up(client: AsyncClient, body: dict[str, Any]) -> int:
    """Send a request whose connection breaks after the body; the status that nobody reads."""
    transport = client._transport
    assert isinstance(transport, ASGITransport)
    request = client.build_request("POST", "/internal/embeddings", json=body, headers=SERVICE)
    messages = [{"type": "http.request", "body": request.content}, {"type": "http.disconnect"}]
    statuses: list[int] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        statuses.append(message.get("status", 0))

    scope = {
        "type": "http",
        "method": "POST",
        "path": request.url.path,
        "raw_path": request.url.raw_path,
        "query_string": b"",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 1),
        "server": ("embedding", 80),
        "scheme": "http",
        "root_path": "",
        "http_version": "1.1",
    }
    await transport.app(scope, receive, send)
    return statuses[0]


async def test_ready_means_that_there_is_a_model(client: AsyncClient) -> None:
    assert (await client.get("/health/ready")).status_code == 204
    detail = (await client.get("/health/detail")).json()
    assert [check["name"] for check in detail["checks"]] == ["embedding-model"]


async def test_siblings_ask_for_relevance_and_support(model: FakeEmbeddingProvider) -> None:
    reranker, entailment = FakeReranker(), FakeEntailment()
    async with serving(model, reranker, entailment) as client:
        sibling = HttpClient(client, FakeAuthenticator()).sibling("http://embedding")
        assert await RerankerClient(sibling).scores("sick leave", ["paid sick leave", "vpn"]) == [1, 0]
        assert await EntailmentClient(sibling).supported([Claim("It is open.", "It is closed.")]) == [2 / 3]
    assert reranker.calls == [("sick leave", ["paid sick leave", "vpn"])]
    assert entailment.calls == [[Claim("It is open.", "It is closed.")]]


async def test_a_long_list_is_asked_for_in_parts(model: FakeEmbeddingProvider) -> None:
    reranker, entailment = FakeReranker(), FakeEntailment()
    async with serving(model, reranker, entailment) as client:
        sibling = HttpClient(client, FakeAuthenticator()).sibling("http://embedding")
        texts = ["leave" if number % 7 else "vpn" for number in range(300)]
        assert await RerankerClient(sibling).scores("leave", texts) == [float(text == "leave") for text in texts]
        claims = [Claim(text, "leave") for text in texts]
        assert await EntailmentClient(sibling).supported(claims) == [float(text == "leave") for text in texts]
    assert [len(asked) for _, asked in reranker.calls] == [256, 44]
    assert [len(asked) for asked in entailment.calls] == [256, 44]


async def test_the_models_beside_are_named_or_null(model: FakeEmbeddingProvider) -> None:
    async with serving(model, FakeReranker(None), FakeEntailment("nli@1")) as client:
        answer = (await client.get("/internal/model", headers=SERVICE)).json()
    described = {"name": "fake", "dimension": 64, "max_tokens": 256, "beside": []}
    assert answer == described | {"reranker": None, "entailment": "nli@1"}


async def test_without_a_model_relevance_is_unavailable(model: FakeEmbeddingProvider) -> None:
    away = UpstreamUnavailableError("There is no model for rerank-model.")
    async with serving(model, FakeReranker(None, error=away)) as client:
        response = await client.post("/internal/rerank", json={"query": "q", "texts": ["t"]}, headers=SERVICE)
        assert response.status_code == 503
        sibling = HttpClient(client, FakeAuthenticator()).sibling("http://embedding")
        with pytest.raises(UpstreamUnavailableError):
            await RerankerClient(sibling).scores("q", ["t"])


async def test_strangers_get_no_relevance(client: AsyncClient) -> None:
    for path, body in (
        ("tokens", {"texts": ["t"]}),
        ("rerank", {"query": "q", "texts": ["t"]}),
        ("entailment", {"claims": []}),
    ):
        assert (await client.post(f"/internal/{path}", json=body, headers=USER)).status_code == 401


async def test_a_name_is_asked_for_once_in_ten_seconds(model: FakeEmbeddingProvider) -> None:
    reranker, now = FakeReranker("first"), [0.0]
    async with serving(model, reranker) as client:
        sibling = HttpClient(client, FakeAuthenticator()).sibling("http://embedding")
        asking = RerankerClient(sibling, monotonic=lambda: now[0])
        assert await asyncio.gather(*(asking.name() for _ in range(5))) == ["first"] * 5
        reranker.model = "second"
        now[0] = 9.9
        assert await asking.name() == "first"
        now[0] = 10.1
        assert await asking.name() == "second"


async def test_a_service_that_is_away_has_no_reranker_and_later_the_one_it_had() -> None:
    now = [0.0]
    held = FakeReranker("known")
    async with serving(FakeEmbeddingProvider(), held) as client:
        sibling = HttpClient(client, FakeAuthenticator()).sibling("http://embedding")
        asking = RerankerClient(sibling, monotonic=lambda: now[0])
        assert await asking.name() == "known"
        now[0] = 11
        broken = HttpClient(nobody(), FakeAuthenticator()).sibling("http://embedding")
        asking._installed._embedding = broken
        assert await asking.name() == "known"
        assert await EntailmentClient(broken).name() is None


async def test_a_reranker_that_is_always_too_slow_is_left_alone(model: FakeEmbeddingProvider) -> None:
    class Slow(FakeReranker):
        async def scores(self, query: str, texts: Sequence[str]) -> list[float]:
            self.calls.append((query, list(texts)))
            await asyncio.Event().wait()
            raise AssertionError

    slow, now = Slow("slow"), [0.0]
    async with serving(model, slow) as client:
        http = HttpClient(client, FakeAuthenticator())
        siblings = http.sibling("http://embedding", open_seconds=600), http.sibling("http://embedding")
        reranker = RerankerClient(siblings[0], names=siblings[1], seconds=0.02, monotonic=lambda: now[0])
        for _ in range(12):
            now[0] += 11
            assert await reranker.name() == "slow"
            with pytest.raises(UpstreamUnavailableError):
                await reranker.scores("q", ["t"])
    assert len(slow.calls) == 5


async def test_an_entailment_model_that_keeps_failing_is_left_alone(model: FakeEmbeddingProvider) -> None:
    class Failing(FakeEntailment):
        async def supported(self, claims: Sequence[Claim]) -> list[float]:
            self.calls.append(list(claims))
            raise UpstreamUnavailableError("The model does not answer.")

    failing, now = Failing("failing"), [0.0]
    async with serving(model, entailment=failing) as client:
        http = HttpClient(client, FakeAuthenticator())
        siblings = http.sibling("http://embedding", open_seconds=600), http.sibling("http://embedding")
        entailment = EntailmentClient(siblings[0], names=siblings[1], monotonic=lambda: now[0])
        for _ in range(12):
            now[0] += 11
            assert await entailment.name() == "failing"
            with pytest.raises(UpstreamUnavailableError):
                await entailment.supported([Claim("It is open.", "It is closed.")])
    assert len(failing.calls) == 5


def nobody() -> AsyncClient:
    def refuse(_: Request) -> Response:
        raise ConnectError("refused")

    return AsyncClient(transport=MockTransport(refuse))
