"""The report of :func:`minigrad.explain`: what a hypergradient is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.hyper.plain import plain, preformatted
from minigrad.hyper.result import brief
from minigrad.hyper.unrolling.unroll import like

__all__ = ["Account", "Explanation"]

STRETCHES = 5  # of steps, in the table
GREYS = ("0.5", "0.85", "0.7", "0.95", "0.6", "0.8")
HATCHES = ("", "///", "...", "\\\\\\", "xx", "++")


@dataclass(frozen=True, eq=False)
class Account:
    r"""What the derivative in one hyperparameter is made of.

    Numbers, or arrays of the shape of the hyperparameter.

    Attributes
    ----------
    name : str
        Of the hyperparameter.
    value : float or numpy.ndarray
        Its natural value.
    per_step : bool
        Whether it is a schedule.
    direct : dict of str to value
        For each part of the cost, :math:`\partial C / \partial h` at a fixed last state.
    through : dict of str to dict of str to value
        For each part of the cost and each array of the state that it reads,
        :math:`\langle \partial C / \partial s, ds/dh \rangle`.
    start : value
        What of `through` is due to `init`, which may read the hyperparameter.
    terms : dict of str to numpy.ndarray, shape (T, ...)
        For each array of the state, what step t's use of the hyperparameter adds to `through`.
        Of a schedule, only entry t is used at step t.
    """

    name: str
    value: Any
    per_step: bool
    direct: dict[str, Any]
    through: dict[str, dict[str, Any]]
    start: Any
    terms: dict[str, Any]

    @property
    def total(self) -> Any:
        """The derivative of the cost: all of it."""
        return self.direct_part + self.weights_part

    @property
    def direct_part(self) -> Any:
        """The direct part, of all parts of the cost."""
        return sum(self.direct.values(), 0 * self.value)

    @property
    def weights_part(self) -> Any:
        """The part through the weights, of all parts of the cost."""
        return sum(self.by_leaf.values(), 0 * self.value)

    @property
    def by_leaf(self) -> dict[str, Any]:
        """The share of each array of the state, of all parts of the cost."""
        found: dict[str, Any] = {}
        for shares in self.through.values():
            for leaf, share in shares.items():
                found[leaf] = found[leaf] + share if leaf in found else share
        return found

    @property
    def by_step(self) -> Any:
        """What each step adds to the part through the weights, shape (T, ...)."""
        return sum(self.terms.values(), np.zeros(0) if not self.terms else 0.0)

    def rows(self) -> list[str]:
        """Return the account as lines of text."""
        lines = [
            f"{self.name} = {brief(self.value)}: dC/d{self.name} = {brief(self.total)}",
            f"  {'part':12}{'direct':>15}{'weights':>15}{'sum':>15}",
        ]
        table = {
            part: (direct, sum(self.through[part].values(), 0 * self.value))
            for part, direct in self.direct.items()
        }
        if len(table) > 1:
            table["all"] = (self.direct_part, self.weights_part)
        for part, (direct, weights) in table.items():
            cells = (brief(x) for x in (direct, weights, direct + weights))
            lines.append(f"  {part[:12]:12}" + "".join(f" {cell:>14}" for cell in cells))
        lines.append("  through the weights, by array of the state")
        whole = size(self.weights_part)
        for leaf, share in self.by_leaf.items():
            part_of = f"{100 * size(share, self.weights_part) / whole:12.1f} %" if whole else ""
            lines.append(f"    {leaf[:16]:16}{brief(share):>18}{part_of}")
        lines.append("  through the weights, by step")
        if np.any(self.start):
            lines.append(f"    {'init':16}{brief(self.start):>18}")
        steps = self.by_step
        for some in np.array_split(np.arange(len(steps)), min(STRETCHES, len(steps)) or 1):
            if len(some):
                added = steps[some] if self.per_step else steps[some].sum(axis=0)
                label = f"{some[0]} to {some[-1]}" if len(some) > 1 else f"{some[0]}"
                lines.append(f"    {label:16}{brief(added):>18}")
        return lines

    def to_json(self) -> dict[str, Any]:
        """Return everything as values of strict JSON; what is not finite is None."""
        sums = {
            "total": self.total,
            "direct_part": self.direct_part,
            "weights_part": self.weights_part,
            "by_leaf": self.by_leaf,
            "by_step": self.by_step,
        }
        found: dict[str, Any] = plain({**vars(self), **sums})
        return found


@dataclass(frozen=True, eq=False)
class Explanation:
    """What a hypergradient is made of.

    Attributes
    ----------
    cost : float
        The outer cost.
    hypers : tree
        The marked hyperparameters.
    parts : dict of str to float
        The terms that the cost is the sum of.
    accounts : dict of str to Account
        By the name of the hyperparameter; ``explanation["lam"]`` for short.
    tangents : dict of str to tree
        For each hyperparameter that is one number, the derivative of the trained state in it, by
        forward mode.
    """

    cost: float
    hypers: Any
    parts: dict[str, float]
    accounts: dict[str, Account]
    tangents: dict[str, Any]

    def __getitem__(self, name: str) -> Account:
        """Return the account of a hyperparameter."""
        if name not in self.accounts:
            raise KeyError(f"no hyperparameter {name!r}; there are {', '.join(self.accounts)}")
        return self.accounts[name]

    @property
    def gradient(self) -> Any:
        """The hypergradient, as :func:`minigrad.hypergradient` gives it."""
        totals = tree.unflatten(self.hypers, [one.total for one in self.accounts.values()])
        return tree.map(lambda hyper, total: like(total, hyper.value), self.hypers, totals)

    def __str__(self) -> str:
        sums = " + ".join(f"{part} {value:.6g}" for part, value in self.parts.items())
        lines = [f"cost {self.cost:.6g}" + (f" = {sums}" if len(self.parts) > 1 else "")]
        for account in self.accounts.values():
            lines += ["", *account.rows()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return preformatted(self)

    def to_json(self) -> dict[str, Any]:
        """Return everything but the tangents as values of strict JSON; not finite is None."""
        found: dict[str, Any] = plain({"cost": self.cost, "parts": self.parts})
        return {**found, "hypers": {key: one.to_json() for key, one in self.accounts.items()}}

    def plot(self, ax: Any = None) -> Any:
        """Draw what each step adds to each derivative, stacked by array of the state.

        Of a hyperparameter that is an array, the norm of what it adds.

        Parameters
        ----------
        ax : sequence of Axes, optional
            Where to draw, one for each hyperparameter; a new figure if left out.

        Returns
        -------
        array of Axes

        Raises
        ------
        ImportError
            Without matplotlib; it says what to install.
        ValueError
            If there are not as many Axes as hyperparameters.
        """
        from minigrad.display.plots import pyplot

        count = len(self.accounts)
        if ax is None:
            shape, figsize = (max(count, 1), 1), (6.4, 2.4 + 1.6 * max(count - 1, 0))
            _, ax = pyplot().subplots(*shape, figsize=figsize, layout="constrained", squeeze=False)
        axes = np.ravel(np.array(ax, dtype=object))
        if len(axes) != count:
            raise ValueError(f"plot: ax= must be {count} Axes, one a hyperparameter; got {ax!r}")
        for panel, account in zip(axes, self.accounts.values(), strict=True):
            stack(panel, account)
        return axes


def size(share: Any, along: Any = None) -> float:
    """Return the length of a share, or, with sign, its length along another."""
    if along is None:
        return float(np.linalg.norm(share))
    return float(np.vdot(share, along)) / size(along)


def stack(panel: Any, account: Account) -> None:
    """Draw the terms of one account on a panel."""
    panel.set(xlabel="step", ylabel=f"adds to dC/d{account.name}")
    steps = np.arange(len(account.by_step))
    if np.ndim(account.by_step) > 1:
        norms = np.linalg.norm(account.by_step.reshape(len(steps), -1), axis=1)
        panel.plot(steps, norms, "k-", drawstyle="steps-mid", label="norm")
        panel.legend()
        return
    above, below = np.zeros(len(steps)), np.zeros(len(steps))
    for k, (leaf, terms) in enumerate(account.terms.items()):
        for side, kept in ((above, np.maximum(terms, 0)), (below, np.minimum(terms, 0))):
            panel.fill_between(
                steps,
                side,
                side + kept,
                step="mid",
                facecolor=GREYS[k % len(GREYS)],
                hatch=HATCHES[k % len(HATCHES)],
                edgecolor="0.5",
                linewidth=0.0,
                label=leaf if side is above else None,
            )
            side += kept
    panel.plot(steps, account.by_step, "k-", linewidth=0.9, drawstyle="steps-mid", label="sum")
    panel.axhline(0.0, color="k", linewidth=0.5)
    panel.legend(fontsize="small", ncols=3)
