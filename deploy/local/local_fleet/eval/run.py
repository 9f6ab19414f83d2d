"""A run as it is kept in a file: what was asked of which fleet, and everything that came back."""

from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from local_fleet.errors import FleetError


class Record(BaseModel):
    """One question. `figures` are its measures by name, None where there was nothing to measure; `refused` is None
    when no answer was asked for or none came; `error` says why.
    """

    key: str
    question: str
    tags: list[str]
    answerable: bool
    error: str = ""
    figures: dict[str, float | None]
    confidence: float | None = None
    refused: bool | None = None
    cached: bool = False
    model: str = ""
    content: str = ""
    citations: list[dict[str, Any]] = []
    sources: list[dict[str, Any]] = []
    ranking: list[dict[str, Any]] = []
    timings_ms: dict[str, float | None] = {}
    usage: dict[str, float | None] = {}


class Run(BaseModel):
    """`settings` is what the API shows of the fleet and what was asked for: two runs that differ there measure
    different things. `summary` is computed from `records`.
    """

    format: Literal["askflash-eval-1"] = "askflash-eval-1"
    started_at: datetime
    seconds: float
    settings: dict[str, str]
    summary: dict[str, Any] = {}
    records: list[Record]


def write_run(run: Run, path: Path) -> None:
    try:
        path.write_text(run.model_dump_json(indent=1) + "\n", "utf-8")
    except OSError as error:
        raise FleetError(f"{path} cannot be written: {error.strerror}") from error


def read_run(path: Path) -> Run:
    try:
        return Run.model_validate_json(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FleetError(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in problem["loc"])
        raise FleetError(f"{path} is no run of `askflash eval --output`: {field}: {problem['msg']}") from error
