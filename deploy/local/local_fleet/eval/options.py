"""The command line of `askflash eval`."""

import argparse
from dataclasses import dataclass
from pathlib import Path

ABOUT = """\
Ask a running fleet the questions of a file and measure what comes back: how search ranks the expected documents, how
many expected facts the answers contain, what is refused, how far citations and confidence can be relied on, and how
long it all takes.
Progress goes to stderr, the tables (Markdown) to stdout. Only the public API is used.

One JSON object a line, for example

  {"question": "How many vacation days do I get?", "expected_facts": ["27"], "expected_documents": ["Vacation"]}
  {"question": "Who won the 1972 chess championship?", "answerable": false}

A fact may be a list of wordings of which any will do; a document is named by its external id, document id, URL or
title; optional: "id" (pairs the questions of two runs), "tags" (figures for each). docs/evaluating.md says how each
measure is computed.
"""
EXAMPLES = """\
examples:
  askflash eval docs/examples/questions.jsonl --output before.json
  askflash eval questions.jsonl --url https://docs.example.org --api-key "$KEY" --source Handbook --search-only
  askflash eval questions.jsonl --fail-below ndcg=0.8,answered=0.9,refused=0.9
  askflash eval --compare before.json after.json
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for; `questions` is None when two runs are compared."""

    questions: Path | None
    compare: tuple[Path, Path] | None
    url: str
    user: str
    password: str
    api_key: str
    source: str
    search_only: bool
    limit: int | None
    concurrency: int
    output: Path | None
    fail_below: str


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description, parser.epilog = ABOUT, EXAMPLES
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("questions", nargs="?", type=Path, metavar="QUESTIONS.jsonl", help="the questions to ask")
    what.add_argument(
        "--compare", nargs=2, type=Path, metavar=("A.json", "B.json"), help="compare two runs instead of asking"
    )
    where = parser.add_argument_group("whom to ask, as whom")
    where.add_argument("--url", default="", help="the fleet's address; default: the fleet of this machine")
    where.add_argument("--user", default="", metavar="E-MAIL", help="default: this machine's first administrator")
    where.add_argument("--password", default="", help="of --user; asked for when it is left out")
    where.add_argument("--api-key", default="", metavar="KEY", help="instead of a user")
    where.add_argument("--source", default="", metavar="NAME", help="look in this source only")
    how = parser.add_argument_group("how much")
    how.add_argument("--search-only", action="store_true", help="measure the search, ask for no answer")
    how.add_argument("--limit", type=_positive, metavar="N", help="the first N questions only")
    how.add_argument("--concurrency", type=_positive, default=2, metavar="N", help="questions at once (2)")
    then = parser.add_argument_group("what to do with it")
    then.add_argument(
        "--output", type=Path, metavar="RUN.json", help="keep everything, with the details of each question"
    )
    then.add_argument(
        "--fail-below", default="", metavar="NAME=VALUE,…", help="exit code 1 when a measure is below its value"
    )


def read_options(parsed: argparse.Namespace) -> Options:
    return Options(**{name: getattr(parsed, name) for name in Options.__slots__})


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number
