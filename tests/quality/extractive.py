"""What the provider without a model quotes: does it hold the answer, and in how few words?

SQuAD 2.0's answerable questions, asked of its paragraphs through the public API like any other.
Needs a fleet (a fresh one, or `--url`, `--password` for one that runs already).
"""

import argparse
import asyncio
import re
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.e2e.fleet import User, running_fleet, signed_in
from tests.quality.bench_quality import _existing, _index
from tests.quality.judged import DATA, _jsonl, squad2

AT_ONCE = 2
MARKER = re.compile(r"\s*\[\d+\]")


@dataclass(frozen=True)
class Outcome:
    """`statements` counts the quoted sentences."""

    holds_answer: bool
    is_refused: bool
    is_grounded: bool
    statements: int
    words: int


async def main() -> None:
    options = _options()
    rows = [row for row in _jsonl(DATA / "squad2_dev" / "queries.jsonl") if row["answerable"]]
    rows = Random(7).sample(rows, min(options.questions, len(rows)))
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="askflash-bench-")))
        fleet = stack.enter_context(nullcontext(_existing(options)) if options.url else running_fleet(home))
        user = await stack.enter_async_context(signed_in(fleet))
        source_id = await _index(user, squad2())
        turns = asyncio.Semaphore(AT_ONCE)
        outcomes = await asyncio.gather(*(_asked(user, turns, source_id, row["text"], row["answers"]) for row in rows))
        await user.http.delete(f"/api/v1/sources/{source_id}", timeout=120)
    _print(outcomes)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=300, help="at most so many")
    parser.add_argument("--url", help="a fleet that runs already, e.g. http://127.0.0.1:8080")
    parser.add_argument("--password", default="", help="its administrator's password")
    return parser.parse_args()


async def _asked(
    user: User, turns: asyncio.Semaphore, source_id: str, question: str, answers: Sequence[str]
) -> Outcome:
    async with turns:
        conversation = await user.conversation()
        path = f"/api/v1/conversations/{conversation}/messages"
        body = {"content": question, "filters": {"source_ids": [source_id]}}
        answer = await user.finished_answer((await user.post(path, body, expect=202))["answer_id"])
    said = _folded(MARKER.sub("", answer["content"]))
    return Outcome(
        holds_answer=any(_folded(one) in said for one in answers),
        is_refused=answer["refusal"] is not None,
        is_grounded=answer["grounded"],
        statements=len(answer["citations"]),
        words=len(said.split()),
    )


def _folded(text: str) -> str:
    return re.sub(r"\s+", " ", text.lower()).strip()


def _print(outcomes: Sequence[Outcome]) -> None:
    answered = [one for one in outcomes if not one.is_refused]
    print("| questions | answered | hold the answer | of those answered | grounded | sentences | words |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    total, kept = len(outcomes), len(answered) or 1
    cells = [
        str(total),
        f"{len(answered) / total:.3f}",
        f"{sum(one.holds_answer for one in outcomes) / total:.3f}",
        f"{sum(one.holds_answer for one in answered) / kept:.3f}",
        f"{sum(one.is_grounded for one in answered) / kept:.3f}",
        f"{sum(one.statements for one in answered) / kept:.2f}",
        f"{sum(one.words for one in answered) / kept:.0f}",
    ]
    print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    asyncio.run(main())
