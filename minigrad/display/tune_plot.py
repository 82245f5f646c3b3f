"""The course of a descent on hyperparameters, drawn with matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.display.plots import pyplot
from minigrad.hyper.plain import named

if TYPE_CHECKING:
    from minigrad.hyper.tuning.tune_result import TuneResult

__all__ = ["courses", "logarithmic", "tune_plot"]

STYLES = ("-", "--", ":", "-.")  # told apart in grey as well
MARKERS = ("o", "s", "^", "D", "v")


def tune_plot(result: TuneResult, ax: Any = None) -> Any:
    """Draw cost, norm and hyperparameters against the outer step; see `TuneResult.plot`."""
    if ax is None:
        _, ax = pyplot().subplots(3, sharex=True, figsize=(6.4, 7.0), layout="constrained")
    axes = np.array(ax, dtype=object)
    if axes.shape != (3,):
        raise ValueError(
            f"plot: ax= must be three Axes, for cost, norm and hyperparameters; got {ax!r:.60}"
        )
    steps, accepted = np.arange(len(result.history)), result.accepted
    above, middle, below = axes
    for panel, values, label in ((above, result.costs, "cost"), (middle, result.norms, "norm")):
        panel.plot(steps[accepted], values[accepted], "-o", markersize=3, label=label)
        refused = ~accepted & np.isfinite(values)
        if refused.any():
            panel.plot(steps[refused], values[refused], "x", color="0.4", label="refused")
        panel.set_ylabel(label)
        if logarithmic(values):
            panel.set_yscale("log")
    above.plot(result.best_step, result.best.cost, "*", color="k", markersize=10, label="best")
    above.legend()
    lines = courses(result)
    for i, (name, values) in enumerate(lines.items()):
        style = STYLES[i % len(STYLES)] + MARKERS[i % len(MARKERS)]
        below.plot(steps, values, style, markersize=3, label=name)
    if lines:
        below.legend()
        if logarithmic(np.concatenate(list(lines.values()))):
            below.set_yscale("log")
    below.set_ylabel("hyperparameters")
    below.set_xlabel("outer step")
    below.xaxis.get_major_locator().set_params(integer=True)
    return axes


def courses(result: TuneResult) -> dict[str, Any]:
    """Return each number's values over the outer steps; of an array, its least, median and most."""
    lines: dict[str, Any] = {}
    for name, values in named(result.values_over_steps).items():
        if np.ndim(values) == 1:
            lines[name] = values
            continue
        flat = np.reshape(values, (len(values), -1))
        for word, of in (("least", np.min), ("median", np.median), ("most", np.max)):
            if flat.shape[1]:
                lines[f"{name}, {word}"] = of(flat, axis=1)
    return lines


def logarithmic(values: Any) -> bool:
    """Whether numbers are better seen on a logarithmic scale."""
    finite = values[np.isfinite(values)]
    return bool(finite.size and finite.min() > 0 and finite.max() > 10 * finite.min())
