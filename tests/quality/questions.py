"""A judged set as a question file for `askflash eval`, its documents indexed into a source of the fleet at `--url`.

The corpus' own questions are answerable, those of the other sets are not; of SQuAD 2.0 every second article is indexed,
so that the others' questions have no article. Each question is tagged with its kind. An example:

    python -m tests.quality.questions squad2_halved --url http://127.0.0.1:8080 --password … --output squad2.jsonl
    askflash eval squad2.jsonl --url http://127.0.0.1:8080 --source squad2_halved --output squad2.json
"""

import argparse
import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from tests.e2e.fleet import signed_in
from tests.quality.bench_search import _existing, _index
from tests.quality.judged import (
    DATA,
    JudgedSet,
    Question,
    _jsonl,
    anthropic_docs,
    halved,
    handbook_headings,
    squad2,
    squad2_not_said,
)

T = TypeVar("T")
Line = dict[str, Any]


async def main() -> None:
    options = _options()
    judged, lines = CORPORA[options.set](options.questions)
    if not options.indexed:
        async with signed_in(_existing(options)) as user:
            await _index(user, replace(judged, name=options.set))
    options.output.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=list(CORPORA))
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="a fleet that runs, with its port")
    parser.add_argument("--password", default="", help="its administrator's password")
    parser.add_argument("--questions", type=int, default=200, help="at most so many of each kind")
    parser.add_argument("--indexed", action="store_true", help="the source is there: write the file only")
    parser.add_argument("--output", type=Path, required=True)
    return parser.parse_args()


def _squad2_halved(most: int) -> tuple[JudgedSet, list[Line]]:
    present, absent = halved(squad2())
    return present, [
        *_answerable(present.questions, most, _squad2_answers()),
        *_unanswerable((one.text for one in absent.questions), "article missing", most),
        *_foreign("squad2_dev", most),
    ]


def _squad2_not_said(most: int) -> tuple[JudgedSet, list[Line]]:
    """The paragraph is there but does not say it: what no retrieval score can see."""
    texts = (one.text for one in squad2_not_said())
    whole = squad2()
    return whole, [
        *_answerable(whole.questions, most, _squad2_answers()),
        *_unanswerable(texts, "not said by its paragraph", most),
    ]


def _handbook(most: int) -> tuple[JudgedSet, list[Line]]:
    judged = handbook_headings()
    return judged, [*_answerable(judged.questions, most), *_foreign(judged.name, most)]


def _product_documentation(most: int) -> tuple[JudgedSet, list[Line]]:
    judged = anthropic_docs()
    return judged, [*_answerable(judged.questions, most), *_foreign(judged.name, most)]


CORPORA = {
    "squad2_halved": _squad2_halved,
    "squad2_not_said": _squad2_not_said,
    "18f_headings": _handbook,
    "anthropic_docs": _product_documentation,
}


def _squad2_answers() -> dict[str, list[str]]:
    return {row["text"]: row["answers"] for row in _jsonl(DATA / "squad2_dev" / "queries.jsonl") if row["answers"]}


def _answerable(
    questions: Sequence[Question], most: int, answers: dict[str, list[str]] | None = None
) -> Iterator[Line]:
    for number, one in enumerate(_sample(questions, most)):
        wordings = (answers or {}).get(one.text)
        yield {
            "id": f"answerable {number}",
            "question": one.text,
            "expected_facts": [wordings] if wordings else [],
            "expected_documents": sorted(one.relevant),
            "tags": ["answerable"],
        }


def _unanswerable(texts: Iterable[str], kind: str, most: int) -> Iterator[Line]:
    for number, text in enumerate(_sample(list(texts), most)):
        yield {"id": f"{kind} {number}", "question": text, "answerable": False, "tags": [kind]}


def _foreign(name: str, most: int) -> list[Line]:
    """Half as many of each other set as of each kind of the corpus' own."""
    others = [one for one in (squad2(), handbook_headings(), anthropic_docs()) if one.name != name]
    texts = [question.text for one in others for question in _sample(one.questions, most // 2)]
    return list(_unanswerable(texts, "another domain", len(texts)))


def _sample(items: Sequence[T], most: int) -> list[T]:
    return Random(7).sample(items, min(most, len(items)))


if __name__ == "__main__":
    asyncio.run(main())
