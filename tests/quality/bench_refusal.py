"""`make bench-refusal`: how well answerable questions are told from foreign ones, and the constants of
`documentation_service.services.calibration`.

Asks a fleet's `POST /api/v1/search` (a fresh one, or `--url`, `--password` for one that runs already): SQuAD 2.0 and
XQuAD in German with every second article indexed, so that the others' questions have no article here; the 18F
handbook and product documentation, each with the questions of the other sets, and with their own questions about a
name that was made up. The reference is what a logistic
regression on cosine and idf coverage reached on SQuAD 2.0 (`../shared/data`). SQuAD 2.0's adversarial questions are in
the first table only: their paragraph is there, and whether it says the answer is for a reader to tell, not for a
search. The constants of the third table are fitted without the corpus that they are tried on: a company's own corpus
may expect as much.
"""

import argparse
import asyncio
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from flash_core.testing.waiting import eventually
from tests.e2e.fleet import User, running_fleet, signed_in_for_long
from tests.quality.bench_search import _existing, _index
from tests.quality.diagrams import write
from tests.quality.judged import (
    Question,
    anthropic_docs,
    halved,
    handbook_headings,
    squad2,
    squad2_not_said,
    xquad_de,
)

AT_ONCE = 2
CALIBRATED_WITHIN_SECONDS = 90
NEWTON_STEPS = 60
RIDGE = 1e-3
KEPT = 0.96
FEATURES = ("coverage", "unsaid", "nearness")
NOT_SAID = "that its paragraph does not answer"
RENAMED = "about another name"
NAME = re.compile(r"(?<=[a-z,] )[A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+)*")
NAMES = ("Blorptown", "Vornak", "Xylophon Systems", "Redwing", "Quibblex", "Zargonia")
"""Nothing is called so; in the place of a name they make a question of the same form that has no answer here."""
REFERENCE = {
    "of an article that is not there": (0.986, 0.92),
    "of another domain": (None, 0.96),
    NOT_SAID: (0.617, 0.10),
}
"""AUROC, and the share refused while 95 % are kept."""
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Group:
    """Questions of one kind asked of one corpus: a row of `FEATURES` each, and the probability said."""

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
    groups = [group for group in groups if group.kind != NOT_SAID]
    _print_reliability(groups)
    _print_elsewhere(groups)
    _print_constants(groups)
    if options.diagrams:
        _draw(groups, options.diagrams)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=150, help="at most so many of each kind")
    parser.add_argument("--threshold", type=float, default=0.5, help="AI_REFUSE_BELOW")
    parser.add_argument("--diagrams", type=Path, help="a folder for the curves of the docs")
    parser.add_argument("--url", help="a fleet that runs already, e.g. http://127.0.0.1:8080")
    parser.add_argument("--password", default="", help="its administrator's password")
    return parser.parse_args()


async def _groups(user: User, most: int) -> list[Group]:
    squad, absent_squad = halved(squad2())
    xquad, absent_xquad = halved(xquad_de())
    absent = {squad.name: absent_squad.questions, xquad.name: absent_xquad.questions}
    indexed = {one["external_id"] for one in squad.documents}
    not_said = [one for one in squad2_not_said() if one.relevant <= indexed]
    corpora = (squad, xquad, handbook_headings(), anthropic_docs())
    own = {one.name: _sample(one.questions, most) for one in corpora}
    groups = []
    for corpus in corpora:
        source_id = await _index(user, corpus)
        foreign = [text for name, texts in own.items() if name != corpus.name for text in texts[: most // 3]]
        asked = {"answerable": own[corpus.name], "of another domain": foreign}
        if corpus.name in absent:
            asked["of an article that is not there"] = _sample(absent[corpus.name], most)
        if corpus is not xquad:  # in German every noun could be a name
            asked[RENAMED] = list(_renamed(own[corpus.name]))
        if corpus is squad:
            asked[NOT_SAID] = _sample(not_said, most)
        await _calibrated(user, source_id, own[corpus.name][0])
        groups += [await _asked(user, source_id, corpus.name, kind, texts) for kind, texts in asked.items()]
        await user.http.delete(f"/api/v1/sources/{source_id}", timeout=120)
    return groups


def _sample(questions: Iterable[Question], most: int) -> list[str]:
    texts = [question.text for question in questions]
    return Random(7).sample(texts, min(most, len(texts)))


def _renamed(texts: Iterable[str]) -> Iterator[str]:
    random = Random(3)
    for text in texts:
        names = list(NAME.finditer(text))
        if names:
            name = random.choice(names)
            yield f"{text[: name.start()]}{random.choice(NAMES)}{text[name.end() :]}"


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
    print(
        "| corpus | questions | number | AUROC | refused where 95 % are kept | reference (AUROC, refused)"
        f" | kept or refused at {threshold} |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for group in groups:
        own = next(one.said for one in groups if one.corpus == group.corpus and one.is_answerable)
        if group.is_answerable:
            cells = ["", "", "", f"{np.mean(group.said >= threshold):.3f} kept"]
        else:
            auroc = np.mean(own[:, None] > group.said[None, :])
            refused = np.mean(group.said < np.quantile(own, 0.05))
            reference = ", ".join("–" if one is None else f"{one:.3f}" for one in REFERENCE.get(group.kind, ()))
            cells = [f"{auroc:.3f}", f"{refused:.3f}", reference, f"{np.mean(group.said < threshold):.3f} refused"]
        print(f"| {group.corpus} | {group.kind} | {len(group.said)} | {' | '.join(cells)} |")


@dataclass(frozen=True)
class Bin:
    """Questions whose confidence lies between `low` and `low` + .1: their number, mean confidence, share answerable,
    and the share that they are of all. Both sides weigh the same, as they did when the constants were fitted.
    """

    low: float
    questions: int
    said: float
    answerable: float
    weight: float


def _bins(groups: Sequence[Group]) -> list[Bin]:
    said = np.concatenate([group.said for group in groups])
    truth = np.concatenate([np.full(len(group.said), float(group.is_answerable)) for group in groups])
    weights = np.where(truth > 0, 0.5 / truth.sum(), 0.5 / (1 - truth).sum())
    places = np.minimum((said * 10).astype(int), 9)
    found = []
    for place in np.unique(places):
        inside = places == place
        mean, share = (float(np.average(values[inside], weights=weights[inside])) for values in (said, truth))
        found.append(Bin(place / 10, int(inside.sum()), mean, share, float(weights[inside].sum())))
    return found


def _print_reliability(groups: Sequence[Group]) -> None:
    bins = _bins(groups)
    print("\n| confidence said | questions | mean said | answerable |\n| --- | --- | --- | --- |")
    for one in bins:
        print(f"| {one.low:.1f} to {one.low + 0.1:.1f} | {one.questions} | {one.said:.2f} | {one.answerable:.2f} |")
    print(f"\nExpected calibration error {sum(one.weight * abs(one.said - one.answerable) for one in bins):.3f}")


def _draw(groups: Sequence[Group], folder: Path) -> None:
    reliability = {"all corpora": [(one.said, one.answerable) for one in _bins(groups)]}
    write(folder / "reliability.svg", reliability, across="confidence said", up="share answerable", diagonal=True)
    curves = {
        corpus: _risk_coverage([group for group in groups if group.corpus == corpus])
        for corpus in dict.fromkeys(group.corpus for group in groups)
    }
    write(folder / "risk-coverage.svg", curves, across="share of questions answered", up="share of those foreign")


def _risk_coverage(groups: Sequence[Group]) -> list[tuple[float, float]]:
    """For every twentieth of the questions, most confident first: the share that is foreign (El-Yaniv and Wiener 2010).

    Answerable and foreign questions weigh the same.
    """
    said = np.concatenate([group.said for group in groups])
    truth = np.concatenate([np.full(len(group.said), float(group.is_answerable)) for group in groups])
    weights = np.where(truth > 0, 0.5 / truth.sum(), 0.5 / (1 - truth).sum())
    order = np.argsort(-said, kind="stable")
    covered, foreign = np.cumsum(weights[order]), np.cumsum((weights * (1 - truth))[order])
    places = np.searchsorted(covered, np.linspace(0.05, 1, 20) - 1e-9).clip(max=len(covered) - 1)
    return [(float(covered[place]), float(foreign[place] / covered[place])) for place in places]


def _print_elsewhere(groups: Sequence[Group]) -> None:
    print(
        "\n| corpus, with constants of the others | threshold | kept | article missing refused | foreign refused"
        " | another name refused |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
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
        cells = [figures["answerable"], missing, figures["of another domain"], figures.get(RENAMED)]
        print(f"| {corpus} | {threshold:.2f} | {' | '.join('' if one is None else f'{one:.3f}' for one in cells)} |")


def _print_constants(groups: Sequence[Group]) -> None:
    constants = fitted(groups)
    named = ("intercept", *FEATURES)
    print("\nWITH_VECTORS   ", *(f"{name}={value:.2f}" for name, value in zip(named, constants, strict=True)))
    print(f"threshold that keeps {KEPT:.0%} of the answerable questions: {_threshold(groups, constants):.2f}")
    words = fitted(groups, features=FEATURES.index("nearness"))
    print("WITHOUT_VECTORS", *(f"{name}={value:.2f}" for name, value in zip(named, words, strict=False)))


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
