"""From which cosine on are two questions the same? And the constant of `ai_main_service.services.same_question`.

Near misses: SQuAD's questions about one paragraph that have no answer in common; questions of SQuAD and, in German, of
XQuAD with two of their words exchanged; and opposites written down in `opposites.jsonl`. A hit among them would be a
wrong answer, given without a look. Paraphrases: each question in other words, by rule.
Run: `python -m tests.quality.bench_answer_cache [--questions N]`.
"""

import argparse
import asyncio
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from ai_main_service.services.same_question import SAME, may_be_same, normalised
from embedding_service.composition import load_provider
from embedding_service.config import Settings as EmbeddingSettings
from flash_core.interfaces.embedding import EmbeddingProviderInterface, Vectors
from tests.quality.corruptions import synonyms
from tests.quality.judged import DATA, _jsonl, xquad_de

Flags = NDArray[np.bool_]
THRESHOLDS = (0.86, 0.88, 0.9, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98)
_LONG = re.compile(r"\b[^\W\d_]{5,}\b")
_OPENINGS = ("Can you tell me {}", "I would like to know {}", "Please tell me: {}", "Quick question - {}")
_SHORT = {"What is": "What's", "Who is": "Who's", "did not": "didn't", "does not": "doesn't", "is not": "isn't"}


@dataclass(frozen=True)
class Pair:
    one: str
    other: str
    is_same: bool
    kind: str
    language: str = "en"


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=1_500)
    rows = [row for row in _jsonl(DATA / "squad2_dev" / "queries.jsonl") if row["answerable"]]
    paragraphs = defaultdict(list)
    for row in rows[: parser.parse_args().questions]:
        paragraphs[row["para"]].append(row)
    random = Random(5)
    pairs = [pair for found in paragraphs.values() for pair in _near_misses(found)]
    pairs += [pair for found in paragraphs.values() for row in found for pair in _exchanged(row["text"], "en")]
    pairs += [pair for question in xquad_de().questions for pair in _exchanged(question.text, "de")]
    pairs += [
        Pair(row["one"], row["other"], is_same=False, kind="opposites", language=row["language"])
        for row in _jsonl(Path(__file__).with_name("opposites.jsonl"))
    ]
    pairs += [pair for found in paragraphs.values() for row in found for pair in _paraphrases(row["text"], random)]
    with tempfile.TemporaryDirectory(prefix="askflash-bench-") as home:
        provider = load_provider(EmbeddingSettings(internal_key="k" * 32, model_cache=Path(home)))
        vectors = await _vectors(pairs, provider)
    _print(pairs, np.array([float(vectors[pair.one] @ vectors[pair.other]) for pair in pairs]))


def _near_misses(rows: Sequence[dict[str, object]]) -> Iterator[Pair]:
    for one, other in combinations(rows, 2):
        if not _answers(one) & _answers(other):
            yield Pair(str(one["text"]), str(other["text"]), is_same=False, kind="about one paragraph")


def _exchanged(question: str, language: str) -> Iterator[Pair]:
    """The first and the last long word of a question, each in the other's place."""
    long = [found for found in _LONG.finditer(question) if found.start()]
    if len(long) > 1 and long[0][0].lower() != long[-1][0].lower():
        first, last = long[0], long[-1]
        other = f"{question[: first.start()]}{last[0]}{question[first.end() : last.start()]}{first[0]}"
        yield Pair(question, other + question[last.end() :], is_same=False, kind="words exchanged", language=language)


def _answers(row: dict[str, object]) -> set[str]:
    answers = row["answers"]
    assert isinstance(answers, list)
    return {
        word
        for answer in answers
        for word in re.findall(r"\w+", str(answer).lower())
        if len(word) > 3 or word.isdigit()
    }


def _paraphrases(question: str, random: Random) -> Iterator[Pair]:
    lower = question[0].lower() + question[1:]
    said = [
        ("another opening", random.choice(_OPENINGS).format(lower)),
        ("without articles", re.sub(r"\b(?:the|a|an) ", "", question)),
        ("synonyms", synonyms(question)),
        *(("shortened", question.replace(full, short)) for full, short in _SHORT.items()),
    ]
    for kind, one in said:
        if one and normalised(one) != normalised(question):
            yield Pair(question, one, is_same=True, kind=kind)


async def _vectors(pairs: Sequence[Pair], provider: EmbeddingProviderInterface) -> dict[str, Vectors]:
    texts = list(dict.fromkeys(text for pair in pairs for text in (pair.one, pair.other)))
    return dict(zip(texts, await provider.embed(texts), strict=True))


def _print(pairs: Sequence[Pair], cosines: Vectors) -> None:
    allowed = np.array([may_be_same(pair.one, pair.other, pair.language) for pair in pairs])
    same = np.array([pair.is_same for pair in pairs])
    asked = {pair.one for pair in pairs} | {pair.other for pair in pairs if not pair.is_same}
    print(f"{len(asked)} questions, {int((~same).sum())} near misses, {int(same.sum())} paraphrases; in use: {SAME}\n")
    print("| cosine from | questions with a false hit | the same by the cosine alone | paraphrases hit |")
    print("| --- | --- | --- | --- |")
    for threshold in THRESHOLDS:
        near = cosines >= threshold
        wrong = _questions(pairs, near & allowed & ~same) / len(asked)
        alone = _questions(pairs, near & ~same) / len(asked)
        print(f"| {threshold} | {wrong:.4f} | {alone:.4f} | {float(np.mean((near & allowed)[same])):.3f} |")
    _print_kinds(pairs, cosines >= SAME, allowed)
    worst = sorted(np.flatnonzero(allowed & ~same).tolist(), key=lambda at: -cosines[at])[:8]
    print("\nthe nearest near misses that words let pass:")
    for at in worst:
        print(f"  {cosines[at]:.3f}  {pairs[at].one}  |  {pairs[at].other}")


def _print_kinds(pairs: Sequence[Pair], near: Flags, allowed: Flags) -> None:
    print(f"\n| pairs | language | number | the same from {SAME} on by the cosine alone | and by the words |")
    print("| --- | --- | --- | --- | --- |")
    for kind in dict.fromkeys((pair.kind, pair.language) for pair in pairs):
        own = np.array([(pair.kind, pair.language) == kind for pair in pairs])
        print(f"| {kind[0]} | {kind[1]} | {own.sum()} | {near[own].sum()} | {(near & allowed)[own].sum()} |")


def _questions(pairs: Sequence[Pair], hit: Flags) -> int:
    return len({text for at in np.flatnonzero(hit).tolist() for text in (pairs[at].one, pairs[at].other)})


if __name__ == "__main__":
    asyncio.run(main())
