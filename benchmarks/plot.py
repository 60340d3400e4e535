"""A plot with two logarithmic axes, as SVG, in the viewer's light or dark colour scheme."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Series", "log_log_plot"]

WIDTH, HEIGHT, MARGIN, LEGEND = 720, 420, 60, 190
COLOURS = ("#9c2a10", "#1f6f8b", "#4d7c0f", "#7e3ff2", "#b45309", "#64748b")


@dataclass(frozen=True, slots=True)
class Series:
    """A name and points (x, y), all above 0."""

    name: str
    points: Sequence[tuple[float, float]]


def log_log_plot(x_name: str, y_name: str, lines: Sequence[Series]) -> str:
    """The plot; a straight line means a power of x, a horizontal one no dependence on x."""
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    left, right = math.floor(math.log10(min(xs))), math.ceil(math.log10(max(xs)))
    bottom, top = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))
    width, height = WIDTH - 2 * MARGIN - LEGEND, HEIGHT - 2 * MARGIN

    def at(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - left) / (right - left)
        up = (math.log10(y) - bottom) / (top - bottom)
        return MARGIN + across * width, HEIGHT - MARGIN - up * height

    parts = []
    for power in range(left, right + 1):
        x, y = at(10**power, 10**bottom)
        parts.append(f'<path class="grid" d="M{x:.1f} {y:.1f}V{MARGIN}"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{y + 20:.1f}" text-anchor="middle">{10**power:,}</text>'
        )
    for power in range(bottom, top + 1):
        x, y = at(10**left, 10.0**power)
        parts.append(f'<path class="grid" d="M{x:.1f} {y:.1f}h{width}"/>')
        parts.append(
            f'<text x="{x - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>'
        )
    for number, line in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in line.points))
        parts.append(f'<polyline stroke="{colour}" points="{path}"/>')
        y = MARGIN + 22 * number
        x = WIDTH - LEGEND - MARGIN + 24
        parts.append(f'<path stroke="{colour}" d="M{x} {y}h18"/>')
        parts.append(f'<text x="{x + 26}" y="{y + 4}">{escape(line.name)}</text>')
    middle = MARGIN + width / 2
    parts.append(
        f'<text x="{middle:.0f}" y="{HEIGHT - 14}" text-anchor="middle">{escape(x_name)}</text>'
    )
    parts.append(f'<text x="{MARGIN - 40}" y="{MARGIN - 22}">{escape(y_name)}</text>')
    style = (
        "text{font:13px system-ui,sans-serif;fill:#333}.grid{stroke:#8884;fill:none}"
        "polyline,path{stroke-width:2.5;fill:none}.grid{stroke-width:1}"
        "@media(prefers-color-scheme:dark){text{fill:#ddd}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<title>{escape(y_name)} by {escape(x_name)}</title><style>{style}</style>"
        f"{''.join(parts)}</svg>\n"
    )
