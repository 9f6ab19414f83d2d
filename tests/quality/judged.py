"""The judged sets of `../shared/data`, and their measures, which are those of `askflash eval`."""

import csv
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from local_fleet.eval.measures import ndcg, recall, reciprocal_rank

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Question:
    text: str
    relevant: frozenset[str]
    ignored: frozenset[str] = frozenset()
    """Documents that are left out of the ranking (the pages that link with these words)."""


@dataclass(frozen=True)
class JudgedSet:
    """`documents` as `documents/batch` takes them; `reference` holds published nDCG@10 by system."""

    name: str
    documents: Sequence[dict[str, Any]]
    questions: Sequence[Question]
    reference: dict[str, float] = field(default_factory=dict)


@dataclass
class Measures:
    ndcg: float = 0.0
    recall: float = 0.0
    reciprocal_rank: float = 0.0
    questions: int = 0

    def add(self, ranked: Sequence[str], question: Question, *, depth: int = 10) -> None:
        kept = [one for one in ranked if one not in question.ignored]
        self.ndcg += ndcg(kept, question.relevant, depth)
        self.recall += recall(kept, question.relevant, depth)
        self.reciprocal_rank += reciprocal_rank(kept, question.relevant, depth)
        self.questions += 1

    def mean(self) -> tuple[float, float, float]:
        """NDCG, recall and reciprocal rank, each at the depth that was added."""
        return self.ndcg / self.questions, self.recall / self.questions, self.reciprocal_rank / self.questions


def squad2() -> JudgedSet:
    folder = DATA / "squad2_dev"
    answerable = {row["_id"] for row in _jsonl(folder / "queries.jsonl") if row["answerable"]}
    return _beir("squad2_dev", folder, {"dense": 0.806, "BM25": 0.891, "CC": 0.915}, keep=answerable.__contains__)


def squad2_not_said() -> list[Question]:
    """SQuAD 2.0's adversarial questions: near a paragraph that does not say it, which stands as `relevant`."""
    rows = _jsonl(DATA / "squad2_dev" / "queries.jsonl")
    return [Question(row["text"], frozenset({row["para"]})) for row in rows if not row["answerable"]]


def halved(judged: JudgedSet) -> tuple[JudgedSet, JudgedSet]:
    """Every second article with its questions, and the questions of the others, whose article is then missing."""
    titles = sorted({one["title"] for one in judged.documents})
    kept = {one["external_id"] for one in judged.documents if one["title"] in set(titles[::2])}
    present = [question for question in judged.questions if question.relevant <= kept]
    absent = [question for question in judged.questions if not question.relevant & kept]
    documents = [one for one in judged.documents if one["external_id"] in kept]
    return replace(judged, documents=documents, questions=present), replace(judged, questions=absent)


def anthropic_docs() -> JudgedSet:
    return _beir("anthropic_docs", DATA / "anthropic_docs", {"dense": 0.687, "BM25": 0.702, "CC": 0.80})


def xquad_de() -> JudgedSet:
    documents: list[dict[str, Any]] = []
    questions: list[Question] = []
    for article in json.loads((DATA / "xquad_de" / "xquad.de.json").read_text())["data"]:
        for paragraph in article["paragraphs"]:
            name = f"paragraph-{len(documents)}"
            documents.append(_document(name, article.get("title") or name, paragraph["context"], "text"))
            questions += [Question(one["question"], frozenset({name})) for one in paragraph["qas"]]
    return JudgedSet("xquad_de", documents, questions, {"dense": 0.704, "BM25": 0.915, "CC": 0.934})


def handbook_headings() -> JudgedSet:
    rows = _jsonl(DATA / "18f_handbook" / "q_headings.jsonl")
    asked = defaultdict(set)
    for row in rows:
        asked[row["page"]].add(row["query"])
    questions = [Question(row["query"], frozenset({row["page"]})) for row in rows]
    documents = handbook_pages(lambda page, text: _without_headings(text, asked[page]))
    return JudgedSet("18F headings", documents, questions, {"CC": 0.761})


def handbook_anchors() -> JudgedSet:
    questions = [
        Question(row["query"], frozenset({row["page"]}), frozenset(row["exclude"]))
        for row in _jsonl(DATA / "18f_handbook" / "q_anchors.jsonl")
    ]
    return JudgedSet("18F anchors", handbook_pages(), questions, {"CC": 0.827})


def handbook_pages(edit: Callable[[str, str], str] = lambda _, text: text) -> list[dict[str, Any]]:
    """The 18F handbook's pages under their paths, titles out of their front matter or first heading."""
    root = DATA / "18f_handbook"
    documents = []
    for path in sorted((root / "pages").rglob("*.md")):
        page = path.relative_to(root).as_posix()
        text = edit(page, path.read_text())
        documents.append(
            {**_document(page, _title(text) or path.stem, text, "markdown"), "path": list(Path(page).parts[1:-1])}
        )
    return [one for one in documents if one["text"].strip()]


def _title(text: str) -> str | None:
    front = re.search(r"\A---\n.*?^title:\s*[\"']?(.*?)[\"']?\s*$", text, re.MULTILINE | re.DOTALL)
    found = front or _HEADING.search(text)
    return found.group(1).strip()[:500] if found else None


def _without_headings(text: str, headings: Iterable[str]) -> str:
    gone = {_folded(one) for one in headings}
    return _HEADING.sub(lambda found: "" if _folded(found.group(1)) in gone else found.group(0), text)


def _folded(heading: str) -> str:
    return re.sub(r"\W+", " ", heading).strip().lower()


def _beir(
    name: str, folder: Path, reference: dict[str, float], keep: Callable[[str], bool] = lambda _: True
) -> JudgedSet:
    relevant = defaultdict(set)
    with (folder / "qrels.tsv").open() as rows:
        for row in csv.DictReader(rows, delimiter="\t"):
            relevant[row["query-id"]].add(row["corpus-id"])
    documents = [
        _document(row["_id"], row["title"] or row["_id"], row["text"], "text")
        for row in _jsonl(folder / "corpus.jsonl")
    ]
    questions = [
        Question(row["text"], frozenset(relevant[row["_id"]]))
        for row in _jsonl(folder / "queries.jsonl")
        if keep(row["_id"]) and relevant[row["_id"]]
    ]
    return JudgedSet(name, documents, questions, reference)


def _document(external_id: str, title: str, text: str, form: str) -> dict[str, Any]:
    return {"external_id": external_id, "title": title, "text": text, "format": form}


def _jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


SETS: dict[str, Callable[[], JudgedSet]] = {
    "squad2_dev": squad2,
    "anthropic_docs": anthropic_docs,
    "18F headings": handbook_headings,
    "18F anchors": handbook_anchors,
    "xquad_de": xquad_de,
}
