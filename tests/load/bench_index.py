"""`make bench-index`: indexing beside the bare embedding model, start-up time and memory of the idle fleet.

The bare model embeds the same texts (the same chunks, made by the same chunker) in a loop with the service's batch
size, in this process, before the fleet starts. Ratios count, the machine's own speed does not.
"""

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from embedding_service.composition import batch_policy, load_provider
from embedding_service.config import Settings
from flash_core.interfaces.embedding import Purpose
from indexing_service.services.chunker import chunk
from tests.e2e.fleet import Fleet, User, running_fleet, signed_in
from tests.quality.judged import handbook_pages

JOB_SECONDS = 3_600
MIB = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=100, help="how many pages of the 18F handbook (default: 100)")
    pages = handbook_pages()[: parser.parse_args().pages]
    texts = [text for page in pages for text in _embedded(page)]
    with tempfile.TemporaryDirectory(prefix="askflash-bench-") as folder:
        bare = asyncio.run(_bare(texts, Path(folder) / "models"))
        began = time.perf_counter()
        with running_fleet(Path(folder) / "fleet", MODEL_CACHE=str(Path(folder) / "models")) as fleet:
            ready = time.perf_counter() - began
            idle = _memory(fleet)
            seconds, counts = asyncio.run(_indexed(fleet, pages))
            busy = _memory(fleet)
    indexed = len(texts) / seconds
    print("| what | figure |\n| --- | --- |")
    print(f"| seconds from `make up` to ready (installed, first start) | {ready:.1f} |")
    print(f"| pages, chunks | {counts['indexed']}, {len(texts)} |")
    print(f"| indexed: pages/s, chunks/s | {counts['indexed'] / seconds:.1f}, {indexed:.1f} |")
    print(f"| bare model: chunks/s | {bare:.1f} |")
    print(f"| ratio indexed / bare | {indexed / bare:.2f} |")
    for name, memory in (("idle", idle), ("after indexing", busy)):
        largest = max(memory, key=lambda one: memory[one])
        print(f"| resident memory of the fleet, {name} | {sum(memory.values()):.0f} MiB |")
        print(f"| its largest process, {name} | {largest}, {memory[largest]:.0f} MiB |")


def _embedded(page: dict[str, Any]) -> list[str]:
    """What the model is given for a page's chunks: their text under the page's title."""
    text = page["text"]
    return [f"{page['title']}\n{text[one.start : one.end]}" for one in chunk(text)]


async def _bare(texts: list[str], cache: Path) -> float:
    """Chunks a second of the model called in a loop, over texts sorted by length: the least padding there can be."""
    os.environ.setdefault("INTERNAL_KEY", "x" * 32)
    settings = Settings(model_cache=cache)
    provider, size = load_provider(settings), batch_policy(settings).size
    await provider.embed(texts[:size], purpose=Purpose.PASSAGE)
    ordered = sorted(texts, key=len)
    began = time.perf_counter()
    for start in range(0, len(ordered), size):
        await provider.embed(ordered[start : start + size], purpose=Purpose.PASSAGE)
    return len(texts) / (time.perf_counter() - began)


async def _indexed(fleet: Fleet, pages: list[dict[str, Any]]) -> tuple[float, dict[str, int]]:
    async with signed_in(fleet) as user:
        began = time.perf_counter()
        job = await _job(user, pages)
        return time.perf_counter() - began, job["counts"]


async def _job(user: User, pages: list[dict[str, Any]]) -> dict[str, Any]:
    accepted = await user.post("/api/v1/documents/batch", {"documents": pages}, expect=202)
    return await user.finished_job(accepted["job_id"], seconds=JOB_SECONDS)


def _memory(fleet: Fleet) -> dict[str, float]:
    """Resident MiB by process name, children counted with their parent, shared pages once (PSS)."""
    found = {}
    for path in (fleet.home / "run").glob("*.pid"):
        process = psutil.Process(int(path.read_text()))
        family = [process, *process.children(recursive=True)] if path.stem != "supervisor" else [process]
        found[path.stem] = sum(one.memory_full_info().pss for one in family) / MIB
    return found


if __name__ == "__main__":
    main()
