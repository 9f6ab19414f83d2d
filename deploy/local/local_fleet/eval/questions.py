"""The question file: one JSON object a line."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from local_fleet.errors import FleetError

_MOST_PROBLEMS = 20

Text = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=4_000, pattern=r"\S")]


class Question(BaseModel):
    """What is asked, and what a good answer holds.

    A fact is one wording or a list of wordings of which any will do. A document is named by its external id, its
    document id, its URL or its title. `answerable` is false where the documentation does not say it: the right answer
    is then a refusal. Without an `id` the question is its own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: Text
    expected_facts: list[Text | Annotated[list[Text], Field(min_length=1)]] = []
    expected_documents: list[Text] = []
    answerable: Annotated[bool, Field(strict=True)] = True
    id: Text = ""
    tags: list[Text] = []

    @property
    def key(self) -> str:
        return self.id or self.question

    @property
    def facts(self) -> list[list[str]]:
        """Each with its wordings."""
        return [[fact] if isinstance(fact, str) else fact for fact in self.expected_facts]

    @model_validator(mode="after")
    def _unanswerable_expects_nothing(self) -> "Question":
        if not self.answerable and (self.expected_facts or self.expected_documents):
            raise ValueError("an unanswerable question expects neither facts nor documents")
        return self


def read_questions(path: Path, limit: int | None = None) -> list[Question]:
    """The first `limit` questions of a file. Raises `FleetError` that names file, line and field of what is wrong
    anywhere in it.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FleetError(f"{path} cannot be read: {error}") from error
    questions: list[Question] = []
    problems: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            questions.append(Question.model_validate_json(line))
        except ValidationError as error:
            problems += [f"{path}:{number}: {problem}" for problem in _problems(error)]
    problems += [f"{path}: {problem}" for problem in _repeated(questions)]
    if not questions and not problems:
        problems = [f"{path}: there is no question in this file"]
    if problems:
        more = [f"… and {len(problems) - _MOST_PROBLEMS} more"] if len(problems) > _MOST_PROBLEMS else []
        raise FleetError("\n".join(["nothing was asked:", *problems[:_MOST_PROBLEMS], *more]))
    return questions[:limit]


def _problems(error: ValidationError) -> Iterator[str]:
    for one in error.errors(include_url=False, include_input=False):
        field = ".".join(str(part) for part in one["loc"])
        yield f"{field}: {one['msg']}" if field else one["msg"]


def _repeated(questions: list[Question]) -> Iterator[str]:
    for key, count in Counter(question.key for question in questions).items():
        if count > 1:
            yield f"id: “{key}” stands for {count} questions; give each its own id"
