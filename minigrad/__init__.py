"""A tape that records whole training loops, so that hyperparameters have gradients.

The user API. To add operations see :mod:`minigrad.extend`; the engine itself is
:mod:`minigrad.tape`, :mod:`minigrad.variable`, :mod:`minigrad.primitive` and
:mod:`minigrad.sweep`, to be read in this order.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from minigrad import dispatch, display, errors, extend, ops, tree
from minigrad.tape import Contribution, Instruction, Mark, Tape
from minigrad.transforms import (
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    stop_gradient,
    value_and_grad,
    vjp,
)
from minigrad.variable import Variable

if TYPE_CHECKING:
    from minigrad import datasets, hyper, nn, optim, program
    from minigrad import testing as testing
    from minigrad.hyper import (
        Checkpointed,
        Evolution,
        FiniteDifference,
        Forward,
        HyperGradient,
        Implicit,
        Recorded,
        Stored,
        TrainingRun,
        Truncated,
        Verification,
        bounded,
        grid_search,
        hypergradient,
        per_step,
        positive,
        random_search,
        real,
        unit_interval,
    )
    from minigrad.hyper.insight.compare import compare
    from minigrad.hyper.insight.explain import explain
    from minigrad.hyper.insight.trust import trust
    from minigrad.hyper.searching.landscape import landscape
    from minigrad.hyper.searching.multistart import multistart
    from minigrad.hyper.tuning.tune import tune
    from minigrad.hyper.verification.verify import verify

__version__ = "0.1.0"

__all__ = [
    "Checkpointed",
    "Contribution",
    "Evolution",
    "FiniteDifference",
    "Forward",
    "HyperGradient",
    "Implicit",
    "Instruction",
    "Mark",
    "Recorded",
    "Stored",
    "Tape",
    "TrainingRun",
    "Truncated",
    "Variable",
    "Verification",
    "bounded",
    "compare",
    "datasets",
    "dispatch",
    "display",
    "errors",
    "explain",
    "extend",
    "grad",
    "grid_search",
    "hessian",
    "hvp",
    "hyper",
    "hypergradient",
    "jacobian",
    "jvp",
    "landscape",
    "multistart",
    "nn",
    "ops",
    "optim",
    "per_step",
    "positive",
    "program",
    "random_search",
    "real",
    "stop_gradient",
    "tree",
    "trust",
    "tune",
    "unit_interval",
    "value_and_grad",
    "verify",
    "vjp",
]

ROOMS = ("datasets", "hyper", "nn", "optim", "program", "testing")


if not TYPE_CHECKING:  # a checker knows the names above, and no others

    def __getattr__(name: str) -> Any:
        """Load the rooms that a tape alone does not need when they are first asked for."""
        if name in ROOMS:
            return import_module(f"minigrad.{name}")
        if name in __all__:
            return getattr(import_module("minigrad.hyper"), name)
        raise AttributeError(f"module 'minigrad' has no attribute {name!r}; see dir(minigrad)")


def __dir__() -> list[str]:
    return sorted([*__all__, "testing"])
