"""Curves as SVG files for the docs: no library for two squares with lines in them."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

Points = Sequence[tuple[float, float]]

SIZE = 320
MARGIN = 48
LEGEND = 22
COLOURS = ("#2563eb", "#d97706", "#059669", "#db2777", "#7c3aed", "#64748b")
TEXT = 'font-family="system-ui, sans-serif" font-size="12" fill="#475569"'


def write(path: Path, curves: Mapping[str, Points], *, across: str, up: str, diagonal: bool = False) -> None:
    """Each curve's points lie in the unit square. `diagonal`: what it should be, where that is x = y."""
    height = SIZE + 2 * MARGIN + LEGEND * len(curves)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE + 2 * MARGIN} {height}" role="img">',
        f'<rect width="100%" height="{height}" fill="#ffffff"/>',
        *_axes(across, up),
    ]
    if diagonal:
        parts.append(f'<path d="{_path([(0, 0), (1, 1)])}" stroke="#94a3b8" stroke-dasharray="4 4" fill="none"/>')
    for number, (name, points) in enumerate(curves.items()):
        parts += _curve(number, name, points)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


def _axes(across: str, up: str) -> list[str]:
    parts = [f'<rect x="{MARGIN}" y="{MARGIN}" width="{SIZE}" height="{SIZE}" fill="none" stroke="#cbd5e1"/>']
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x, y = _place(tick, tick)
        parts.append(f'<text x="{x}" y="{MARGIN + SIZE + 16}" text-anchor="middle" {TEXT}>{tick:g}</text>')
        parts.append(f'<text x="{MARGIN - 6}" y="{y + 4}" text-anchor="end" {TEXT}>{tick:g}</text>')
    middle = MARGIN + SIZE / 2
    parts.append(f'<text x="{middle}" y="{MARGIN + SIZE + 36}" text-anchor="middle" {TEXT}>{escape(across)}</text>')
    parts.append(f'<text x="{middle}" y="{MARGIN - 16}" text-anchor="middle" {TEXT}>{escape(up)}</text>')
    return parts


def _curve(number: int, name: str, points: Points) -> list[str]:
    colour = COLOURS[number % len(COLOURS)]
    y = SIZE + 2 * MARGIN + LEGEND * number
    return [
        f'<path d="{_path(points)}" stroke="{colour}" stroke-width="2" fill="none"/>',
        *(f'<circle cx="{x:.1f}" cy="{at:.1f}" r="2.5" fill="{colour}"/>' for x, at in _places(points)),
        f'<rect x="{MARGIN}" y="{y}" width="12" height="12" fill="{colour}"/>',
        f'<text x="{MARGIN + 18}" y="{y + 11}" {TEXT}>{escape(name)}</text>',
    ]


def _path(points: Points) -> str:
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in _places(points))


def _places(points: Points) -> list[tuple[float, float]]:
    return [_place(across, up) for across, up in points]


def _place(across: float, up: float) -> tuple[float, float]:
    return MARGIN + across * SIZE, MARGIN + (1 - up) * SIZE
