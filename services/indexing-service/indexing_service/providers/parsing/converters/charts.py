"""The values that a chart of an Office document shows ([ECMA-376] 21.2), as a table."""

from typing import Any, Final

from indexing_service.providers.parsing.markdown import one_line, table

_CHART: Final = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"


def chart_table(chart: Any) -> str:
    """A row for each category, a column for each series."""
    series = list(chart.iter(f"{_CHART}ser"))
    names = [" ".join(_points(one, "tx").values()) for one in series]
    values = [_points(one, "val") or _points(one, "yVal") for one in series]
    labels: dict[int, str] = {}
    for one in series:
        labels |= _points(one, "cat") or _points(one, "xVal")
    places = sorted({place for one in values for place in one})
    rows = [[labels.get(at, str(at + 1)), *(one.get(at, "") for one in values)] for at in places]
    return table(rows, header=["", *names]) if rows else ""


def _points(series: Any, name: str) -> dict[int, str]:
    """What is stored of a series' cells, by their place; labels of several levels are joined."""
    found: dict[int, str] = {}
    part = series.find(f"{_CHART}{name}")
    for point in () if part is None else part.iter(f"{_CHART}pt"):
        at = int(point.get("idx", 0))
        words = one_line(point.findtext(f"{_CHART}v", ""))
        found[at] = f"{words} {found[at]}" if at in found else words
    return found
