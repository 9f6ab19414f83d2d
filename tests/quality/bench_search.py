"""`make bench-search`: how well `POST /api/v1/search` ranks the judged sets, beside the reference figures.

Each set is indexed into a source of its own, in a fresh fleet or (`--url`, `--password`) in one that runs already.
"""

import argparse
import asyncio
import tempfile
import time
from contextlib import AsyncExitStack, nullcontext
from pathlib import Path
from typing import Any

from tests.e2e.fleet import Fleet, User, running_fleet, signed_in_for_long
from tests.quality.judged import SETS, JudgedSet, Measures

BATCH = 500
DEPTH = 20  # more than is judged: ignored documents are taken out of the list
AT_ONCE = 4
JOB_SECONDS = 3_600


async def main() -> None:
    options = _options()
    sets = [SETS[name]() for name in options.sets]
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="askflash-bench-")))
        fleet = stack.enter_context(nullcontext(_existing(options)) if options.url else running_fleet(home))
        user = await stack.enter_async_context(signed_in_for_long(fleet))
        print("| set | questions | mode | nDCG@10 | Recall@10 | MRR@10 | reference (nDCG@10) | ms a search |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for one in sets:
            source_id = await _index(user, one)
            for mode in options.modes:
                print(await _row(user, one, source_id, mode), flush=True)
            await user.http.delete(f"/api/v1/sources/{source_id}", timeout=120)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", choices=list(SETS), default=list(SETS))
    parser.add_argument("--modes", nargs="*", default=["hybrid", "dense", "keyword"])
    parser.add_argument("--url", help="the port's fleet that runs already, e.g. http://127.0.0.1:8080")
    parser.add_argument("--password", default="", help="its administrator's password")
    return parser.parse_args()


def _existing(options: argparse.Namespace) -> Fleet:
    return Fleet(Path(), int(options.url.rsplit(":", 1)[1]), options.password)


async def _index(user: User, judged: JudgedSet) -> str:
    source = await user.post("/api/v1/sources", {"type": "upload", "name": judged.name, "config": {}}, expect=201)
    for start in range(0, len(judged.documents), BATCH):
        body = {"source_id": source["id"], "documents": judged.documents[start : start + BATCH]}
        job_id = (await user.post("/api/v1/documents/batch", body, expect=202))["job_id"]
        job = await user.finished_job(job_id, seconds=JOB_SECONDS)
        assert job["state"] == "succeeded", job
    return str(source["id"])


async def _row(user: User, judged: JudgedSet, source_id: str, mode: str) -> str:
    measures, turns = Measures(), asyncio.Semaphore(AT_ONCE)
    milliseconds: list[float] = []

    async def ask(question: Any) -> None:
        body = {"query": question.text, "limit": DEPTH, "mode": mode, "filters": {"source_ids": [source_id]}}
        async with turns:
            began = time.perf_counter()
            found = await user.post("/api/v1/search", body, expect=200)
            milliseconds.append((time.perf_counter() - began) * 1000)
        measures.add([hit["external_id"] for hit in found["hits"]], question)

    await asyncio.gather(*(ask(question) for question in judged.questions))
    ndcg, recall, rank = measures.mean()
    reference = ", ".join(f"{name} {value:.3f}" for name, value in judged.reference.items())
    median = sorted(milliseconds)[len(milliseconds) // 2]
    name = f"{judged.name} | {measures.questions} | {mode}"
    return f"| {name} | {ndcg:.3f} | {recall:.3f} | {rank:.3f} | {reference} | {median:.0f} |"


if __name__ == "__main__":
    asyncio.run(main())
