"""Hyperparameters: training runs, their hypergradients, and the descent on them."""

from minigrad.hyper.compare import Comparison, Trial, compare
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
    Evolution,
    FiniteDifference,
    Forward,
    Implicit,
    PersistentEvolution,
    Recorded,
    Reversible,
    Stored,
    Truncated,
    hypergradient,
)
from minigrad.hyper.momentum_run import MomentumRun
from minigrad.hyper.online import OnlineResult, online
from minigrad.hyper.progress import Progress
from minigrad.hyper.result import HyperGradient, Stats
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.search import SearchResult, grid_search
from minigrad.hyper.tune import OuterStep, TuneResult, tune

__all__ = [
    "METHODS",
    "Automatic",
    "Checkpointed",
    "Comparison",
    "Domain",
    "Evolution",
    "FiniteDifference",
    "Forecast",
    "Forward",
    "Hyper",
    "HyperGradient",
    "Implicit",
    "MomentumRun",
    "NotEnoughMemoryError",
    "OnlineResult",
    "OuterStep",
    "PersistentEvolution",
    "Progress",
    "Recorded",
    "Reversible",
    "Row",
    "SearchResult",
    "Stats",
    "Stored",
    "TrainingRun",
    "Trial",
    "Truncated",
    "TuneResult",
    "bounded",
    "compare",
    "forecast",
    "grid_search",
    "hypergradient",
    "online",
    "per_step",
    "positive",
    "real",
    "tune",
    "unit_interval",
]
