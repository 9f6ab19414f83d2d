"""How well questions are understood: by rules, by rules and vectors, and by a model where one is named.

- `dialogues.jsonl`: the last question of a conversation, and the words that it must and must not have when it stands
  alone. Rules were improved on every second line (dev); the others (held-out) say how well that carries over.
- `phrasings.jsonl`: what is no question for documentation, said in other words than the exemplars', and what only
  sounds like it. Thresholds were chosen on `dev`.
- The questions of the judged sets: all are for the documentation and say no filters.

Run: `python -m tests.quality.bench_intent` (`--url`, `--model` for an OpenAI-compatible server, its key in
OPENAI_API_KEY).
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ai_intent_service.composition import EXEMPLARS, PROMPT, read_exemplars, read_prompt
from ai_intent_service.providers.model_analyser import ModelAnalyser
from ai_intent_service.services.intent_analyser import IntentAnalyser
from ai_intent_service.services.meaning_analyser import MeaningAnalyser
from ai_intent_service.services.rule_analyser import RuleAnalyser
from embedding_service.composition import load_provider
from embedding_service.config import Settings
from flash_core.clients.chat_model import ChatModel, open_chat_model
from flash_core.clients.openai_chat import OpenAIProtocol
from flash_core.interfaces.intent import IntentInterface
from flash_core.models.conversation import Role
from flash_core.schemas.ai import IntentRequest, IntentResponse, QuestionKind
from flash_core.schemas.chat import Fact, Turn
from flash_core.testing.fakes import FrozenClock
from flash_core.utils.ids import new_id
from tests.quality.judged import DATA, SETS

HERE = Path(__file__).parent
CLOCK = FrozenClock(datetime(2026, 11, 23, 10, tzinfo=UTC))
QUESTIONS = {QuestionKind.DOCUMENTATION, QuestionKind.FOLLOW_UP}


async def main() -> None:
    options = _options()
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="askflash-bench-")))
        embeddings = load_provider(Settings.model_validate({"internal_key": "k" * 32, "model_cache": home}))
        rules = RuleAnalyser(CLOCK)
        meaning = MeaningAnalyser(embeddings, read_exemplars(EXEMPLARS), CLOCK)
        await meaning.prepare()
        analysers: dict[str, IntentInterface] = {"rules": rules, "rules and vectors": meaning}
        if options.model:
            chat = ChatModel(options.url, os.environ.get("OPENAI_API_KEY", ""), options.model, tries=1)
            provider = await stack.enter_async_context(open_chat_model(OpenAIProtocol(), chat))
            model = ModelAnalyser(provider, read_prompt(PROMPT), CLOCK)
            analysers[options.model] = IntentAnalyser(rules, meaning, model)
        await _dialogues(analysers, show=options.show)
        await _phrasings(analysers, show=options.show)
        await _judged({name: analysers[name] for name in ("rules", "rules and vectors")}, show=options.show)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default=os.environ.get("OPENAI_BASE_URL"), help="an OpenAI-compatible server")
    parser.add_argument("--model", default="", help="the model that reads questions that lean on the conversation")
    parser.add_argument("--show", action="store_true", help="print what is wrong, of the dev halves only")
    return parser.parse_args()


async def _dialogues(analysers: dict[str, IntentInterface], *, show: bool) -> None:
    rows = _lines("dialogues.jsonl")
    print("| dialogues | dev | held-out | follow-ups | stand alone | English | German |\n" + "| --- " * 7 + "|")
    for name, analyser in analysers.items():
        right = []
        for at, row in enumerate(rows):
            answer = await analyser.analyse(_request(row))
            right.append(_is_right(row, answer))
            if show and not right[-1] and at % 2 == 0:
                print(f"  {row['turns'][-2]} | {row['question']} -> {answer.standalone_question} {row['must']}")
        groups: list[list[bool]] = [
            right[::2],
            right[1::2],
            [one for one, row in zip(right, rows, strict=True) if row["kind"] == "follow_up"],
            [one for one, row in zip(right, rows, strict=True) if row["kind"] != "follow_up"],
            [one for one, row in zip(right, rows, strict=True) if row["language"] == "en"],
            [one for one, row in zip(right, rows, strict=True) if row["language"] == "de"],
        ]
        print(f"| {name} | {' | '.join(_share(group) for group in groups)} |")


async def _phrasings(analysers: dict[str, IntentInterface], *, show: bool) -> None:
    rows = _lines("phrasings.jsonl")
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    for half in ("dev", "held-out"):
        print(f"\n| phrasings, {half} | {' | '.join(kinds)} |\n" + "| --- " * (len(kinds) + 1) + "|")
        for name, analyser in analysers.items():
            right: dict[str, list[bool]] = {kind: [] for kind in kinds}
            for row in (row for row in rows if row["half"] == half):
                answer = await analyser.analyse(IntentRequest(question=row["text"]))
                right[row["kind"]].append(answer.kind == row["kind"])
                if show and half == "dev" and not right[row["kind"]][-1]:
                    print(f"  {row['text']} -> {answer.kind}, not {row['kind']}")
            print(f"| {name} | {' | '.join(_share(right[kind]) for kind in kinds)} |")


async def _judged(analysers: dict[str, IntentInterface], *, show: bool) -> None:
    print(
        "\n| questions of | number | by | for something else | said filters | p50 ms | p95 ms |\n" + "| --- " * 7 + "|"
    )
    for corpus, questions in _corpora().items():
        for name, analyser in analysers.items():
            kinds: Counter[str] = Counter()
            filters, took = 0, []
            for question in questions:
                began = time.perf_counter()
                answer = await analyser.analyse(IntentRequest(question=question))
                took.append((time.perf_counter() - began) * 1_000)
                kinds[answer.kind] += 1
                filters += answer.filters is not None
                if show and answer.kind not in QUESTIONS:
                    print(f"  {question} -> {answer.kind}")
            away = sum(count for kind, count in kinds.items() if kind not in QUESTIONS)
            middle, late = np.percentile(took, [50, 95])
            print(
                f"| {corpus} | {len(questions)} | {name} | {away} ({away / len(questions):.2%}) | {filters} "
                f"| {middle:.2f} | {late:.2f} |"
            )


def _corpora() -> dict[str, list[str]]:
    """Of SQuAD 2.0 the unanswerable questions too: understanding comes before it is known what can be answered."""
    corpora = {name: [question.text for question in load().questions] for name, load in SETS.items()}
    corpora["squad2_dev"] = [row["text"] for row in _rows(DATA / "squad2_dev" / "queries.jsonl")]
    return corpora


def _request(row: dict[str, Any]) -> IntentRequest:
    roles = (Role.USER, Role.ASSISTANT)
    return IntentRequest(
        question=row["question"],
        history=[Turn(role=roles[at % 2], content=text) for at, text in enumerate(row["turns"])],
        facts=[Fact(**fact, document_ids=[new_id()]) for fact in row["facts"]],
    )


def _is_right(row: dict[str, Any], answer: IntentResponse) -> bool:
    alone = answer.standalone_question.lower()
    return all(word.lower() in alone for word in row["must"]) and not any(
        word.lower() in alone for word in row["must_not"]
    )


def _share(right: Sequence[bool]) -> str:
    return f"{sum(right)} of {len(right)} ({np.mean(right):.0%})"


def _lines(name: str) -> list[dict[str, Any]]:
    return _rows(HERE / name)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    asyncio.run(main())
