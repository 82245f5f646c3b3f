"""A tape that records whole training loops, so that hyperparameters have gradients.

The user API. To add operations see :mod:`minigrad.extend`; the engine itself is
:mod:`minigrad.tape`, :mod:`minigrad.variable`, :mod:`minigrad.primitive` and
:mod:`minigrad.sweep`, to be read in this order.
"""

from minigrad import (
    datasets,
    dispatch,
    display,
    errors,
    extend,
    hyper,
    nn,
    ops,
    optim,
    program,
    tree,
)
from minigrad.hyper import (
    Checkpointed,
    FiniteDifference,
    Forward,
    HyperGradient,
    Recorded,
    Stored,
    TrainingRun,
    Truncated,
    bounded,
    grid_search,
    hypergradient,
    per_step,
    positive,
    real,
    tune,
    unit_interval,
)
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

__version__ = "0.1.0"

__all__ = [
    "Checkpointed",
    "Contribution",
    "FiniteDifference",
    "Forward",
    "HyperGradient",
    "Instruction",
    "Mark",
    "Recorded",
    "Stored",
    "Tape",
    "TrainingRun",
    "Truncated",
    "Variable",
    "bounded",
    "datasets",
    "dispatch",
    "display",
    "errors",
    "extend",
    "grad",
    "grid_search",
    "hessian",
    "hvp",
    "hyper",
    "hypergradient",
    "jacobian",
    "jvp",
    "nn",
    "ops",
    "optim",
    "per_step",
    "positive",
    "program",
    "real",
    "stop_gradient",
    "tree",
    "tune",
    "unit_interval",
    "value_and_grad",
    "vjp",
]
