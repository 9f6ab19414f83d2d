"""`--fail-below`: what a run must reach, for a pipeline that stops otherwise."""

from collections.abc import Iterator, Mapping

from local_fleet.errors import FleetError
from local_fleet.eval.catalogue import BY_NAME

Thresholds = dict[str, float]


def read_thresholds(text: str) -> Thresholds:
    """`ndcg=0.8,answered=0.9`. Raises `FleetError` that names what can't be used."""
    pairs = (part.partition("=") for part in text.split(",") if part.strip())
    return {_known(name.strip()): _number(name, value) for name, _, value in pairs}


def missed(thresholds: Thresholds, values: Mapping[str, float | None]) -> Iterator[str]:
    """One line a measure that is below its threshold, or that could not be measured."""
    for name, least in thresholds.items():
        value = values[name]
        if value is None:
            yield f"{name} was not measured: no question of this file is about it"
        elif value < least:
            yield f"{name} is {value:.3f}, below {least:g}"


def _known(name: str) -> str:
    usable = [measure.name for measure in BY_NAME.values() if measure.better == "higher"]
    if name not in usable:
        raise FleetError(f"--fail-below knows no measure “{name}”, only {', '.join(usable)}.")
    return name


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise FleetError(f"--fail-below: {name}={text} is no number; write for example {name}=0.8.") from None
