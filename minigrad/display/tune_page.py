"""The page of a descent on hyperparameters: one file of HTML, with nothing to load."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import tree
from minigrad.display.svg import Line, heat_map, line_chart
from minigrad.display.tune_plot import courses, logarithmic
from minigrad.hyper.domains import Hyper
from minigrad.hyper.plain import named, plain
from minigrad.hyper.result import brief
from minigrad.hyper.tuning.files import write_atomically
from minigrad.variable import value_of

if TYPE_CHECKING:
    from minigrad.hyper.tuning.tune_result import TuneResult

__all__ = ["page", "save_page", "summary"]

SIDE = 11  # points along each side of a landscape
FEW = 12  # hyperparameters that get a chart of their own

STYLE = """
:root { color-scheme: light dark; --ink: #1c1d20; --soft: #667; --rule: #d9dbe0; --paper: #fff;
  --s0: #1f5fbf; --s1: #b4471d; --s2: #2b7a4b; --s3: #7a3fa0; --s4: #6b5d10 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e9ec; --soft: #9aa; --rule: #3a3d44;
  --paper: #17181b; --s0: #7fb2ff; --s1: #ff9a6b; --s2: #7fd6a0; --s3: #d0a3f0; --s4: #e0cc60 } }
body { margin: 2rem auto; max-width: 62rem; padding: 0 1rem; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
.charts { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(22rem, 1fr)) }
svg { width: 100%; height: auto } rect { shape-rendering: crispEdges }
svg text { font: 11px system-ui, sans-serif; fill: var(--soft) }
svg .title { font-weight: 600; font-size: 13px; fill: var(--ink) }
svg .tick, svg .label { text-anchor: middle } svg .side { text-anchor: end }
.frame { fill: none; stroke: var(--soft) } .grid { stroke: var(--rule) }
.series { fill: none; stroke-width: 1.8; stroke-linecap: round }
.s0 { stroke: var(--s0) } .s1 { stroke: var(--s1); stroke-dasharray: 6 3 }
.s2 { stroke: var(--s2); stroke-dasharray: 2 3 }
.s3 { stroke: var(--s3); stroke-dasharray: 8 3 2 3 }
.s4 { stroke: var(--s4); stroke-dasharray: 1 4 } .whole { stroke-dasharray: none }
.halo { fill: none; stroke: #fff; stroke-width: 4; stroke-opacity: .8 }
.trail { fill: none; stroke: #000; stroke-width: 1.5 } .trail-point { fill: #000 }
.best { fill: #fff; stroke: #000; stroke-width: 2 }
.scroll { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid var(--rule) }
tr.refused td { color: var(--soft) } tr.best td { font-weight: 700 }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem }
dt { color: var(--soft) } dd { margin: 0 }
"""


def save_page(result: TuneResult, path: Any, landscape: Any, overwrite: bool) -> None:
    """Write the page; see `TuneResult.save_html`."""
    path = Path(path)
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} is there already; give another path, or overwrite=True")
    write_atomically(path, page(result, landscape).encode())


def page(result: TuneResult, landscape: Any = None) -> str:
    """Return the page as text."""
    names = ", ".join(named(result.best.hypers))
    parts = [
        f"<h1>Tuning of {escape(names)}</h1>",
        summary(result),
        f'<div class="charts">{"".join(charts(result))}</div>',
    ]
    if landscape is not None and landscape is not False:
        parts.append(f'<h2>Landscape</h2><div class="charts">{terrain(result, landscape)}</div>')
        parts.append("<p>The lighter, the lower the cost; by rank. The ring is the best point.</p>")
    parts.append(f'<h2>Every point</h2><div class="scroll">{table(result)}</div>')
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Tuning of {escape(names)}</title><style>{STYLE}</style></head>\n"
        f"<body>{chr(10).join(parts)}</body></html>\n"
    )


def summary(result: TuneResult) -> str:
    """Return what came out, in a list."""
    first = result.history[0].result
    rows = [
        ("ended", result.stopped),
        ("cost", f"{first.cost:.6g} → {result.best.cost:.6g}, at outer step {result.best_step}"),
    ]
    before, after = named(first.hypers), named(result.best.hypers)
    rows += [(k, f"{brief(h.value)} → {brief(after[k].value)}") for k, h in before.items()]
    judged = plain(result.test)
    if judged is not None:
        told = named(judged).items()
        rows += [(f"test {key}" if key != "hyper" else "test", f"{x}") for key, x in told]
    rows += [("method", result.best.stats.method)]
    items = "".join(f"<dt>{escape(key)}</dt><dd>{escape(words)}</dd>" for key, words in rows)
    return f"<dl>{items}</dl>"


def charts(result: TuneResult) -> list[str]:
    """Return the curves of cost, norm, hyperparameters and schedules."""
    steps, accepted = np.arange(len(result.history)), result.accepted
    found = []
    for title, values in (("cost", result.costs), ("gradient norm", result.norms)):
        values = np.where(np.isfinite(values), values, np.nan)
        lines = [Line("accepted", steps[accepted], values[accepted])]
        if not accepted.all():
            lines.append(Line("refused", steps[~accepted], values[~accepted], "cross"))
        at = [result.best_step]
        lines.append(Line("best", steps[at], values[at], "ring"))
        found.append(line_chart(title, lines, log=logarithmic(values)))
    for name, values in list(courses(result).items())[:FEW]:
        found.append(line_chart(name, [Line(name, steps, values)], log=logarithmic(values)))
    first = named(result.history[0].result.hypers)
    for name, hyper in named(result.best.hypers).items():
        if hyper.per_step and np.size(hyper.value):
            found.append(schedule(name, first[name], hyper))
    return found


def schedule(name: str, first: Hyper, best: Hyper) -> str:
    """Return the chart of a schedule, before and after; of each step's mean if it has several."""
    lines = []
    for word, hyper in (("tuned", best), ("at the start", first)):
        values = np.reshape(hyper.value, (len(hyper.value), -1)).mean(axis=1)
        lines.append(Line(word, np.arange(len(values)), values))
    return line_chart(f"schedule of {name}", lines, x_label="training step")


def terrain(result: TuneResult, landscape: Any) -> str:
    """Return the map of the cost around the trail."""
    hypers: list[Hyper] = tree.leaves(result.best.hypers)
    if len(hypers) != 2 or any(np.ndim(h.value) for h in hypers):
        raise ValueError("save_html: a landscape is drawn over two numbers, and these are not two")
    trails = [
        np.array([tree.leaves(event.result.hypers)[k].unconstrained for event in result.history])
        for k in range(2)
    ]
    if landscape is True:
        at = [around(trail[result.accepted]) for trail in trails]
        values = [
            np.array([h.moved_to(u).value for u in axis])
            for h, axis in zip(hypers, at, strict=True)
        ]
        costs = trained(result, values)
    else:
        *values, costs = (np.asarray(part, float) for part in landscape)
        if costs.shape != tuple(map(len, values)):
            raise ValueError(
                f"save_html: costs of shape {costs.shape} for axes of {len(values[0])} and "
                f"{len(values[1])} values"
            )
        at = [h.domain.unconstrained(axis) for h, axis in zip(hypers, values, strict=True)]
    x, y = named(result.best.hypers)
    return heat_map(
        f"cost over {x} and {y}",
        (x, y),
        (values[0], values[1]),
        (at[0], at[1]),
        costs,
        (trails[0], trails[1]),
        result.best_step,
    )


def around(trail: Any) -> Any:
    """Return an axis around a trail, with room on both sides."""
    low, high = float(trail.min()), float(trail.max())
    room = max(0.25 * (high - low), 0.5)
    return np.linspace(low - room, high + room, SIDE)


def trained(result: TuneResult, axes: Any) -> Any:
    """Return the cost of a training at every point of a grid."""
    costs = np.full([len(axis) for axis in axes], np.nan)
    for i, j in np.ndindex(*costs.shape):
        point = tree.unflatten(result.best.hypers, [float(axes[0][i]), float(axes[1][j])])
        with np.errstate(all="ignore"):  # where it explodes, the map stays blank
            costs[i, j] = value_of(result.run.evaluate(point))
    return costs


def table(result: TuneResult) -> str:
    """Return every point in a row."""
    heads = ["step", "cost", "norm", *named(result.best.hypers), ""]
    rows = [f"<tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr>"]
    for event in result.history:
        point = event.result
        word = "best" if event.step == result.best_step else "" if event.accepted else "refused"
        cells = [str(event.step), f"{point.cost:.6g}", f"{point.norm:.2e}"]
        cells += [brief(hyper.value) for hyper in tree.leaves(point.hypers)]
        row = "".join(f"<td>{escape(cell)}</td>" for cell in [*cells, word])
        rows.append(f'<tr class="{word}">{row}</tr>')
    return f"<table>{''.join(rows)}</table>"
