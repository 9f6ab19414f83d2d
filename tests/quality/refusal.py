"""How well answerable questions are told from foreign ones, and the constants of `ai_main_service.services.refusal`.

Asks a fleet's `POST /api/v1/search` (a fresh one, or `--url`, `--password` for one that runs already): SQuAD 2.0 with
every second article indexed, so that the others' questions have no article here; the 18F handbook and the product
documentation, each with the questions of the other sets. Every kind of question weighs the same, however many it has.
"""

import argparse
import asyncio
import math
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ai_main_service.services.context_builder import build_context
from ai_main_service.services.questions import Question
from ai_main_service.services.refusal import THRESHOLD, TOP_COSINE, answerable, best_coverage
from flash_core.schemas.search import SearchHit
from tests.e2e.fleet import User, running_fleet, signed_in
from tests.quality.bench_quality import _existing, _index
from tests.quality.judged import JudgedSet, anthropic_docs, halved, handbook_headings, squad2

AT_ONCE = 4
HITS = 16
PASSAGES = 8
CONTEXT_TOKENS = 3_000
NEWTON_STEPS = 40
RIDGE = 1e-3
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Group:
    """Questions of one kind asked of one corpus: a row of 1, best cosine and best coverage each."""

    corpus: str
    kind: str
    features: Numbers
    probabilities: Numbers

    @property
    def is_answerable(self) -> bool:
        return self.kind == "answerable"


async def main() -> None:
    options = _options()
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="askflash-bench-")))
        fleet = stack.enter_context(nullcontext(_existing(options)) if options.url else running_fleet(home))
        user = await stack.enter_async_context(signed_in(fleet))
        groups = await _groups(user, options.questions)
    _print_separation(groups)
    _print_reliability(groups)
    _print_constants(groups)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=200, help="at most so many of each kind")
    parser.add_argument("--url", help="a fleet that runs already, e.g. http://127.0.0.1:8080")
    parser.add_argument("--password", default="", help="its administrator's password")
    return parser.parse_args()


async def _groups(user: User, most: int) -> list[Group]:
    squad, absent = halved(squad2())
    own = {one.name: _sample(one, most) for one in (squad, handbook_headings(), anthropic_docs())}
    groups = []
    for corpus in (squad, handbook_headings(), anthropic_docs()):
        source_id = await _index(user, corpus)
        foreign = [text for name, texts in own.items() if name != corpus.name for text in texts[: most // 2]]
        asked = {"answerable": own[corpus.name], "of another domain": foreign}
        if corpus is squad:
            asked["of an article that is not there"] = _sample(absent, most)
        for kind, texts in asked.items():
            groups.append(await _asked(user, source_id, corpus.name, kind, texts))
        await user.http.delete(f"/api/v1/sources/{source_id}", timeout=120)
    return groups


def _sample(judged: JudgedSet, most: int) -> list[str]:
    texts = [question.text for question in judged.questions]
    return Random(7).sample(texts, min(most, len(texts)))


async def _asked(user: User, source_id: str, corpus: str, kind: str, texts: Sequence[str]) -> Group:
    turns = asyncio.Semaphore(AT_ONCE)

    async def ask(text: str) -> tuple[float, float, float]:
        body = {
            "query": text,
            "limit": HITS,
            "per_chunk": True,
            "explain": True,
            "filters": {"source_ids": [source_id]},
        }
        async with turns:
            found = await user.post("/api/v1/search", body, expect=200)
        return _measured(text, found["hits"])

    rows = np.array(await asyncio.gather(*(ask(text) for text in texts)))
    return Group(corpus, kind, np.column_stack([np.ones(len(rows)), rows[:, :2]]), rows[:, 2])


def _measured(text: str, found: list[dict[str, Any]]) -> tuple[float, float, float]:
    hits = [SearchHit.model_validate(hit) for hit in found]
    passages = build_context(hits, budget_tokens=CONTEXT_TOKENS, most=PASSAGES).passages
    cosine = max(((hit.scores or {}).get("dense", 0.0) for hit in hits), default=0.0)
    question = Question(text)
    return cosine, best_coverage(question, passages), answerable(question, passages, {TOP_COSINE: cosine})


def _print_separation(groups: Sequence[Group]) -> None:
    print(f"| corpus | questions | number | AUROC | refused where 95 % are kept | kept or refused at {THRESHOLD} |")
    print("| --- | --- | --- | --- | --- | --- |")
    for group in groups:
        own = next(one for one in groups if one.corpus == group.corpus and one.is_answerable).probabilities
        theirs = group.probabilities
        if group.is_answerable:
            cells = ["", "", f"{np.mean(theirs >= THRESHOLD):.3f} kept"]
        else:
            auroc = float(np.mean(own[:, None] > theirs[None, :]))
            refused = f"{np.mean(theirs < np.quantile(own, 0.05)):.3f}"
            cells = [f"{auroc:.3f}", refused, f"{np.mean(theirs < THRESHOLD):.3f} refused"]
        print(f"| {group.corpus} | {group.kind} | {len(theirs)} | {' | '.join(cells)} |")


def _print_reliability(groups: Sequence[Group]) -> None:
    print("\n| confidence said | questions | answerable |\n| --- | --- | --- |")
    said = np.concatenate([group.probabilities for group in groups])
    truth = np.concatenate([np.full(len(group.probabilities), group.is_answerable) for group in groups])
    for low in np.arange(0, 1, 0.2):
        inside = (said >= low) & (said < low + 0.2 + 1e-9)
        if inside.any():
            print(f"| {low:.1f} to {low + 0.2:.1f} | {inside.sum()} | {truth[inside].mean():.2f} |")


def _print_constants(groups: Sequence[Group]) -> None:
    intercept, cosine, coverage = _fitted(groups, [0, 1, 2])
    print(f"\nWITH_VECTORS    intercept={intercept:.2f} coverage={coverage:.2f} cosine={cosine:.2f}")
    intercept, coverage = _fitted(groups, [0, 2])
    print(f"WITHOUT_VECTORS intercept={intercept:.2f} coverage={coverage:.2f}")


def _fitted(groups: Sequence[Group], columns: list[int]) -> Numbers:
    """Logistic regression by Newton's method, ridge on all but the intercept; both classes weigh the same."""
    rows = np.concatenate([group.features[:, columns] for group in groups])
    truth = np.concatenate([np.full(len(group.features), float(group.is_answerable)) for group in groups])
    sides = {side: sum(group.is_answerable is side for group in groups) for side in (True, False)}
    weights = np.concatenate(
        [np.full(len(one.features), 0.5 / sides[one.is_answerable] / len(one.features)) for one in groups]
    )
    ridge = RIDGE * np.diag([0.0] + [1.0] * (len(columns) - 1)) / math.sqrt(len(rows))
    constants: Numbers = np.zeros(len(columns))
    for _ in range(NEWTON_STEPS):
        said = 1 / (1 + np.exp(-rows @ constants))
        slope = rows.T @ (weights * (truth - said)) - ridge @ constants
        curve = (rows * (weights * said * (1 - said))[:, None]).T @ rows + ridge
        constants = constants + np.linalg.solve(curve, slope)
    return constants


if __name__ == "__main__":
    asyncio.run(main())
