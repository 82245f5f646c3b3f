"""Ways to compute a hypergradient: one strategy a file, all with the same signature.

A method is a frozen dataclass of its settings with one function,
``hypergradient(run, hypers) -> HyperGradient``. To add one, write a file like those here and
enter it in `METHODS`.
"""

from __future__ import annotations

from typing import Any, Protocol

from minigrad.hyper.methods.automatic import Automatic
from minigrad.hyper.methods.checkpointed import Checkpointed
from minigrad.hyper.methods.evolution import Evolution
from minigrad.hyper.methods.finite_difference import FiniteDifference
from minigrad.hyper.methods.forward import Forward
from minigrad.hyper.methods.implicit import Implicit
from minigrad.hyper.methods.persistent import PersistentEvolution
from minigrad.hyper.methods.recorded import Recorded
from minigrad.hyper.methods.reversible import Reversible
from minigrad.hyper.methods.stored import Stored
from minigrad.hyper.methods.truncated import Truncated
from minigrad.hyper.result import HyperGradient
from minigrad.hyper.run import TrainingRun

__all__ = [
    "METHODS",
    "Automatic",
    "Checkpointed",
    "Evolution",
    "FiniteDifference",
    "Forward",
    "Implicit",
    "Method",
    "PersistentEvolution",
    "Recorded",
    "Reversible",
    "Stored",
    "Truncated",
    "hypergradient",
]


class Method(Protocol):
    """What a method has to offer."""

    def hypergradient(self, run: TrainingRun, hypers: Any) -> HyperGradient:
        """Return the cost and its gradient."""
        ...


#: The methods by the names that `hypergradient` takes.
METHODS: dict[str, type[Method]] = {
    "auto": Automatic,
    "recorded": Recorded,
    "stored": Stored,
    "checkpointed": Checkpointed,
    "forward": Forward,
    "reversible": Reversible,
    "finite difference": FiniteDifference,
    "implicit": Implicit,
    "evolution": Evolution,
}


def hypergradient(run: TrainingRun, hypers: Any, method: Method | str = "auto") -> HyperGradient:
    r"""Return the outer cost of a run and its gradient with respect to the hyperparameters.

    .. math:: \frac{dC}{dh} = \frac{\partial C}{\partial h}
              + \frac{\partial C}{\partial s_T} \frac{d s_T}{dh}

    Parameters
    ----------
    run : TrainingRun
        The training loop.
    hypers : tree
        Marked values, as in ``{"eta": mg.positive(0.5), "lam": mg.positive(0.01)}``; unmarked
        ones are real.
    method : Method or str, default "auto"
        How to compute it: ``mg.Stored()``, ``mg.Checkpointed(memory="64 MB")``, ``mg.Forward()``,
        ``mg.Recorded()``, or an approximation: ``mg.Truncated(last=100)``, ``mg.Implicit()``,
        ``mg.Evolution()``, ``mg.FiniteDifference()``; those that need no setting
        also by name. ``"auto"`` takes one that is exact, fits into the memory and is foretold to be
        fast, from the first step; ``stats.why`` says which and why.

    Returns
    -------
    HyperGradient
        With `cost`, `gradient`, `unconstrained`, `elasticity` and `stats`.

    Raises
    ------
    ValueError
        If the method's name is not known, or a schedule does not fit the run.
    minigrad.hyper.NotEnoughMemoryError
        If what the method would keep does not fit into the memory; see
        :func:`minigrad.hyper.forecast`.

    Examples
    --------
    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 1.0,
    ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0 + h["lam"] * w),
    ...     cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    ...     steps=5,
    ... )
    >>> result = mg.hypergradient(run, {"eta": mg.positive(0.3), "lam": mg.positive(0.1)})
    >>> round(result.gradient["eta"], 12), round(result.gradient["lam"], 12)
    (-0.265042321186, 0.345601857181)
    """
    if hypers is None:
        raise TypeError("hypers=None: expected a tree such as {'eta': mg.positive(0.1)}")
    return called(method).hypergradient(run, hypers)


def called(method: Method | str) -> Method:
    """Return a method from itself or its name."""
    if isinstance(method, str):
        if method not in METHODS:
            raise ValueError(f"method={method!r}: expected one of {', '.join(map(repr, METHODS))}")
        return METHODS[method]()
    if isinstance(method, type):
        raise TypeError(
            f"method={method.__name__}: give a method, {method.__name__}(), not its class"
        )
    if not hasattr(method, "hypergradient"):
        raise TypeError(f"method={method!r:.60}: expected a method such as mg.Recorded()")
    return method
