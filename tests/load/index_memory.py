"""How the memory of each process grows with the index: `python -m tests.load.index_memory`, part of `make bench-index`.

The fleet indexes shuffled sentences of the 18F handbook. Vectors come from a server that costs nothing (of the real
model's dimension), because 100,000 chunks of a model on two cores take hours and its memory does not depend on the
index. Memory is what a process and its children have for themselves and their share of the rest (PSS).
"""

import argparse
import asyncio
import itertools
import random
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psutil

from tests.e2e.fleet import Fleet, User, free_port, running_fleet, signed_in_for_long
from tests.load.fast_embeddings import DIMENSION, running_fast_embeddings
from tests.quality.judged import handbook_pages

MIB: Final = 1 << 20
JOB_SECONDS: Final = 7_200
ROWS: Final = 10
PAGES_A_BATCH: Final = 100
SENTENCES_A_PAGE: Final = 60
SEED: Final = 4

Memory = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=100_000, help="until the index holds so many")
    show(parser.parse_args().chunks)


def show(chunks: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="askflash-bench-") as folder, running_fast_embeddings(free_port()) as url:
        settings = {"EMBEDDING_PROVIDER": "openai", "EMBEDDING_MODEL": "fast", "EMBEDDING_OPENAI_BASE_URL": url}
        with running_fleet(Path(folder) / "fleet", **settings) as fleet:
            began = time.perf_counter()
            measured = asyncio.run(_grown(fleet, chunks))
            _print(measured, time.perf_counter() - began)


async def _grown(fleet: Fleet, chunks: int) -> list[tuple[int, Memory]]:
    """Memory by the number of chunks, each tenth of the way."""
    async with signed_in_for_long(fleet) as user:
        measured = [(0, memory_of(fleet))]
        for batch in _shuffled_pages():
            accepted = await user.post("/api/v1/documents/batch", {"documents": batch}, expect=202)
            job = await user.finished_job(accepted["job_id"], seconds=JOB_SECONDS)
            assert job["counts"]["failed"] == 0, job
            held = await held_chunks(user)
            if held >= len(measured) * chunks // ROWS:
                measured.append((held, memory_of(fleet)))
            if held >= chunks:
                return measured
    raise AssertionError("there are endless pages")


async def held_chunks(user: User) -> int:
    return sum(one["points"] for one in (await user.get("/api/v1/indexing/collections"))["collections"])


def memory_of(fleet: Fleet) -> Memory:
    """MiB by process name."""
    found = {}
    for path in (fleet.home / "run").glob("*.pid"):
        process = psutil.Process(int(path.read_text()))
        family = [process, *process.children(recursive=True)] if path.stem != "supervisor" else [process]
        found[path.stem] = sum(one.memory_full_info().pss for one in family) / MIB
    return found


def _shuffled_pages() -> Iterator[list[dict[str, Any]]]:
    """Endless new pages of old sentences."""
    text = " ".join(page["text"] for page in handbook_pages())
    sentences = [one for one in re.split(r"(?<=[.!?])\s+", " ".join(text.split())) if 20 < len(one) < 400]
    mixed = random.Random(SEED)
    for number in itertools.count():
        yield [
            {
                "external_id": f"mixed/{number}/{page}",
                "title": f"Mixed {number}.{page}",
                "text": " ".join(mixed.sample(sentences, SENTENCES_A_PAGE)),
            }
            for page in range(PAGES_A_BATCH)
        ]


def _print(measured: list[tuple[int, Memory]], seconds: float) -> None:
    (_, _), (first, before), *_, (last, after) = measured
    names = sorted(after, key=lambda one: -after[one])
    print(f"\n{last} chunks with vectors of {DIMENSION} numbers that cost nothing: {last / seconds:.0f} chunks/s\n")
    print(f"| chunks | fleet | {' | '.join(names)} |\n| --- | --- |{' --- |' * len(names)}")
    for chunks, memory in measured:
        each = " | ".join(f"{memory[name]:.0f}" for name in names)
        print(f"| {chunks} | {sum(memory.values()):.0f} | {each} |")
    bytes_a_chunk = [(after[name] - before[name]) * MIB / (last - first) for name in names]
    print(f"| bytes a chunk | {sum(bytes_a_chunk):.0f} | {' | '.join(f'{one:.0f}' for one in bytes_a_chunk)} |")


if __name__ == "__main__":
    main()
