"""What accepted proposals of `POST /api/v1/aliases/discover` do to the ranking of the handbook's judged sets.

Three rankings of each set: without aliases, with every proposal of a score from `--score` on whose evidence is not only
links, and with every one from links besides. The questions of "18F anchors" are link texts themselves, so that the
third row is no fair measure there: it says what accepting them does for those who ask in these very words.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from tests.e2e.fleet import User, running_fleet, signed_in
from tests.quality.bench_search import DEPTH, _index
from tests.quality.judged import SETS, JudgedSet, Measures, Question

AT_ONCE = 4
Proposal = dict[str, Any]


async def main() -> None:
    options = _options()
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="askflash-bench-")))
        fleet = stack.enter_context(running_fleet(home))
        print("| set | mode | aliases | accepted | expanded | nDCG@10 | Recall@10 | MRR@10 | better | worse |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        for name in options.sets:
            judged = SETS[name]()
            async with signed_in(fleet) as user:
                source_id = await _index(user, judged)
            async with signed_in(fleet) as user:  # again: a token lives for a quarter of an hour
                await _measure(user, judged, source_id, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", choices=list(SETS), default=["18F anchors", "18F headings"])
    parser.add_argument("--modes", nargs="*", default=["hybrid", "dense", "keyword"])
    parser.add_argument("--score", type=float, default=0.5, help="accept proposals from this score on")
    parser.add_argument("--list", action="store_true", help="print the proposals to the standard error")
    return parser.parse_args()


async def _measure(user: User, judged: JudgedSet, source_id: str, options: argparse.Namespace) -> None:
    proposals = (await user.post("/api/v1/aliases/discover", {"limit": 500}, expect=200))["proposals"]
    if options.list:
        sys.stderr.writelines(f"{one['score']} {one['term']} | {one['synonyms'][0]}\n" for one in proposals)
    good = [one for one in proposals if one["score"] >= options.score and not _by_links(one)]
    steps = {"none": [], "without links": good, "with links": [*good, *filter(_by_links, proposals)]}
    accepted: set[str] = set()
    before: dict[str, list[float]] = {}
    for label, wanted in steps.items():
        accepted |= await _accept(user, wanted)
        for mode in options.modes:
            print(await _row(user, judged, source_id, mode, label, len(wanted), before), flush=True)
    for alias_id in accepted:
        await user.http.delete(f"/api/v1/aliases/{alias_id}")
    await user.http.delete(f"/api/v1/sources/{source_id}", timeout=120)


def _by_links(proposal: Proposal) -> bool:
    return {one["kind"] for one in proposal["evidence"]} == {"link"}


async def _accept(user: User, proposals: Sequence[Proposal]) -> set[str]:
    bodies = [{"term": one["term"], "synonyms": one["synonyms"]} for one in proposals]
    return {str((await user.post("/api/v1/aliases", body, expect=201))["id"]) for body in bodies}


async def _row(
    user: User, judged: JudgedSet, source_id: str, mode: str, label: str, accepted: int, before: dict[str, list[float]]
) -> str:
    turns = asyncio.Semaphore(AT_ONCE)

    async def ask(question: Question) -> tuple[Measures, bool]:
        body = {"query": question.text, "limit": DEPTH, "mode": mode, "filters": {"source_ids": [source_id]}}
        async with turns:
            found = await user.post("/api/v1/search", body, expect=200)
        measures = Measures()
        measures.add([hit["external_id"] for hit in found["hits"]], question)
        return measures, found["expanded_query"] is not None

    answers = await asyncio.gather(*(ask(question) for question in judged.questions))
    each = [measures.mean() for measures, _ in answers]
    ndcg, recall, rank = (sum(values) / len(each) for values in zip(*each, strict=True))
    first = before.setdefault(mode, [one[0] for one in each])
    better = sum(one[0] > was for one, was in zip(each, first, strict=True))
    worse = sum(one[0] < was for one, was in zip(each, first, strict=True))
    expanded = sum(expanded for _, expanded in answers)
    cells = (judged.name, mode, label, accepted, expanded, f"{ndcg:.3f}", f"{recall:.3f}", f"{rank:.3f}", better, worse)
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    asyncio.run(main())
