"""When a descent on hyperparameters goes back, when it stops, and which of its points is best.

All of it is a function of the costs and norms so far, so that a descent that is resumed decides as
if it had never been interrupted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.arguments import number

__all__ = ["Columns", "Rules"]

Columns = tuple[Any, Any, Any]  # costs, norms, and which points were accepted, as arrays

IN_A_ROW = 3  # points of a runaway, one after the other
WINDOW = 5  # costs that are averaged where every point has another seed


@dataclass(frozen=True)
class Rules:
    r"""The rules of a descent; see :func:`minigrad.tune` for what they mean.

    The two kinds of runs ask for two kinds of comparison. If every point is trained from the same
    seed, costs are comparable. If each has a fresh one, the lowest cost is that of the luckiest
    seed; then a point is judged by the mean of the last five costs, its own the last of them.
    """

    explosion: float = 2.0
    tolerance: float = 1e-6
    patience: int = 15
    runaway: float = 10.0
    fresh: bool = False

    def __post_init__(self) -> None:
        for name in ("explosion", "runaway"):
            number(f"tune: {name}=", getattr(self, name), above=1)
        number("tune: tolerance=", self.tolerance)
        if not 0 <= self.tolerance < 1:
            raise ValueError(
                f"tune: tolerance= must be 0 or more and below 1, got {self.tolerance!r}"
            )
        if not isinstance(self.patience, int | np.integer) or self.patience < 1:
            raise ValueError(f"tune: patience= must be 1 or more, got {self.patience!r}")

    def accepts(self, cost: float, norm: float, columns: Columns, monotone: bool) -> bool:
        """Whether a point is to be gone on from, after points with these costs and norms."""
        costs, norms, accepted = columns
        if not (np.isfinite(cost) and np.isfinite(norm)):
            return False
        if not len(costs):
            return True
        if monotone and cost > costs[accepted][-1]:
            return False
        if cost > costs[0] + (self.explosion - 1.0) * abs(costs[0]):
            return False
        before = usual(norms, accepted, self.best(costs, accepted))
        return bool(norm <= max(self.runaway**2 * before, abs(cost)))

    def levels(self, costs: Any, accepted: Any) -> Any:
        """Return by what each point is judged; infinity for those that were refused."""
        levels = np.full(len(costs), np.inf)
        if self.fresh:
            kept = costs[accepted]
            levels[accepted] = [
                kept[max(0, i - WINDOW + 1) : i + 1].mean() for i in range(len(kept))
            ]
        else:
            levels[accepted] = costs[accepted]
        return levels

    def best(self, costs: Any, accepted: Any) -> int:
        """Return the index of the best point."""
        return int(np.argmin(self.levels(costs, accepted)))

    def reason(self, columns: Columns) -> str:
        """Return in words why the descent should stop now; nothing if it should not."""
        costs, norms, accepted = columns
        if not len(costs):
            return ""
        last = len(costs) - 1
        if accepted[last] and norms[last] <= self.tolerance * abs(costs[last]):
            return f"converged: the gradient's norm {norms[last]:.1e} is next to nothing"
        best = self.best(costs, accepted)
        norm = usual(norms, accepted, best)
        steps = np.flatnonzero(accepted & (np.arange(len(costs)) > best))[-IN_A_ROW:]
        if len(steps) == IN_A_ROW and (norms[steps] > self.runaway * norm).all():
            return (
                f"runaway: the gradient's norm has risen from {norm:.1e} to {norms[last]:.1e}, "
                f"and the cost from {costs[best]:.4g} to {costs[last]:.4g}"
            )
        if last - self.last_gain(self.levels(costs, accepted)) >= self.patience:
            return f"converged: no better cost in {self.patience} outer steps"
        return ""

    def last_gain(self, levels: Any) -> int:
        """Return the last point that was better than all before by more than the tolerance."""
        mark, gain = levels[0], 0
        for step, level in enumerate(levels):
            if level < mark - self.tolerance * abs(mark):
                mark, gain = level, step
        return gain


def usual(norms: Any, accepted: Any, best: int) -> float:
    """Return the median of the norms up to the best point: what is no runaway."""
    return float(np.median(norms[: best + 1][accepted[: best + 1]]))
