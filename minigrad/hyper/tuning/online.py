"""Hyperparameters that change while the training goes on: hypergradients of short windows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from minigrad import tree
from minigrad.arguments import function, number
from minigrad.hyper.coordinates import Coordinates, flat
from minigrad.hyper.health import divergence, growth
from minigrad.hyper.plain import named, plain, preformatted
from minigrad.hyper.progress import Listener, Progress, listener
from minigrad.hyper.result import HyperGradient, Stats, brief
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.unrolling.unroll import State, Unroll, size
from minigrad.hyper.unrolling.windows import checked_window, cost_at, moved_to, windows
from minigrad.program.step import floating
from minigrad.tape import Tape
from minigrad.variable import value_of

__all__ = ["OnlineResult", "online"]

Loss = Callable[[Any, Any, Any], Any]
SHOWN = 12  # windows in a printed table


class Optimiser(Protocol):
    """What is asked of an outer optimiser: pure functions on a vector `u` and a state."""

    def init(self, numbers: int) -> Any:
        """Return the state at the beginning."""
        ...

    def update(self, u: Any, g: Any, state: Any, hessian: Callable[[], Any]) -> tuple[Any, Any]:
        """Return the next `u` and state, from the gradient at `u`."""
        ...


@dataclass(frozen=True)
class Descent:
    """Plain gradient descent."""

    rate: float

    def init(self, numbers: int) -> Any:
        """Return the state, of which there is none."""
        return ()

    def update(self, u: Any, g: Any, state: Any, hessian: Callable[[], Any]) -> tuple[Any, Any]:
        """Take one step down."""
        return u - self.rate * g, state


@dataclass(frozen=True)
class OnlineResult:
    """What a training made of its hyperparameters on the way.

    Attributes
    ----------
    history : list of HyperGradient
        For each window, what its last pass gave: the loss at its end, the hypergradient over the
        window, and the hypers that the training went through it with.
    ends : list of int
        The steps that were done at the end of each window.
    state : tree
        After the last step.
    cost : float
        The outer cost of that state.
    hypers : tree
        After the last update, marked.
    """

    history: list[HyperGradient]
    ends: list[int]
    state: Any
    cost: float
    hypers: Any

    @property
    def values(self) -> Any:
        """The hyperparameters after the last update, as plain natural values."""
        return tree.map(lambda hyper: hyper.value, self.hypers)

    @property
    def used(self) -> dict[str, Any]:
        """By name, the natural values that each window was gone through with, as one array."""
        points = [named(tree.map(lambda h: h.value, result.hypers)) for result in self.history]
        return {name: np.array([point[name] for point in points]) for name in points[0]}

    def __str__(self) -> str:
        used, n = self.used, len(self.ends)
        shown = sorted({round(k * (n - 1) / max(1, SHOWN - 1)) for k in range(SHOWN)})
        lines = [
            f"{n} windows, cost {self.cost:.6g} at the end",
            f"{'steps':>8}{'loss':>13}" + "".join(f"  {name[-12:]:>12}" for name in used),
        ]
        for k in shown:
            values = "".join(f"  {brief(values[k]):>12}" for values in used.values())
            lines.append(f"{self.ends[k]:8,}{self.history[k].cost:13.6g}{values}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return preformatted(self)

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as values that strict JSON can hold; what is not finite as None."""
        report = {
            "cost": self.cost,
            "hypers": named(self.values),
            "ends": self.ends,
            "losses": [result.cost for result in self.history],
            "used": self.used,
        }
        return plain(report)  # type: ignore[no-any-return]

    def plot(self, ax: Any = None) -> Any:
        """Draw the hyperparameters that are single numbers against the step; return the Axes."""
        from minigrad.display.plots import pyplot

        ax = pyplot().subplots()[1] if ax is None else ax
        styles = ("-", "--", ":", "-.")
        for k, (name, values) in enumerate(self.used.items()):
            if values.ndim == 1:
                line = [*values, values[-1]]
                style = styles[k % len(styles)]
                ax.step([0, *self.ends], line, style, where="post", color="k", label=name)
        ax.set(xlabel="step", ylabel="hyperparameter")
        ax.legend()
        return ax


def online(
    run: TrainingRun,
    hypers: Any,
    *,
    window: int = 1,
    passes: int = 1,
    rate: float = 0.1,
    optimiser: Optimiser | None = None,
    loss: Loss | None = None,
    callback: Listener = None,
) -> OnlineResult:
    r"""Train once, and move the hyperparameters down after each window of steps.

    .. math:: u \leftarrow u - \alpha \, \frac{d}{du} \, \ell(s_{t+K}(s_t, u)), \qquad
              s_t \text{ held constant}

    This is the hypergradient of :class:`minigrad.Stored` on a shorter run. With ``window=T`` it is
    that of the whole training, and passes of it are a descent as :func:`minigrad.tune` makes; with
    ``window=1`` and the training loss on the next batch it is the hypergradient descent of
    Baydin and others, through any optimiser that the step may use. Between them lies the
    short-horizon bias: what is best for the next few steps is not what is best in the end.

    Parameters
    ----------
    run : TrainingRun
        The training loop.
    hypers : tree
        Marked values to start from.
    window : int, default 1
        K: steps in a window. The last window is shorter if it has to be.
    passes : int, default 1
        How often each window is gone through, from the same state; the hypers are moved after each
        pass, and the training goes on from the last.
    rate : float, default 0.1
        :math:`\alpha`, for gradient descent in the unconstrained coordinates.
    optimiser : outer optimiser, optional
        Instead of gradient descent: an object with ``init(numbers) -> state`` and
        ``update(u, g, state, hessian) -> (u, state)``; there is no Hessian here.
    loss : callable, optional
        ``loss(state, hypers, batch) -> scalar`` at the end of a window, with the batch of the next
        step (at the very end, of the last one). The run's outer cost, if left out.
    callback : callable or bar, optional
        Told a :class:`minigrad.hyper.Progress` after each window, whose `detail` is its
        :class:`minigrad.HyperGradient`.

    Returns
    -------
    OnlineResult

    Raises
    ------
    ValueError
        If a setting is out of range, or the loss or its gradient stops being finite.

    References
    ----------
    .. [1] A. G. Baydin, R. Cornish, D. Martinez Rubio, M. Schmidt, F. Wood, "Online Learning Rate
       Adaptation with Hypergradient Descent", ICLR 2018, section 3.
    .. [2] K. Chandra, A. Xie, J. Ragan-Kelley, E. Meijer, "Gradient Descent: The Ultimate
       Optimizer", NeurIPS 2022, section 2.
    .. [3] Y. Wu, M. Ren, R. Liao, R. Grosse, "Understanding Short-Horizon Bias in Stochastic
       Meta-Optimization", ICLR 2018.

    Examples
    --------
    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 1.0,
    ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0),
    ...     cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    ...     steps=10,
    ... )
    >>> hypers = {"eta": mg.positive(0.1)}
    >>> result = mg.hyper.online(run, hypers, rate=1.0)
    >>> bool(result.values["eta"] > 0.1 and result.cost < run.evaluate(hypers))
    True
    >>> whole = mg.hyper.online(run, hypers, window=10)
    >>> whole.history[0].gradient == mg.hypergradient(run, hypers, mg.Stored()).gradient
    True
    """
    window = checked_window("online", window)
    if not isinstance(passes, int | np.integer) or isinstance(passes, bool) or passes < 1:
        raise ValueError(f"online: passes= must be a number of passes, 1 or more, got {passes!r}")
    number("online: rate=", rate)
    if optimiser is not None and not (hasattr(optimiser, "init") and hasattr(optimiser, "update")):
        raise TypeError(
            f"online: optimiser= must have init and update, as mg.hyper.Adam(rate=0.1) has, got "
            f"{optimiser!r:.60}"
        )
    if loss is not None:
        function("online: loss=", loss)
    mover = Descent(rate) if optimiser is None else optimiser
    tell = listener(callback)
    coordinates = Coordinates(hypers)
    at = coordinates.marked
    u = flat(tree.map(lambda hyper: hyper.unconstrained, at))
    memory = mover.init(coordinates.size)
    unroll = Unroll(run, at)
    state = unroll.begin()
    history: list[HyperGradient] = []
    stretches = windows(run.steps, window)
    for first, end in stretches:
        for _ in range(passes):
            unroll = moved_to(unroll, at)
            new, result = finite_pass(unroll, state, first, end, loss)
            u, memory = mover.update(u, flat(result.unconstrained), memory, no_hessian)
            at = coordinates.moved_to(u)
        state = new
        history.append(result)
        tell(Progress(len(history), len(stretches), f"loss {result.cost:.4f}", result))
    cost = cost_at(run, unroll, state)
    return OnlineResult(history, [end for _, end in stretches], unroll.unflatten(state), cost, at)


def finite_pass(
    unroll: Unroll, state: State, first: int, end: int, loss: Loss | None
) -> tuple[State, HyperGradient]:
    """Return what `one_pass` does, if it is finite.

    Raises
    ------
    ValueError
        If it is not; the step where that began is named.
    """
    marked = unroll.marked
    try:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            new, result = one_pass(unroll, state, first, end, loss)
        if np.isfinite(result.cost) and np.isfinite(result.norm):
            return new, result
        what = f"the loss is {result.cost:.3g} and the norm of its gradient {result.norm:.3g}"
    except ArithmeticError:
        what = "the state is not finite"
    begun = None if first == 0 else unroll.unflatten(state)
    found = divergence(unroll.run, marked, begun, first, end)
    raise ValueError(
        f"online: {f'after {end} steps {what}' if found is None else found.words}, with "
        f"{tree.map(lambda h: h.value, marked)}; take a smaller rate="
    )


def one_pass(
    unroll: Unroll, state: State, first: int, end: int, loss: Loss | None
) -> tuple[State, HyperGradient]:
    """Go through a window and back; return the state at its end and the hypergradient over it."""
    start = time.perf_counter()
    if first == 0:
        state = unroll.begin()
    state, kept = unroll.forward_stretch(state, first, end)
    kept_bytes = size(kept)
    cost, bar = unroll.end(state) if loss is None else judged(unroll, state, end, loss)
    first_bar = unroll.backward_stretch(bar, kept)
    if first == 0:
        unroll.pull_begin(first_bar)
    stats = Stats(
        method=f"online, steps {first} to {end}",
        exact=(first, end) == (0, unroll.run.steps),
        steps_run=unroll.steps_run,
        seconds=time.perf_counter() - start,
        why=unroll.why,
        kept_bytes=kept_bytes,
        growth=growth(bar, first_bar),
    )
    return state, HyperGradient(cost, unroll.gradient, unroll.marked, stats)


def judged(unroll: Unroll, state: State, end: int, loss: Loss) -> tuple[Any, State]:
    """Return the loss on the next batch and the cotangents of the state; gather the hypers'."""
    unroll.check(state)
    batch = unroll.run.batch(max(0, min(end, unroll.run.steps - 1)))
    with Tape() as tape:
        given = tape.variable(unroll.unflatten(state))
        hypers = tape.variable(unroll.values)
        cost = loss(given, hypers, batch)
    bars = tape.gradient(cost, [floating(tree.leaves(given)), tree.leaves(hypers)])
    unroll.gather(bars[1], None)
    return value_of(cost), bars[0]


def no_hessian() -> Any:
    """Say that there is none."""
    raise ValueError("online: an optimiser that needs the Hessian can't be used online")
