"""`make bench-latency`: how long one person waits, with 20,000 chunks indexed.

The chunks are sentences of SQuAD paragraphs in new orders, twenty a document; their vectors are those of the paragraphs
they come from, added up, with noise. They are written straight to the vector service and to documentation's registry,
as indexing does it, because the model alone would need ten minutes for them. Then questions, each once, through the
gateway. The baseline beside them, in the same run: the same questions embedded by the bare model, and searched for in
the bare engine with the same points, in this process. Ratios count, the machine's own speed does not.
"""

import argparse
import asyncio
import random
import re
import secrets
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx2
import numpy as np

from embedding_service.composition import load_provider
from embedding_service.config import Settings as EmbeddingSettings
from flash_core.clients.documentation import DocumentRegistryClient
from flash_core.clients.http import HttpClient
from flash_core.clients.identity import ServiceTokens
from flash_core.clients.vector import VectorStoreClient
from flash_core.interfaces.embedding import EmbeddingProviderInterface, Vectors
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.models.document import EVERYONE
from flash_core.models.vector import CHUNKS, ChunkPoint, VectorFilter, VectorQuery
from flash_core.schemas.documentation import PutDocumentRequest, PutSourceRequest
from flash_core.utils.ids import new_id
from indexing_service.services.passages import chunker_of
from tests.e2e.fleet import Fleet, User, running_fleet, signed_in, until
from tests.quality.judged import JudgedSet, squad2
from vector_service.providers.edge.engine import open_edge_engine
from vector_service.services.hybrid_store import HybridVectorStore

CHUNKS_A_DOCUMENT = 20
AT_ONCE = 8
CHUNK_CHARACTERS = 700
BASES = 250
NOISE = 0.3
WARM_UP = 20
CALIBRATION_SECONDS = 120
SEED = 20
HASH = "v1"


@dataclass(frozen=True)
class Page:
    """A document to be: its passages and their vectors."""

    id: UUID
    title: str
    texts: list[str]
    vectors: Vectors


@dataclass(frozen=True)
class Bare:
    """Seconds of the bare parts, by question."""

    embed: list[float]
    engine: list[float]


async def main() -> None:
    options = _options()
    judged, key = squad2(), secrets.token_hex(32)
    with tempfile.TemporaryDirectory(prefix="askflash-bench-") as folder:
        models = Path(folder) / "models"
        provider = load_provider(EmbeddingSettings(internal_key="k" * 32, model_cache=models))
        with running_fleet(Path(folder) / "fleet", MODEL_CACHE=str(models), INTERNAL_KEY=key) as fleet:
            source = new_id()
            pages = await _pages(judged, provider, options.chunks, fleet, key, source)
            rng = random.Random(SEED)
            questions = rng.sample([one.text for one in judged.questions], options.searches + options.answers + WARM_UP)
            async with signed_in(fleet) as user:
                await _warm_up(user, questions[:WARM_UP])
                asked = questions[WARM_UP : WARM_UP + options.searches]
                searched = [await _search(user, question) for question in asked]
                answers = [await _answer(user, question) for question in questions[WARM_UP + options.searches :]]
        bare = await _bare(provider, pages, source, asked, Path(folder) / "bare")
    _print_searches(searched, bare, options.chunks)
    _print_answers(answers)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=20_000)
    parser.add_argument("--searches", type=int, default=300)
    parser.add_argument("--answers", type=int, default=30)
    return parser.parse_args()


# What is searched


async def _pages(
    judged: JudgedSet, provider: EmbeddingProviderInterface, chunks: int, fleet: Fleet, key: str, source: UUID
) -> list[Page]:
    """Documents, indexed: first their points, then their rows, as indexing does it."""
    bases = [str(document["text"]) for document in judged.documents[:: max(1, len(judged.documents) // BASES)]]
    vectors = await provider.embed(bases)
    model = await provider.model()
    rng, noise = random.Random(SEED), np.random.default_rng(SEED)
    async with _stores(fleet, key) as (store, registry):
        # As the fleet would cut them: otherwise it begins to build the index anew.
        await store.ensure(CHUNKS, dimension=model.dimension, model=model.name, chunker=chunker_of(model))
        await registry.put_source(source, PutSourceRequest(name="Bench", provider="upload", groups=[]))
        names = [f"page-{at}" for at in range(chunks // CHUNKS_A_DOCUMENT)]
        places = [
            one for at in range(0, len(names), 500) for one in await registry.resolve(source, names[at : at + 500])
        ]
        pages = [_page(place.document_id, place.external_id, bases, vectors, rng, noise) for place in places]
        await store.upsert(CHUNKS, [one for page in pages for one in _points(page, source)])
        documents = [(page.id, _document(page, name, source)) for page, name in zip(pages, names, strict=True)]
        for start in range(0, len(documents), AT_ONCE):
            await asyncio.gather(*(registry.put_document(*one) for one in documents[start : start + AT_ONCE]))
    return pages


def _page(
    page: UUID, name: str, bases: Sequence[str], vectors: Vectors, rng: random.Random, noise: np.random.Generator
) -> Page:
    texts, rows = [], []
    for _ in range(CHUNKS_A_DOCUMENT):
        chosen = rng.sample(range(len(bases)), 3)
        sentences = [one for at in chosen for one in re.split(r"(?<=[.!?])\s+", bases[at])]
        rng.shuffle(sentences)
        texts.append(" ".join(sentences)[:CHUNK_CHARACTERS])
        row = vectors[chosen].sum(axis=0)
        row = row / np.linalg.norm(row) + NOISE * noise.standard_normal(row.shape) / np.sqrt(row.size)
        rows.append(row / np.linalg.norm(row))
    return Page(page, f"{name} {' '.join(rng.choice(bases).split()[:4])}", texts, np.array(rows, np.float32))


def _document(page: Page, name: str, source: UUID) -> PutDocumentRequest:
    return PutDocumentRequest(
        source_id=source,
        external_id=name,
        title=page.title,
        path=["bench"],
        url=None,
        text="\n\n".join(page.texts),
        groups=[],
        content_hash=HASH,
        updated_at=datetime.now(UTC),
    )


def _points(page: Page, source: UUID) -> list[ChunkPoint]:
    points, start = [], 0
    for text, vector in zip(page.texts, page.vectors, strict=True):
        payload = {
            "document_id": str(page.id),
            "source_id": str(source),
            "source_groups": [EVERYONE],
            "document_groups": [EVERYONE],
            "content_hash": HASH,
            "updated_at": time.time(),
            "text": text,
            "title": page.title,
            "path": ["bench"],
            "heading": "",
            "start": start,
            "end": start + len(text),
        }
        points.append(ChunkPoint(new_id(), vector, f"{page.title}\n{text}", payload))
        start += len(text) + 2
    return points


@asynccontextmanager
async def _stores(fleet: Fleet, key: str) -> AsyncIterator[tuple[VectorStoreClient, DocumentRegistryClient]]:
    """The fleet's own services, as indexing calls them."""
    ports = fleet.state()["ports"]
    async with httpx2.AsyncClient(trust_env=False) as client:
        http = HttpClient(client, ServiceTokens(key, "indexing"))
        vector, documentation = (
            http.sibling(f"http://127.0.0.1:{ports[name]}") for name in ("vector", "documentation")
        )
        yield VectorStoreClient(vector), DocumentRegistryClient(documentation)


# What is measured


async def _warm_up(user: User, questions: Sequence[str]) -> None:
    """Until the new source is calibrated, too: that goes on beside the first searches."""

    async def calibrated() -> bool:
        found = await user.post("/api/v1/search", {"query": questions[0]}, expect=200)
        return bool(found["features"]["calibrated"])

    await until(calibrated, seconds=CALIBRATION_SECONDS)
    for question in questions:
        await _search(user, question)


async def _search(user: User, question: str) -> dict[str, float]:
    """Milliseconds by stage, as the service says it; `all` is what the client waited."""
    began = time.perf_counter()
    found = await user.post("/api/v1/search", {"query": question}, expect=200)
    waited = (time.perf_counter() - began) * 1_000
    assert found["hits"], question
    return {**found["timings_ms"], "all": waited}


async def _answer(user: User, question: str) -> dict[str, float]:
    """Milliseconds until the first words reach the client, and by stage as the answer says it."""
    async with user.socket() as socket:
        began = time.perf_counter()
        await socket.ask(question)
        frames = await socket.until("delta", "done")
        first = (time.perf_counter() - began) * 1_000
        if frames[-1]["type"] != "done":
            frames = await socket.until("done")
    return {**frames[-1]["answer"]["timings_ms"], "first words at the client": first}


async def _bare(
    provider: EmbeddingProviderInterface, pages: Sequence[Page], source: UUID, questions: Sequence[str], folder: Path
) -> Bare:
    embedded, searched = [], []
    model = await provider.model()
    async with open_edge_engine(folder, index_from=1_000_000) as engine:
        store: VectorStoreInterface = HybridVectorStore(engine)
        await store.ensure(CHUNKS, dimension=model.dimension, model=model.name)
        await store.upsert(CHUNKS, [one for page in pages for one in _points(page, source)])
        for question in questions:
            began = time.perf_counter()
            [vector] = await provider.embed([question])
            between = time.perf_counter()
            await store.search(CHUNKS, VectorQuery(VectorFilter(frozenset()), "hybrid", vector, question, 100))
            embedded.append(between - began)
            searched.append(time.perf_counter() - between)
    return Bare(embedded, searched)


# What is printed


def _print_searches(searched: Sequence[dict[str, float]], bare: Bare, chunks: int) -> None:
    stages = _by_stage(searched)
    everything, total = stages.pop("all"), stages.pop("total")
    stages["gateway, login, cache, transport"] = [a - b for a, b in zip(everything, total, strict=True)]
    known = [_known(one) for one in searched]
    stages["ranking and the rest"] = [a - b for a, b in zip(total, known, strict=True)]
    mean = statistics.fmean(everything)
    print(f"{len(searched)} searches, one client, {chunks} chunks\n")
    print("| search | p50 ms | p95 ms | share |\n| --- | --- | --- | --- |")
    print(_row("`POST /api/v1/search`", everything, 1.0))
    for stage, values in stages.items():
        print(_row(f"– {stage}", values, statistics.fmean(values) / mean))
    baseline = [(embed + engine) * 1_000 for embed, engine in zip(bare.embed, bare.engine, strict=True)]
    print(_row("bare model + bare engine", baseline, statistics.fmean(baseline) / mean))
    print(_row("– bare model", [one * 1_000 for one in bare.embed], statistics.fmean(bare.embed) * 1_000 / mean))
    print(f"\nratio of the medians, search / bare: {statistics.median(everything) / statistics.median(baseline):.2f}\n")


def _known(one: dict[str, float]) -> float:
    """Expansion and embedding go on at once."""
    return max(one["expand"], one["embed"]) + one["vector"] + one["join"] + one.get("rerank", 0.0)


def _print_answers(answers: Sequence[dict[str, float]]) -> None:
    print(f"{len(answers)} answers by `extractive`, one client\n")
    print("| answer | p50 ms | p95 ms | share |\n| --- | --- | --- | --- |")
    stages = _by_stage(answers)
    mean = statistics.fmean(stages["total"])
    for stage, values in stages.items():
        print(_row(stage, values, statistics.fmean(values) / mean))


def _by_stage(measured: Sequence[dict[str, float]]) -> dict[str, list[float]]:
    stages: dict[str, list[float]] = defaultdict(list)
    for one in measured:
        for stage, ms in one.items():
            if ms is not None:
                stages[stage].append(ms)
    return stages


def _row(name: str, values: Sequence[float], share: float) -> str:
    p50, p95 = statistics.median(values), statistics.quantiles(values, n=20)[-1]
    return f"| {name} | {p50:.1f} | {p95:.1f} | {share:.0%} |"


if __name__ == "__main__":
    asyncio.run(main())
