"""Are true citations recognised and corrupted ones detected? And the weights of `ai_main_service.services.entailment`.

True: quotations, paraphrases by rule, the reference answers of the product documentation, sentence by sentence, and
questions of SQuAD and XQuAD with their answers as one sentence. False: each with another marker, number, unit, month,
bound, name, thing or subject, the opposite word, an appended clause, another's answer, or a negation turned round. The
weights are fitted on one half of the articles and pages; everything printed is of the other half.
Run: `python -m tests.quality.bench_citations [--passages N] [--fit]`.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from ai_main_service.services.entailment import SUPPORTED, WEIGHTS, Weights, nearness, supported_by
from ai_main_service.services.evidence import Evidence, Nearness, evidence
from ai_main_service.services.sentences import UnitKind, split
from embedding_service.composition import load_provider
from embedding_service.config import Settings as EmbeddingSettings
from flash_core.interfaces.embedding import EmbeddingProviderInterface
from flash_core.utils.words import content_stems
from tests.quality.answered import statements
from tests.quality.corruptions import Case, Passage, cases
from tests.quality.judged import DATA, _jsonl, handbook_pages

SHORTEST, LONGEST = 40, 320
PASSAGE_CHARACTERS = 900
RIDGE = 5e-4
OWN_WORDS = frozenset({"names exchanged", "swapped subject", "question with another's answer"})
"""Corruptions that leave nothing but words of the passage: only a model of inference can find all of them."""
COUNTS = {"reference answer": 4, "changed name": 3, "another thing": 2, "a clause appended": 2}
"""How much more than others these kinds weigh: what people write, and what is as near to a paraphrase as can be."""
NEWTON_STEPS = 60
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    corpus: str
    is_for_fitting: bool
    case: Case
    read: tuple[Evidence, ...]
    near: dict[Evidence, Nearness]

    @property
    def whole(self) -> Evidence:
        return self.read[0]


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
    for corpus, language, groups in (
        ("squad2_dev", "en", _articles()),
        ("18F handbook", "en", _pages()),
        ("chunking_eval", "en", _books()),
        ("xquad_de", "de", _german()),
    ):
        names = sorted(name for name, found in groups.items() if len(found) > 1)
        chosen = [(name, at) for name in names for at in range(len(groups[name]))]
        for name, at in random.sample(chosen, min(most, len(chosen))):
            passages = groups[name]
            for case in cases(passages[at], passages[at - 1], random, language):
                yield corpus, names.index(name) % 2 == 0, case
    for corpus, fits, case in _answered(random):
        yield corpus, fits, case
    for fits, case in _reference_answers():
        yield "anthropic_docs", fits, case


def _answered(random: Random) -> Iterable[tuple[str, bool, Case]]:
    """What somebody asked about a passage, and its answer or another's, as one sentence."""
    rows = [row for row in _jsonl(DATA / "squad2_dev" / "queries.jsonl") if row["answerable"]]
    texts = {row["_id"]: (row["title"], row["text"]) for row in _jsonl(DATA / "squad2_dev" / "corpus.jsonl")}
    asked: dict[str, list[tuple[str, list[str]]]] = defaultdict(list)
    for row in rows:
        asked[row["para"]].append((row["text"], row["answers"]))
    titles = sorted({title for title, _ in texts.values()})
    for name, found in asked.items():
        title, text = texts[name]
        for is_true, said in statements(found, random, "en"):
            kind = "question with its answer" if is_true else "question with another's answer"
            yield "squad2_dev", titles.index(title) % 2 == 0, Case(kind, is_true, f"{title}\n{text}", said)
    for number, (text, found) in enumerate(_german_questions()):
        for is_true, said in statements(found, random, "de"):
            kind = "question with its answer" if is_true else "question with another's answer"
            yield "xquad_de", number % 2 == 0, Case(kind, is_true, f"Artikel {number}\n{text}", said)


def _german_questions() -> Iterable[tuple[str, list[tuple[str, list[str]]]]]:
    for article in json.loads((DATA / "xquad_de" / "xquad.de.json").read_text())["data"]:
        for paragraph in article["paragraphs"]:
            asked = [(one["question"], [one["answers"][0]["text"]]) for one in paragraph["qas"]]
            yield paragraph["context"], asked


def _german() -> dict[str, list[Passage]]:
    groups = defaultdict(list)
    for number, (text, _) in enumerate(_german_questions()):
        groups[f"article {number // 5}"].append(_passage(f"Artikel {number // 5}", text))
    return {name: [one for one in found if one.sentences] for name, found in groups.items()}


def _books() -> dict[str, list[Passage]]:
    """The long texts of the chunking evaluation, in runs of pieces, so that halves are far from each other."""
    groups = defaultdict(list)
    for path in sorted((DATA / "chunking_eval" / "corpora").iterdir()):
        for number, text in enumerate(_pieces(path.read_text(encoding="utf-8", errors="replace")[:400_000])):
            groups[f"{path.stem} {number // 20}"].append(_passage(path.stem, text))
    return {name: [one for one in found if one.sentences] for name, found in groups.items()}


def _articles() -> dict[str, list[Passage]]:
    groups = defaultdict(list)
    for row in _jsonl(DATA / "squad2_dev" / "corpus.jsonl"):
        groups[row["title"]].append(_passage(row["title"], row["text"]))
    return {name: [one for one in found if one.sentences] for name, found in groups.items()}


def _pages() -> dict[str, list[Passage]]:
    """The handbook's pages in pieces of whole paragraphs, as long as its chunks are."""
    groups = {}
    for page in handbook_pages():
        found = [_passage(page["title"], text) for text in _pieces(str(page["text"]))]
        groups[page["external_id"]] = [one for one in found if one.sentences]
    return groups


def _pieces(text: str) -> list[str]:
    pieces, piece = [], ""
    for paragraph in text.split("\n\n"):
        if len(piece) + len(paragraph) > PASSAGE_CHARACTERS and piece:
            pieces.append(piece)
            piece = ""
        piece += f"{paragraph}\n\n"
    return [*pieces, piece]


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
    all_cases = list(found)
    began = time.process_time()
    rows = [(corpus, fits, case, evidence(case.passage, case.statement)) for corpus, fits, case in all_cases]
    words = (time.process_time() - began) / len(rows) * 1_000
    texts = list(dict.fromkeys(text for *_, read in rows for one in read for text in one.compared))
    began = time.process_time()
    vectors = dict(zip(texts, await provider.embed(texts), strict=True))
    meanings = (time.process_time() - began) / len(rows) * 1_000
    print(f"CPU a statement: {words:.1f} ms for its words, at most {meanings:.1f} ms for vectors\n")
    return [
        Judged(corpus, fits, case, read, {one: nearness(one, vectors) for one in read})
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
    for is_true in (True, False):
        _print_kinds([one for one in rows if one.case.is_true is is_true], weights)
    said = [_is_supported(one, weights) for one in rows]
    true = [one.case.is_true for one in rows]
    hits = sum(one and other for one, other in zip(said, true, strict=True))
    print(f"\nof {len(rows)}: precision of `supported` {hits / sum(said):.3f}, recall {hits / sum(true):.3f},", end=" ")
    print(f"corrupted citations detected {1 - (sum(said) - hits) / (len(rows) - sum(true)):.3f}")


def _print_kinds(rows: Sequence[Judged], weights: Weights) -> None:
    print("\n| kind | number | as it should be |\n| --- | --- | --- |")
    for kind in sorted({one.case.kind for one in rows}):
        right = [_is_supported(one, weights) is one.case.is_true for one in rows if one.case.kind == kind]
        print(f"| {kind} | {len(right)} | {np.mean(right):.3f} |")


def _is_supported(one: Judged, weights: Weights) -> bool:
    return supported_by(one.read, one.near, weights) >= SUPPORTED


def _fitted(judged: Sequence[Judged]) -> Weights:
    """What a passage speaks of is learned from swapped markers, whether it says the same from all other corruptions
    but those whose words are the passage's own.
    """
    rows = [one for one in judged if one.is_for_fitting and not (one.whole.quoted or one.whole.is_denied)]
    swapped = [one for one in rows if one.case.is_true or one.case.kind == "swapped marker"]
    changed = [one for one in rows if one.case.is_true or one.case.kind not in {"swapped marker", *OWN_WORDS}]
    about = _logistic([one.whole.about(one.near[one.whole]) for one in swapped], swapped)
    agrees = _logistic([one.whole.agrees(one.near[one.whole]) for one in changed], changed)
    return Weights(tuple(about.round(2).tolist()), tuple(agrees.round(2).tolist()))


def _logistic(features: Sequence[Sequence[float]], rows: Sequence[Judged]) -> Numbers:
    """By Newton's method with a ridge; both sides weigh the same, and each kind on its side, but for `COUNTS`."""
    values = np.array(features)
    truth = np.array([float(one.case.is_true) for one in rows])
    kinds = Counter((one.case.kind, one.case.is_true) for one in rows)
    sides = {side: sum(COUNTS.get(kind, 1) for kind, is_true in kinds if is_true is side) for side in (True, False)}
    weights = np.array([_weight(one, sides, kinds) for one in rows])
    constants: Numbers = np.zeros(values.shape[1])
    ridge = RIDGE * np.diag([0.0] + [1.0] * (values.shape[1] - 1))
    for _ in range(NEWTON_STEPS):
        said = 1 / (1 + np.exp(-values @ constants))
        slope = values.T @ (weights * (truth - said)) - ridge @ constants
        curve = (values * (weights * said * (1 - said))[:, None]).T @ values + ridge
        constants = constants + np.linalg.solve(curve, slope)
    return constants


def _weight(one: Judged, sides: Mapping[bool, float], kinds: Mapping[tuple[str, bool], int]) -> float:
    kind, is_true = one.case.kind, one.case.is_true
    return 0.5 * COUNTS.get(kind, 1) / sides[is_true] / kinds[kind, is_true]


if __name__ == "__main__":
    asyncio.run(main())
