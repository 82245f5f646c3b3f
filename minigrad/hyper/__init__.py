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
from minigrad.hyper.insight.compare import Comparison, Trial, compare
from minigrad.hyper.insight.explain import explain
from minigrad.hyper.insight.explanation import Account, Explanation
from minigrad.hyper.insight.sharpness import Sharpness
from minigrad.hyper.insight.trust import trust
from minigrad.hyper.insight.trust_report import Trust
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
from minigrad.hyper.progress import Progress
from minigrad.hyper.result import HyperGradient, Stats
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.searching.boxes import Box, between
from minigrad.hyper.searching.landscape import Landscape, Minimum, landscape
from minigrad.hyper.searching.multistart import MultistartResult, multistart
from minigrad.hyper.searching.search import SearchResult, grid_search, random_search
from minigrad.hyper.searching.workers import Failure, SearchError, SearchInterrupted
from minigrad.hyper.tuning.checkpoint import CheckpointError
from minigrad.hyper.tuning.online import OnlineResult, online
from minigrad.hyper.tuning.outer import Adam, Newton, SignSteps
from minigrad.hyper.tuning.tune import OuterStep, TuneResult, tune
from minigrad.hyper.unrolling.momentum_run import MomentumRun
from minigrad.hyper.verification.report import Verification
from minigrad.hyper.verification.verify import verify
from minigrad.hyper.verification.witnesses import Answer

__all__ = [
    "METHODS",
    "Account",
    "Adam",
    "Answer",
    "Automatic",
    "Box",
    "CheckpointError",
    "Checkpointed",
    "Comparison",
    "Domain",
    "Evolution",
    "Explanation",
    "Failure",
    "FiniteDifference",
    "Forecast",
    "Forward",
    "Hyper",
    "HyperGradient",
    "Implicit",
    "Landscape",
    "Minimum",
    "MomentumRun",
    "MultistartResult",
    "Newton",
    "NotEnoughMemoryError",
    "OnlineResult",
    "OuterStep",
    "PersistentEvolution",
    "Progress",
    "Recorded",
    "Reversible",
    "Row",
    "SearchError",
    "SearchInterrupted",
    "SearchResult",
    "Sharpness",
    "SignSteps",
    "Stats",
    "Stored",
    "TrainingRun",
    "Trial",
    "Truncated",
    "Trust",
    "TuneResult",
    "Verification",
    "between",
    "bounded",
    "compare",
    "explain",
    "forecast",
    "grid_search",
    "hypergradient",
    "landscape",
    "multistart",
    "online",
    "per_step",
    "positive",
    "random_search",
    "real",
    "trust",
    "tune",
    "unit_interval",
    "verify",
]
