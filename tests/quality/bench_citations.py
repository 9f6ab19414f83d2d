"""Are true citations recognised and corrupted ones detected? And the weights of `ai_main_service.services.entailment`.

True: quotations, paraphrases by rule and the reference answers of the product documentation, sentence by sentence.
False: each with another marker, number, name, subject or a negation turned round. The weights are fitted on one half of
the articles and pages; everything printed is of the other half.
Run: `python -m tests.quality.bench_citations [--passages N] [--fit]`.
"""

import argparse
import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from ai_main_service.services.entailment import SUPPORTED, WEIGHTS, Weights, probability
from ai_main_service.services.evidence import Evidence, evidence
from ai_main_service.services.sentences import UnitKind, split
from embedding_service.composition import load_provider
from embedding_service.config import Settings as EmbeddingSettings
from flash_core.interfaces.embedding import EmbeddingProviderInterface
from flash_core.utils.words import content_stems
from tests.quality.corruptions import Case, Passage, cases
from tests.quality.judged import DATA, _jsonl, handbook_pages

SHORTEST, LONGEST = 40, 320
PASSAGE_CHARACTERS = 900
KEPT = 0.95
RIDGE = 3e-3
NEWTON_STEPS = 60
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    corpus: str
    is_for_fitting: bool
    case: Case
    read: Evidence
    cosine: float


async def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="askflash-bench-") as home:
        provider = load_provider(
            EmbeddingSettings(internal_key="k" * 32, model_cache=Path(home), embedding_precision="int8")
        )
        judged = await _judged(_all_cases(options.passages, Random(11)), provider)
    weights = _fitted(judged) if options.fit else WEIGHTS
    print(f"{weights}\n")
    _print([one for one in judged if not one.is_for_fitting], weights)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=120, help="of each corpus")
    parser.add_argument(
        "--fit", action="store_true", help="with weights fitted on the first half instead of those of the service"
    )
    return parser.parse_args()


# Cases


def _all_cases(most: int, random: Random) -> Iterable[tuple[str, bool, Case]]:
    for corpus, groups in (("squad2_dev", _articles()), ("18F handbook", _pages())):
        names = sorted(name for name, found in groups.items() if len(found) > 1)
        chosen = [(name, at) for name in names for at in range(len(groups[name]))]
        for name, at in random.sample(chosen, min(most, len(chosen))):
            passages = groups[name]
            for case in cases(passages[at], passages[at - 1], random):
                yield corpus, names.index(name) % 2 == 0, case
    for fits, case in _reference_answers():
        yield "anthropic_docs", fits, case


def _articles() -> dict[str, list[Passage]]:
    groups = defaultdict(list)
    for row in _jsonl(DATA / "squad2_dev" / "corpus.jsonl"):
        groups[row["title"]].append(_passage(row["title"], row["text"]))
    return {name: [one for one in found if one.sentences] for name, found in groups.items()}


def _pages() -> dict[str, list[Passage]]:
    """The handbook's pages in pieces of whole paragraphs, as long as its chunks are."""
    groups = {}
    for page in handbook_pages():
        pieces, piece = [], ""
        for paragraph in str(page["text"]).split("\n\n"):
            if len(piece) + len(paragraph) > PASSAGE_CHARACTERS and piece:
                pieces.append(piece)
                piece = ""
            piece += f"{paragraph}\n\n"
        found = [_passage(page["title"], text) for text in (*pieces, piece)]
        groups[page["external_id"]] = [one for one in found if one.sentences]
    return groups


def _passage(title: str, text: str) -> Passage:
    units = [unit.of(text) for unit in split(text) if unit.kind is UnitKind.SENTENCE]
    good = [one for one in units if SHORTEST < len(one) < LONGEST and one[0].isupper() and one.endswith(".")]
    return Passage(title, text, [" ".join(one.split()) for one in good])


def _reference_answers() -> Iterable[tuple[bool, Case]]:
    """Each sentence against the gold section that shares most words with it, and against the one that shares most of
    all others: what a marker would be swapped with.
    """
    folder = DATA / "anthropic_docs"
    sections = {row["_id"]: f"{row['title']}\n{row['text']}" for row in _jsonl(folder / "corpus.jsonl")}
    gold = defaultdict(list)
    for line in (folder / "qrels.tsv").read_text().splitlines()[1:]:
        question, section, *_ = line.split("\t")
        gold[question].append(section)
    stems = {name: set(content_stems(text)) for name, text in sections.items()}
    for number, row in enumerate(_jsonl(folder / "queries.jsonl")):
        for unit in split(row["answer"]):
            said = unit.of(row["answer"])
            words = set(content_stems(said))
            ranked = sorted(sections, key=lambda name: -len(words & stems[name]))
            own = [name for name in ranked if name in gold[row["_id"]]]
            if own and len(words) > 2:
                yield number % 2 == 0, Case("reference answer", True, sections[own[0]], said)
                other = next(name for name in ranked if name not in own)
                yield number % 2 == 0, Case("swapped marker", False, sections[other], said)


# Judging


async def _judged(found: Iterable[tuple[str, bool, Case]], provider: EmbeddingProviderInterface) -> list[Judged]:
    rows = [(corpus, fits, case, evidence(case.passage, case.statement)) for corpus, fits, case in found]
    texts = list(dict.fromkeys(text for _, _, case, read in rows for text in (case.statement, read.window)))
    vectors = dict(zip(texts, await provider.embed(texts), strict=True))
    return [
        Judged(corpus, fits, case, read, float(vectors[case.statement] @ vectors[read.window]))
        for corpus, fits, case, read in rows
    ]


def _print(rows: Sequence[Judged], weights: Weights) -> None:
    print("| corpus | statements | kind | number | said to be supported | as it should be |")
    print("| --- | --- | --- | --- | --- | --- |")
    groups: dict[tuple[str, bool, str], list[bool]] = defaultdict(list)
    for one in rows:
        groups[one.case.kind, one.case.is_true, one.corpus].append(_is_supported(one, weights))
    for (kind, is_true, corpus), said in sorted(groups.items(), key=lambda item: (not item[0][1], item[0])):
        right = np.mean(said) if is_true else 1 - np.mean(said)
        side = "true" if is_true else "corrupted"
        print(f"| {corpus} | {side} | {kind} | {len(said)} | {sum(said)} | {right:.3f} |")
    said = [_is_supported(one, weights) for one in rows]
    true = [one.case.is_true for one in rows]
    hits = sum(one and other for one, other in zip(said, true, strict=True))
    print(f"\nof {len(rows)}: precision of `supported` {hits / sum(said):.3f}, recall {hits / sum(true):.3f},", end=" ")
    print(f"corrupted citations detected {1 - (sum(said) - hits) / (len(rows) - sum(true)):.3f}")


def _is_supported(one: Judged, weights: Weights) -> bool:
    return probability(one.read, one.cosine, weights) >= SUPPORTED


def _fitted(judged: Sequence[Judged]) -> Weights:
    """What a passage speaks of is learned from swapped markers, whether it says the same from all other corruptions.

    The intercept of the second is moved to where so many of the true statements are kept, every kind weighing the same.
    """
    rows = [one for one in judged if one.is_for_fitting and not one.read.quoted]
    swapped = [one for one in rows if one.case.is_true or one.case.kind == "swapped marker"]
    changed = [one for one in rows if one.case.is_true or one.case.kind != "swapped marker"]
    about = _logistic([one.read.about(one.cosine) for one in swapped], swapped)
    agrees = _logistic([one.read.agrees(one.cosine) for one in changed], changed)
    true = [one for one in rows if one.case.is_true and one.case.kind != "reference answer"]
    scores = np.array([one.read.agrees(one.cosine) for one in true]) @ agrees
    agrees[0] -= min(0.0, float(np.quantile(scores, 1 - KEPT)))
    return Weights(tuple(about.round(2).tolist()), tuple(agrees.round(2).tolist()))


def _logistic(features: Sequence[Sequence[float]], rows: Sequence[Judged]) -> Numbers:
    """By Newton's method with a ridge; both sides weigh the same, and each kind on its side."""
    values = np.array(features)
    truth = np.array([float(one.case.is_true) for one in rows])
    kinds = [(one.case.kind, one.case.is_true) for one in rows]
    sides = {side: len({kind for kind in kinds if kind[1] is side}) for side in (True, False)}
    weights = np.array([0.5 / sides[kind[1]] / kinds.count(kind) for kind in kinds])
    constants: Numbers = np.zeros(values.shape[1])
    ridge = RIDGE * np.diag([0.0] + [1.0] * (values.shape[1] - 1))
    for _ in range(NEWTON_STEPS):
        said = 1 / (1 + np.exp(-values @ constants))
        slope = values.T @ (weights * (truth - said)) - ridge @ constants
        curve = (values * (weights * said * (1 - said))[:, None]).T @ values + ridge
        constants = constants + np.linalg.solve(curve, slope)
    return constants


if __name__ == "__main__":
    asyncio.run(main())
