"""Hyperparameters: training runs, their hypergradients, and the descent on them."""

from minigrad.hyper.domains import (
    Domain,
    Hyper,
    bounded,
    per_step,
    positive,
    real,
    unit_interval,
)
from minigrad.hyper.forecast import Forecast, Row, forecast
from minigrad.hyper.memory import NotEnoughMemoryError
from minigrad.hyper.methods import (
    METHODS,
    Automatic,
    Checkpointed,
    FiniteDifference,
    Forward,
    Recorded,
    Reversible,
    Stored,
    Truncated,
    hypergradient,
)
from minigrad.hyper.momentum_run import MomentumRun
from minigrad.hyper.progress import Progress
from minigrad.hyper.result import HyperGradient, Stats
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.search import SearchResult, grid_search
from minigrad.hyper.tune import OuterStep, TuneResult, tune

__all__ = [
    "METHODS",
    "Automatic",
    "Checkpointed",
    "Domain",
    "FiniteDifference",
    "Forecast",
    "Forward",
    "Hyper",
    "HyperGradient",
    "MomentumRun",
    "NotEnoughMemoryError",
    "OuterStep",
    "Progress",
    "Recorded",
    "Reversible",
    "Row",
    "SearchResult",
    "Stats",
    "Stored",
    "TrainingRun",
    "Truncated",
    "TuneResult",
    "bounded",
    "forecast",
    "grid_search",
    "hypergradient",
    "per_step",
    "positive",
    "real",
    "tune",
    "unit_interval",
]
