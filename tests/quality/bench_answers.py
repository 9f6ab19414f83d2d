"""`make bench-answers`: what the provider without a model quotes. Does it hold the answer, and in how few words?

SQuAD 2.0's answerable questions over its paragraphs, and the questions of `chunking_eval` over its encyclopaedia text,
through the public API of a fleet (a fresh one, or `--url`, `--password` for one that runs already). Beside it stand two
ways to quote without choosing: the first three sentences of the best passage, and all of it. Exact match and F1 are
SQuAD's, of everything that is said against the nearest expected answer: a system that quotes sentences seldom says a
span alone, so that `holds` (the share of the expected texts that are said word by word) tells more. A refused question
holds nothing, in every row.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from ai_main_service.services.sentences import split
from local_fleet.eval.texts import Alternatives, is_exact, share_contained, token_f1, tokens
from tests.e2e.fleet import User, running_fleet, signed_in
from tests.quality.bench_search import _existing, _index
from tests.quality.judged import DATA, JudgedSet, _document, _jsonl, squad2

AT_ONCE = 2
OPENING = 3
WIKI = "wikitexts"


@dataclass(frozen=True)
class Asked:
    text: str
    expected: Sequence[Alternatives]


@dataclass(frozen=True)
class Said:
    """One way to answer one question."""

    text: str
    sentences: int


@dataclass(frozen=True)
class Outcome:
    asked: Asked
    said: dict[str, Said]
    is_grounded: bool

    @property
    def is_refused(self) -> bool:
        return not self.said


async def main() -> None:
    options = _options()
    print("| set | questions | who | answered | exact match | F1 | holds | sentences | words | holds a hundred words |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="askflash-bench-")))
        fleet = stack.enter_context(nullcontext(_existing(options)) if options.url else running_fleet(home))
        user = await stack.enter_async_context(signed_in(fleet))
        for judged, questions in (_squad(), _wiki()):
            source_id = await _index(user, judged)
            chosen = Random(7).sample(questions, min(options.questions, len(questions)))
            turns = asyncio.Semaphore(AT_ONCE)
            outcomes = await asyncio.gather(*(_outcome(user, turns, source_id, one) for one in chosen))
            await user.http.delete(f"/api/v1/sources/{source_id}", timeout=120)
            _print(judged.name, outcomes)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=120, help="at most so many of each set")
    parser.add_argument("--url", help="a fleet that runs already, e.g. http://127.0.0.1:8080")
    parser.add_argument("--password", default="", help="its administrator's password")
    return parser.parse_args()


def _squad() -> tuple[JudgedSet, list[Asked]]:
    rows = [row for row in _jsonl(DATA / "squad2_dev" / "queries.jsonl") if row["answerable"]]
    return squad2(), [Asked(row["text"], [row["answers"]]) for row in rows]


def _wiki() -> tuple[JudgedSet, list[Asked]]:
    folder = DATA / "chunking_eval"
    text = (folder / "corpora" / f"{WIKI}.md").read_text()
    rows = [row for row in _jsonl(folder / "questions.jsonl") if row["corpus"] == WIKI]
    asked = [Asked(row["question"], [[one["content"]] for one in row["references"]]) for row in rows]
    return JudgedSet(WIKI, [_document(WIKI, WIKI, text, "markdown")], []), asked


async def _outcome(user: User, turns: asyncio.Semaphore, source_id: str, asked: Asked) -> Outcome:
    async with turns:
        conversation = await user.conversation()
        path = f"/api/v1/conversations/{conversation}/messages"
        body = {"content": asked.text, "filters": {"source_ids": [source_id]}}
        answer = await user.finished_answer((await user.post(path, body, expect=202))["answer_id"])
    return Outcome(asked, {} if answer["refusal"] else _said(answer), answer["grounded"])


def _said(answer: dict[str, Any]) -> dict[str, Said]:
    best = answer["sources"][0]["text"]
    units = [unit.of(best) for unit in split(best)]
    return {
        "extractive": Said(answer["content"], len(answer["citations"])),
        f"first {OPENING} sentences": Said(" ".join(units[:OPENING]), len(units[:OPENING])),
        "best passage": Said(best, len(units)),
    }


def _print(name: str, outcomes: Sequence[Outcome]) -> None:
    answered = [one for one in outcomes if not one.is_refused]
    for who in answered[0].said:
        said = [(one.said[who], one.asked) for one in answered]
        holds = sum(share_contained(one.text, asked.expected) for one, asked in said) / len(outcomes)
        words = sum(len(tokens(one.text)) for one, _ in said) / len(answered)
        cells = [
            f"{len(answered) / len(outcomes):.3f}",
            f"{sum(is_exact(one.text, asked.expected) for one, asked in said) / len(outcomes):.3f}",
            f"{sum(token_f1(one.text, asked.expected) for one, asked in said) / len(outcomes):.3f}",
            f"{holds:.3f}",
            f"{sum(one.sentences for one, _ in said) / len(answered):.2f}",
            f"{words:.0f}",
            f"{100 * holds / words:.2f}",
        ]
        print(f"| {name} | {len(outcomes)} | {who} | {' | '.join(cells)} |", flush=True)
    grounded = sum(one.is_grounded for one in answered) / len(answered)
    print(f"\n{name}: of the answers, {grounded:.3f} are grounded.\n", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
