"""`make bench-refusal`: how well answerable questions are told from foreign ones, and the constants of
`documentation_service.services.calibration`.

Asks a fleet's `POST /api/v1/search` (a fresh one, or `--url`, `--password` for one that runs already): SQuAD 2.0 and
XQuAD in German with every second article indexed, so that the others' questions have no article here; the 18F
handbook and product documentation, each with the questions of the other sets. The constants of the second table are
fitted without the corpus that they are tried on: a company's own corpus may expect as much.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from flash_core.testing.waiting import eventually
from tests.e2e.fleet import User, running_fleet, signed_in_for_long
from tests.quality.bench_quality import _existing, _index
from tests.quality.judged import JudgedSet, anthropic_docs, halved, handbook_headings, squad2, xquad_de

AT_ONCE = 2
CALIBRATED_WITHIN_SECONDS = 90
NEWTON_STEPS = 60
RIDGE = 1e-3
KEPT = 0.96
FEATURES = ("coverage", "nearness")
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Group:
    """Questions of one kind asked of one corpus: a row of coverage and nearness each, and the probability said."""

    corpus: str
    kind: str
    features: Numbers
    said: Numbers

    @property
    def is_answerable(self) -> bool:
        return self.kind == "answerable"

    def probabilities(self, constants: Numbers) -> Numbers:
        scores = constants[0] + self.features[:, : len(constants) - 1] @ constants[1:]
        return np.asarray(1 / (1 + np.exp(-scores)))


async def main() -> None:
    options = _options()
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="askflash-bench-")))
        fleet = stack.enter_context(nullcontext(_existing(options)) if options.url else running_fleet(home))
        user = await stack.enter_async_context(signed_in_for_long(fleet))
        groups = await _groups(user, options.questions)
    _print_separation(groups, options.threshold)
    _print_reliability(groups)
    _print_elsewhere(groups)
    _print_constants(groups)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=200, help="at most so many of each kind")
    parser.add_argument("--threshold", type=float, default=0.3, help="AI_REFUSE_BELOW")
    parser.add_argument("--url", help="a fleet that runs already, e.g. http://127.0.0.1:8080")
    parser.add_argument("--password", default="", help="its administrator's password")
    return parser.parse_args()


async def _groups(user: User, most: int) -> list[Group]:
    squad, absent_squad = halved(squad2())
    xquad, absent_xquad = halved(xquad_de())
    absent = {squad.name: absent_squad, xquad.name: absent_xquad}
    corpora = (squad, xquad, handbook_headings(), anthropic_docs())
    own = {one.name: _sample(one, most) for one in corpora}
    groups = []
    for corpus in corpora:
        source_id = await _index(user, corpus)
        foreign = [text for name, texts in own.items() if name != corpus.name for text in texts[: most // 3]]
        asked = {"answerable": own[corpus.name], "of another domain": foreign}
        if corpus.name in absent:
            asked["of an article that is not there"] = _sample(absent[corpus.name], most)
        await _calibrated(user, source_id, own[corpus.name][0])
        groups += [await _asked(user, source_id, corpus.name, kind, texts) for kind, texts in asked.items()]
        await user.http.delete(f"/api/v1/sources/{source_id}", timeout=120)
    return groups


def _sample(judged: JudgedSet, most: int) -> list[str]:
    texts = [question.text for question in judged.questions]
    return Random(7).sample(texts, min(most, len(texts)))


async def _search(user: User, source_id: str, text: str) -> tuple[dict[str, float], float]:
    found = await user.post("/api/v1/search", {"query": text, "filters": {"source_ids": [source_id]}}, expect=200)
    return found["features"], found["answerable"]


async def _calibrated(user: User, source_id: str, text: str) -> None:
    async def calibrated() -> float:
        return (await _search(user, source_id, text))[0]["calibrated"]

    await eventually(calibrated, seconds=CALIBRATED_WITHIN_SECONDS)


async def _asked(user: User, source_id: str, corpus: str, kind: str, texts: Sequence[str]) -> Group:
    turns = asyncio.Semaphore(AT_ONCE)

    async def ask(text: str) -> list[float]:
        async with turns:
            features, said = await _search(user, source_id, text)
        return [*(features[name] for name in FEATURES), said]

    rows = np.array(await asyncio.gather(*(ask(text) for text in texts)))
    return Group(corpus, kind, rows[:, :-1], rows[:, -1])


def _print_separation(groups: Sequence[Group], threshold: float) -> None:
    print(f"| corpus | questions | number | AUROC | refused where 95 % are kept | kept or refused at {threshold} |")
    print("| --- | --- | --- | --- | --- | --- |")
    for group in groups:
        own = next(one.said for one in groups if one.corpus == group.corpus and one.is_answerable)
        if group.is_answerable:
            cells = ["", "", f"{np.mean(group.said >= threshold):.3f} kept"]
        else:
            auroc = np.mean(own[:, None] > group.said[None, :])
            refused = np.mean(group.said < np.quantile(own, 0.05))
            cells = [f"{auroc:.3f}", f"{refused:.3f}", f"{np.mean(group.said < threshold):.3f} refused"]
        print(f"| {group.corpus} | {group.kind} | {len(group.said)} | {' | '.join(cells)} |")


def _print_reliability(groups: Sequence[Group]) -> None:
    """Both sides weigh the same, as they did when the constants were fitted."""
    print("\n| confidence said | questions | mean said | answerable |\n| --- | --- | --- | --- |")
    said = np.concatenate([group.said for group in groups])
    truth = np.concatenate([np.full(len(group.said), float(group.is_answerable)) for group in groups])
    weights = np.where(truth > 0, 1 / truth.sum(), 1 / (1 - truth).sum())
    error = 0.0
    for low in np.linspace(0, 0.9, 10):
        inside = (said >= low) & (said < low + 0.1 + 1e-9)
        if inside.any():
            share, mean = np.average(truth[inside], weights=weights[inside]), np.average(said[inside])
            error += weights[inside].sum() / weights.sum() * abs(share - mean)
            print(f"| {low:.1f} to {low + 0.1:.1f} | {inside.sum()} | {mean:.2f} | {share:.2f} |")
    print(f"\nExpected calibration error {error:.3f}")


def _print_elsewhere(groups: Sequence[Group]) -> None:
    print("\n| corpus, with constants of the others | threshold | kept | article missing refused | foreign refused |")
    print("| --- | --- | --- | --- | --- |")
    for corpus in dict.fromkeys(group.corpus for group in groups):
        others = [group for group in groups if group.corpus != corpus]
        constants = fitted(others)
        threshold = _threshold(others, constants)
        figures = {
            group.kind: float(np.mean((group.probabilities(constants) >= threshold) == group.is_answerable))
            for group in groups
            if group.corpus == corpus
        }
        missing = figures.get("of an article that is not there")
        cells = [figures["answerable"], missing, figures["of another domain"]]
        print(f"| {corpus} | {threshold:.2f} | {' | '.join('' if one is None else f'{one:.3f}' for one in cells)} |")


def _print_constants(groups: Sequence[Group]) -> None:
    constants = fitted(groups)
    intercept, coverage, nearness = constants
    print(f"\nWITH_VECTORS    intercept={intercept:.2f} coverage={coverage:.2f} nearness={nearness:.2f}")
    print(f"threshold that keeps {KEPT:.0%} of the answerable questions: {_threshold(groups, constants):.2f}")
    intercept, coverage = fitted(groups, features=1)
    print(f"WITHOUT_VECTORS intercept={intercept:.2f} coverage={coverage:.2f}")


def _threshold(groups: Iterable[Group], constants: Numbers) -> float:
    kept = [group.probabilities(constants) for group in groups if group.is_answerable]
    return float(np.quantile(np.concatenate(kept), 1 - KEPT))


def fitted(groups: Sequence[Group], *, features: int = len(FEATURES)) -> Numbers:
    """Intercept and slopes of a logistic regression by Newton's method, with a ridge on the slopes.

    Both sides weigh the same, and within a side every group.
    """
    rows = np.concatenate([np.column_stack([np.ones(len(one.said)), one.features[:, :features]]) for one in groups])
    truth = np.concatenate([np.full(len(one.said), float(one.is_answerable)) for one in groups])
    sides = {side: sum(one.is_answerable is side for one in groups) for side in (True, False)}
    weights = np.concatenate([np.full(len(one.said), 0.5 / sides[one.is_answerable] / len(one.said)) for one in groups])
    ridge = RIDGE * np.diag([0.0, *[1.0] * features]) / len(rows) ** 0.5
    constants: Numbers = np.zeros(features + 1)
    for _ in range(NEWTON_STEPS):
        said = 1 / (1 + np.exp(-rows @ constants))
        slope = rows.T @ (weights * (truth - said)) - ridge @ constants
        curve = (rows * (weights * said * (1 - said))[:, None]).T @ rows + ridge
        constants = constants + np.linalg.solve(curve, slope)
    return constants


if __name__ == "__main__":
    asyncio.run(main())
