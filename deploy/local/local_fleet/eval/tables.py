"""A run as Markdown."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from local_fleet.eval.catalogue import MEASURES
from local_fleet.eval.measures import BINS, Bin, risk_at
from local_fleet.eval.run import Run
from local_fleet.eval.summary import STAGES, Summary, summarize

_COVERAGES = (0.1, 0.25, 0.5, 0.75, 0.9)
_OF_TAGS = ("ndcg", "right", "facts", "answered", "refused")


def report(run: Run) -> Iterator[str]:
    """Line by line; what was not measured is left out."""
    summary = summarize(run.records)
    yield from _head(run, summary)
    yield from _measures(summary)
    yield from _latency(summary)
    yield from _reliability(summary)
    yield from _risk(summary)
    yield from _tags(run)
    yield from _errors(run)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """With an empty line before it; nothing without rows."""
    if rows:
        yield ""
        yield f"| {' | '.join(columns)} |"
        yield f"|{' --- |' * len(columns)}"
        yield from (f"| {' | '.join(row)} |" for row in rows)


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _head(run: Run, summary: Summary) -> Iterator[str]:
    counts = summary.totals
    yield f"# {run.settings['questions']}: {counts['questions']} questions in {run.seconds:.0f} s"
    yield ""
    yield (
        f"{counts['answerable']} answerable, {counts['questions'] - counts['answerable']} not; "
        f"{counts['refused']} refused, {counts['cached']} from the cache, {counts['errors']} errors."
    )
    yield ""
    yield from (f"- {name}: {value}" for name, value in run.settings.items() if name != "questions" and value)
    used = summary.usage
    if used["prompt_tokens"] or used["completion_tokens"]:
        cost = "" if used["cost"] is None else f"; cost {used['cost']:.4f}"
        yield f"- tokens: {used['prompt_tokens']:.0f} read, {used['completion_tokens']:.0f} written{cost}"


def _measures(summary: Summary) -> Iterator[str]:
    rows = [
        [area, measure.title, f"`{measure.name}`", number(value), str(summary.counts[measure.name])]
        for area, measures in groupby(MEASURES, key=lambda one: one.area)
        for measure in measures
        if (value := summary.values[measure.name]) is not None
    ]
    yield from table(["of", "measure", "name", "value", "questions"], rows)


def _latency(summary: Summary) -> Iterator[str]:
    """The share is of the answer's median; the search is a request of its own."""
    whole = summary.latency_ms["total"]["p50"]
    rows = [
        [stage, f"{median:.0f}", f"{times['p95']:.0f}", f"{median / whole:.0%}" if whole and stage != "search" else ""]
        for stage in STAGES
        if (median := (times := summary.latency_ms[stage])["p50"]) is not None
    ]
    yield from table(["milliseconds", "p50", "p95", "share of the answer"], rows)


def _reliability(summary: Summary) -> Iterator[str]:
    right = {one.low: one for one in summary.right}
    rows = []
    for one in summary.answerable:
        answered = right.get(one.low)
        share = [str(answered.count), number(answered.true)] if answered else ["0", "-"]
        rows.append([_range(one), str(one.count), number(one.said), number(one.true), *share])
    yield from table(["confidence", "questions", "said", "answerable", "answered", "right"], rows)


def _range(one: Bin) -> str:
    return f"{one.low:.1f} to {one.low + 1 / BINS:.1f}"


def _risk(summary: Summary) -> Iterator[str]:
    curve = summary.risk_coverage
    at = [(coverage, risk_at(curve, coverage)) for coverage in _COVERAGES]
    rows = [[f"{coverage:.0%}", number(risk)] for coverage, risk in at if risk is not None]
    if curve:
        rows.append([f"{curve[-1].coverage:.0%} (all that were)", number(curve[-1].risk)])
    yield from table(["surest answered", "of these wrong"], rows)


def _tags(run: Run) -> Iterator[str]:
    tags = sorted({tag for record in run.records for tag in record.tags})
    rows = []
    for tag in tags:
        own = [record for record in run.records if tag in record.tags]
        values = summarize(own).values
        rows.append([tag, str(len(own)), *(number(values[name]) for name in _OF_TAGS)])
    yield from table(["tag", "questions", *_OF_TAGS], rows)


def _errors(run: Run) -> Iterator[str]:
    failed = [record for record in run.records if record.error]
    yield from table(["question", "error"], [[cell(record.key), cell(record.error)] for record in failed])


def cell(text: str) -> str:
    """A text that cannot break a row."""
    return " ".join(text.replace("|", "\\|").split())
