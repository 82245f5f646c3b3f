"""Small charts as SVG text: lines over steps, and a map of a cost over two numbers.

Colours are classes, which the page gives a meaning to, so that light and dark are one drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Line", "heat_map", "line_chart"]

WIDTH, HEIGHT = 420, 240
LEFT, RIGHT, TOP, BOTTOM = 64, 14, 28, 40


class Line(NamedTuple):
    """A line of a chart.

    Attributes
    ----------
    name : str
        What the legend says.
    x, y : arrays, shape (n,)
        Points; where `y` is not finite the line is interrupted.
    points : str
        "cross" or "ring" if the points are marked, and not joined.
    """

    name: str
    x: Any
    y: Any
    points: str = ""


class Scale(NamedTuple):
    """From numbers to pixels."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, values: Any) -> Any:
        """Return where numbers lie, in pixels."""
        share = (self.bent(values) - self.bent(self.low)) / (
            self.bent(self.high) - self.bent(self.low)
        )
        return self.start + share * (self.end - self.start)

    def bent(self, values: Any) -> Any:
        """Return the logarithm, on a logarithmic scale."""
        return np.log10(values) if self.log else np.asarray(values, float)

    def ticks(self) -> Any:
        """Return a few round numbers between the ends."""
        if self.log:
            low, high = np.log10(self.low), np.log10(self.high)
            for digits in ((1,), (1, 3), (1, 2, 5)):
                decades = 10.0 ** np.arange(np.floor(low), np.ceil(high) + 1)
                ticks = np.sort(np.multiply.outer(digits, decades).ravel())
                ticks = ticks[(ticks >= self.low) & (ticks <= self.high)]
                if len(ticks) >= 3:
                    return ticks[:: -(-len(ticks) // 6)]
            return np.array([self.low, self.high])
        step = 10.0 ** np.floor(np.log10((self.high - self.low) / 4))
        step *= next(k for k in (1, 2, 5, 10) if (self.high - self.low) / (k * step) <= 6)
        return np.arange(np.ceil(self.low / step), np.floor(self.high / step) + 1) * step + 0.0


def line_chart(
    title: str, lines: Sequence[Line], *, x_label: str = "outer step", log: bool = False
) -> str:
    """Return a chart of lines, with a legend if there are several."""
    xs = np.concatenate([np.asarray(line.x, float) for line in lines])
    ys = np.concatenate([np.asarray(line.y, float) for line in lines])
    x = scale(xs, LEFT, WIDTH - RIGHT, margin=0.0)
    y = scale(ys, HEIGHT - BOTTOM, TOP, margin=0.06, log=log)
    parts = [axes(title, x, y, x_label)]
    for i, line in enumerate(lines):
        at_x, at_y = x(line.x), y(np.where(np.isfinite(line.y), line.y, y.low))
        shown = np.isfinite(line.y)
        style = f"series s{i % 5}"
        if line.points:
            pairs = zip(at_x[shown], at_y[shown], strict=True)
            parts += [mark(a, b, style, line.points) for a, b in pairs]
        else:
            parts.append(f'<path class="{style}" d="{path(at_x, at_y, shown)}"/>')
        if len(lines) > 1:
            parts.append(legend(line, i, style))
    return drawing(title, parts)


def heat_map(
    title: str, names: tuple[str, str], ticks: tuple[Any, Any], at: tuple[Any, Any], costs: Any,
    trail: tuple[Any, Any], best: int,
) -> str:  # fmt: skip
    """Return a map of costs, with a trail that was gone over it.

    Parameters
    ----------
    title : str
        Above it.
    names : pair of str
        What the axes are.
    ticks : pair of arrays
        The numbers to write on the axes.
    at : pair of arrays
        Where they lie: coordinates in which the axes are even.
    costs : array, shape (len(x), len(y))
        What is not finite stays blank.
    trail : pair of arrays
        The points of the trail, in the same coordinates.
    best : int
        Which of them to mark.
    """
    edges = [between(np.asarray(axis, float)) for axis in at]
    x = Scale(edges[0][0], edges[0][-1], LEFT, WIDTH - RIGHT)
    y = Scale(edges[1][0], edges[1][-1], HEIGHT - BOTTOM, TOP)
    shades = ranks(costs)
    parts = []
    for i, j in np.ndindex(*np.shape(costs)):
        if np.isfinite(shades[i, j]):
            left, right = x(edges[0][i : i + 2])
            low, high = y(edges[1][j : j + 2])
            parts.append(
                f'<rect x="{left:.1f}" y="{high:.1f}" width="{right - left + 0.3:.1f}" '
                f'height="{low - high + 0.3:.1f}" fill="{colour(shades[i, j])}">'
                f"<title>{costs[i, j]:.4g}</title></rect>"
            )
    inside = [np.clip(t, e[0], e[-1]) for t, e in zip(trail, edges, strict=True)]
    gone_x, gone_y = x(inside[0]), y(inside[1])
    line = path(gone_x, gone_y, np.ones(len(gone_x), bool))
    parts += [f'<path class="halo" d="{line}"/>', f'<path class="trail" d="{line}"/>']
    parts += [f'<circle class="trail-point" cx="{a:.1f}" cy="{b:.1f}" r="2"/>'
              for a, b in zip(gone_x, gone_y, strict=True)]  # fmt: skip
    parts.append(f'<circle class="best" cx="{gone_x[best]:.1f}" cy="{gone_y[best]:.1f}" r="5"/>')
    for axis, (where, words) in enumerate(zip(at, ticks, strict=True)):
        every = -(-len(where) // 5)
        for place, value in zip(where[::every], words[::every], strict=True):
            parts.append(tick(axis, float((x, y)[axis](place)), f"{value:.3g}"))
    parts += labels(title, *names)
    return drawing(title, parts)


def scale(values: Any, start: float, end: float, margin: float, log: bool = False) -> Scale:
    """Return the scale on which all finite numbers have room."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if log:
        pad = (high / low) ** margin if high > low else 2.0
        return Scale(low / pad, high * pad, start, end, True)
    pad = margin * (high - low) if high > low else 0.5 * (abs(high) or 1.0)
    return Scale(low - pad, high + pad, start, end)


def axes(title: str, x: Scale, y: Scale, x_label: str) -> str:
    """Return the frame, the ticks and the labels."""
    parts = [f'<path class="frame" d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>']
    for value in y.ticks():
        place = float(y(value))
        parts.append(f'<path class="grid" d="M{LEFT} {place:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(tick(1, place, f"{value:.4g}"))
    parts += [tick(0, float(x(v)), f"{v:.4g}") for v in x.ticks()]
    return "".join([*parts, *labels(title, x_label, "")])


def tick(axis: int, place: float, words: str) -> str:
    """Return a number beside an axis: 0 below, 1 at the left."""
    if axis == 0:
        return f'<text class="tick" x="{place:.1f}" y="{HEIGHT - BOTTOM + 14}">{words}</text>'
    return f'<text class="tick side" x="{LEFT - 6}" y="{place + 3:.1f}">{words}</text>'


def labels(title: str, x_label: str, y_label: str) -> list[str]:
    """Return what stands above, below and beside a chart."""
    middle = (LEFT + WIDTH - RIGHT) / 2
    upright = f"rotate(-90 14 {HEIGHT / 2:.0f})"
    return [
        f'<text class="title" x="{LEFT}" y="16">{escape(title)}</text>',
        f'<text class="label" x="{middle:.0f}" y="{HEIGHT - 8}">{escape(x_label)}</text>',
        f'<text class="label" x="14" y="{HEIGHT / 2:.0f}" transform="{upright}">'
        f"{escape(y_label)}</text>",
    ]


def legend(line: Line, i: int, style: str) -> str:
    """Return the entry of a line in the legend, above the chart."""
    x, y = WIDTH - RIGHT - 78 * (i % 3) - 86, 12
    sample = f'<path class="{style}" d="M{x} {y}h20"/>'
    if line.points:
        sample = mark(x + 10, y, style, line.points)
    return f'{sample}<text class="legend" x="{x + 26}" y="{y + 4}">{escape(line.name)}</text>'


def mark(x: float, y: float, style: str, kind: str) -> str:
    """Return a small cross or ring."""
    if kind == "ring":
        return f'<circle class="{style} whole" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    return f'<path class="{style} whole" d="M{x - 3:.1f} {y - 3:.1f}l6 6m0 -6l-6 6"/>'


def path(x: Any, y: Any, shown: Any) -> str:
    """Return a path through points, interrupted where they are not shown; alone, one is a dot."""
    words, joined = [], False
    for a, b, there in zip(x, y, shown, strict=True):
        if there:
            words.append(f"L{a:.1f} {b:.1f}" if joined else f"M{a:.1f} {b:.1f}h0")
        joined = bool(there)
    return "".join(words)


def between(centres: Any) -> Any:
    """Return the edges of the cells around the points of an axis."""
    if len(centres) == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middles = 0.5 * (centres[1:] + centres[:-1])
    return np.concatenate([[2 * centres[0] - middles[0]], middles, [2 * centres[-1] - middles[-1]]])


def ranks(costs: Any) -> Any:
    """Return costs as shades, 0 to 1, by rank: an explosion must not take all the colours."""
    flat = np.asarray(costs, float).ravel()
    order = np.unique(flat[np.isfinite(flat)])
    shade = np.searchsorted(order, flat) / max(len(order) - 1, 1)
    return np.where(np.isfinite(flat), shade, np.nan).reshape(np.shape(costs))


COLOURS = np.array([[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]])


def colour(shade: float) -> str:
    """Return a colour of the scale viridis, light for low costs: also a scale of greys."""
    where = (1.0 - shade) * (len(COLOURS) - 1)
    rgb = [round(float(np.interp(where, range(len(COLOURS)), COLOURS[:, k]))) for k in range(3)]
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def drawing(title: str, parts: Sequence[str]) -> str:
    """Return the whole figure."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )
