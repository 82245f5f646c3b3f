"""Plots: matplotlib, if it is there, and in words what was drawn with it.

Nothing else in the package imports matplotlib.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["alt_text", "pyplot"]


def pyplot() -> Any:
    """Return ``matplotlib.pyplot``.

    Raises
    ------
    ImportError
        If matplotlib is not installed; it says what to install.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            'plots need matplotlib, which is not installed: pip install "minigrad-tape[plot]"'
        ) from error
    return plt


def alt_text(drawn: Any) -> str:
    """Return in words what a plot shows: the text alternative of its picture.

    Titles, what is drawn against what, and of each curve of the legend where it begins and ends,
    and its highest and lowest values if those are in between.

    Parameters
    ----------
    drawn : Axes, array of Axes, or Figure
        What any ``plot`` of minigrad returns, or any other drawing of matplotlib's.

    Returns
    -------
    str
        One line.

    Raises
    ------
    TypeError
        If it is no drawing.

    Examples
    --------
    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 1.0,
    ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0),
    ...     cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    ...     steps=5,
    ... )
    >>> ax = mg.grid_search(run, {"eta": [0.1, 0.5, 0.9]}).plot()
    >>> print(mg.display.alt_text(ax))
    outer cost against trainings: this point, 3 dots; lowest so far, from 0.174 to 5e-11.
    """
    whole = hasattr(drawn, "savefig")  # a Figure, with its title
    panels = drawn.axes if whole else np.ravel(np.array(drawn, dtype=object)).tolist()
    if not all(hasattr(panel, "get_legend_handles_labels") for panel in panels):
        raise TypeError(f"alt_text: expected Axes, an array of them or a Figure, got {drawn!r:.60}")
    words = [drawn.get_suptitle()] if whole else []
    for panel in panels:
        if panel.get_label() != "<colorbar>":  # which is told with what it measures
            words += [panel.get_title(), in_words(panel)]
    return " ".join(f"{one.rstrip('.')}." for one in words if one).replace("\n", " ")


def in_words(panel: Any) -> str:
    """Return what is drawn against what, and how each curve goes."""
    if not panel.axison:
        return ", ".join(text.get_text() for text in panel.texts)
    upright, across = axis_in_words(panel.yaxis), axis_in_words(panel.xaxis)
    measured = f"{upright} against {across}".strip() if across else upright
    handles, labels = panel.get_legend_handles_labels()
    curves = [label + course(handle) for handle, label in zip(handles, labels, strict=True)]
    bars = [shades.colorbar for shades in panel.collections if shades.colorbar]
    curves += [f"{bar.ax.get_ylabel()}, as shades" for bar in bars]
    named = [tick.get_text() for tick in panel.get_yticklabels()]
    texts = [text.get_text() for text in panel.texts]
    if len(named) == len(texts) and panel.containers:  # bars, each with its length beside it
        texts = [f"{name} {text}" for name, text in zip(named, texts, strict=True)]
    return ": ".join(filter(None, (measured, "; ".join(curves + texts))))


def axis_in_words(axis: Any) -> str:
    """Return the label of an axis that has one."""
    label: str = axis.get_label().get_text()
    return f"{label} (logarithmic)" if label and axis.get_scale() == "log" else label


def course(handle: Any) -> str:
    """Return where a line begins and ends and what lies beyond that, or how many dots there are."""
    if not hasattr(handle, "get_xydata"):
        return ""
    xy = np.asarray(handle.get_xydata(), dtype=float)
    x, y = xy[np.all(np.isfinite(xy), axis=1)].T
    if not len(x):
        return ""
    if handle.get_linestyle() == "None":
        return f", {len(x)} dot{'s' * (len(x) > 1)}"
    if len(x) == 2 and x[0] == x[1]:
        return f", at {x[0]:.3g}"  # upright
    if np.all(y == y[0]):
        return f", at {y[0]:.3g}"
    summit = f", up to {y.max():.3g}" if y.max() > max(y[0], y[-1]) else ""
    valley = f", down to {y.min():.3g}" if y.min() < min(y[0], y[-1]) else ""
    return f", from {y[0]:.3g} to {y[-1]:.3g}{summit}{valley}"
