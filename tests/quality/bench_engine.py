"""How well the model, the BM25 encoder and their fusion rank, through the embedded engine and nothing else.

One point a document, title in front; no chunks, no HTTP: what `bench_search` loses against this is lost elsewhere.
Run: `python -m tests.quality.bench_engine [--sets SET …] [--weights 0.3 0.45]`.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

from documentation_service.config import SearchSettings
from embedding_service.composition import load_provider
from embedding_service.config import Settings as EmbeddingSettings
from flash_core.interfaces.embedding import EmbeddingProviderInterface, Vectors
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.models.document import EVERYONE
from flash_core.models.vector import ChunkPoint, SearchMode, VectorFilter, VectorQuery
from flash_core.utils.words import detect_language
from tests.quality.judged import SETS, JudgedSet, Measures
from vector_service.providers.edge.engine import open_edge_engine
from vector_service.services.bm25 import AUTO
from vector_service.services.hybrid_store import HybridVectorStore

DEPTH = 20  # more than is judged: ignored documents are taken out of the list


async def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="askflash-bench-") as home:
        provider = load_provider(
            EmbeddingSettings(internal_key="k" * 32, model_cache=Path(home), embedding_precision=options.precision)
        )
        print("| set | questions | mode | nDCG@10 | Recall@10 | MRR@10 | ms a search |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for name in options.sets:
            async with open_edge_engine(Path(home) / name, index_from=1_000_000) as engine:
                store = HybridVectorStore(engine)
                await _measure(SETS[name](), provider, store, options.weights)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", choices=list(SETS), default=["squad2_dev", "anthropic_docs", "xquad_de"])
    parser.add_argument("--weights", nargs="*", type=float, default=[], help="dense weights to try beside the default")
    parser.add_argument("--precision", choices=["fp32", "int8"], default="fp32")
    return parser.parse_args()


async def _measure(
    judged: JudgedSet, provider: EmbeddingProviderInterface, store: VectorStoreInterface, weights: Sequence[float]
) -> None:
    names = await _index(judged, provider, store)
    questions = await provider.embed([question.text for question in judged.questions])
    rows: list[tuple[str, SearchMode, float | None]] = [("dense", "dense", None), ("BM25", "keyword", None)]
    rows += [("hybrid", "hybrid", None), *((f"hybrid {weight:g}", "hybrid", weight) for weight in weights)]
    for label, mode, weight in rows:
        measures, began = Measures(), time.perf_counter()
        for question, vector in zip(judged.questions, questions, strict=True):
            part = _default_weight(question.text) if weight is None else weight
            query = VectorQuery(VectorFilter(frozenset()), mode, vector, question.text, DEPTH, part, AUTO)
            measures.add([names[hit.id] for hit in await store.search("chunks", query)], question)
        ms = (time.perf_counter() - began) / len(judged.questions) * 1_000
        figures = " | ".join(f"{figure:.3f}" for figure in measures.mean())
        print(f"| {judged.name} | {len(judged.questions)} | {label} | {figures} | {ms:.1f} |", flush=True)


def _default_weight(question: str) -> float:
    """As a search has it."""
    settings = SearchSettings()
    return settings.dense_weight if detect_language(question) == "en" else settings.foreign_dense_weight


async def _index(
    judged: JudgedSet, provider: EmbeddingProviderInterface, store: VectorStoreInterface
) -> dict[UUID, str]:
    texts = [f"{document['title']}\n{document['text']}" for document in judged.documents]
    vectors: Vectors = await provider.embed(texts)
    model = await provider.model()
    await store.ensure("chunks", dimension=model.dimension, model=model.name)
    payload = {"source_groups": [EVERYONE], "document_groups": [EVERYONE]}
    points = [ChunkPoint(uuid4(), vector, text, payload, AUTO) for text, vector in zip(texts, vectors, strict=True)]
    await store.upsert("chunks", points)
    return {point.id: str(document["external_id"]) for point, document in zip(points, judged.documents, strict=True)}


if __name__ == "__main__":
    asyncio.run(main())
