r"""Outer optimisers: how far the hyperparameters go, from one hypergradient to the next.

They work on one flat vector `u` of unconstrained coordinates. Each is a frozen dataclass of
settings with pure functions on a state, which is a dict of arrays, so that it can be written to a
file: ``init(numbers) -> state``, ``update(u, g, state, hessian) -> (u, state)``, and
``refused(state) -> state`` for when the step led to where the training explodes. Every state has a
``"rate"``: how far a step may go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from minigrad.arguments import number
from minigrad.optim import adam

__all__ = ["OPTIMISERS", "Adam", "Newton", "OuterOptimiser", "SignSteps", "outer_optimiser"]

State = dict[str, Any]


class OuterOptimiser(Protocol):
    """What an outer optimiser has to offer."""

    #: Whether it needs costs to fall with every step, so that one that rises is refused.
    monotone: ClassVar[bool]

    def init(self, numbers: int) -> State:
        """Return the state at the beginning."""
        ...

    def update(self, u: Any, g: Any, state: State, hessian: Callable[[], Any]) -> tuple[Any, State]:
        """Return the next point and state, from the gradient at `u`; `hessian()` is that at `u`."""
        ...

    def refused(self, state: State) -> State:
        """Return the state from which to try again, more carefully."""
        ...


@dataclass(frozen=True)
class Adam:
    r"""Adam with short memories, as outer steps are few.

    Parameters
    ----------
    rate : float, default 0.25
        How far a step goes in each unconstrained coordinate. On a logarithm, 0.25 is about 28 %.
    beta1, beta2 : float, default 0.8 and 0.95
        How much of the averages of gradients and of their squares is kept.

    Notes
    -----
    After a refused step, half the rate, and nothing is remembered.

    References
    ----------
    .. [1] D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", arXiv:1412.6980,
       algorithm 1.
    """

    rate: float = 0.25
    beta1: float = 0.8
    beta2: float = 0.95

    monotone: ClassVar[bool] = False

    def __post_init__(self) -> None:
        positive("Adam", rate=self.rate)
        fraction("Adam", beta1=self.beta1, beta2=self.beta2)

    def init(self, numbers: int) -> State:
        """Return the state at the beginning, for so many numbers."""
        nothing = np.zeros(numbers)
        return {"rate": np.float64(self.rate), "m": nothing, "v": nothing, "t": np.float64(0.0)}

    def update(self, u: Any, g: Any, state: State, hessian: Callable[[], Any]) -> tuple[Any, State]:
        """Take one step."""
        slots = adam.State(state["m"], state["v"], state["t"])
        settings = {"beta1": self.beta1, "beta2": self.beta2, "eps": 1e-12}
        u, slots = adam.update(u, g, slots, eta=state["rate"], **settings)
        return u, {"rate": state["rate"], **slots._asdict()}

    def refused(self, state: State) -> State:
        """Halve the rate and forget."""
        return {**self.init(len(state["m"])), "rate": 0.5 * state["rate"]}


@dataclass(frozen=True)
class SignSteps:
    r"""Steps of one length for each hyperparameter, shortened when its derivative changes sign.

    .. math:: \delta_i \leftarrow \begin{cases} s \, \delta_i & \text{if } g_i g_i' < 0 \\
              \delta_i & \text{otherwise} \end{cases}, \qquad
              u_i \leftarrow u_i - \delta_i \operatorname{sign} g_i

    with :math:`g'` the gradient of the step before. Only signs are used, so a gradient that is too
    large or too small by any factor does no harm.

    Parameters
    ----------
    step : float, default 0.5
        The first :math:`\delta_i`, in unconstrained coordinates.
    shrink : float, default 0.5
        :math:`s`, between 0 and 1.

    References
    ----------
    .. [1] M. Riedmiller, H. Braun, "A direct adaptive method for faster backpropagation learning:
       the RPROP algorithm", IEEE International Conference on Neural Networks, 1993.
    .. [2] P. Micaelli, A. Storkey, "Gradient-based Hyperparameter Optimization Over Long Horizons",
       NeurIPS 2021.
    """

    step: float = 0.5
    shrink: float = 0.5

    monotone: ClassVar[bool] = False

    def __post_init__(self) -> None:
        positive("SignSteps", step=self.step)
        fraction("SignSteps", shrink=self.shrink)

    def init(self, numbers: int) -> State:
        """Return the state at the beginning, for so many numbers."""
        return {"rate": np.full(numbers, float(self.step)), "sign": np.zeros(numbers)}

    def update(self, u: Any, g: Any, state: State, hessian: Callable[[], Any]) -> tuple[Any, State]:
        """Take one step."""
        sign = np.sign(g)
        rate = np.where(sign * state["sign"] < 0, self.shrink * state["rate"], state["rate"])
        return u - rate * sign, {"rate": rate, "sign": np.where(sign == 0, state["sign"], sign)}

    def refused(self, state: State) -> State:
        """Shorten all steps, and forget the signs."""
        return {"rate": self.shrink * state["rate"], "sign": np.zeros_like(state["sign"])}


@dataclass(frozen=True)
class Newton:
    r"""Newton's method on the small Hessian of the outer cost, within a radius that is trusted.

    .. math:: \min_d \; g \cdot d + \tfrac12 \, d \cdot (H + \delta I) \, d
              \quad \text{where} \quad \lVert d \rVert \le \rho

    is solved exactly, through the eigenvalues of H: an indefinite H is as good as any. A step to a
    higher cost is refused and the radius becomes half as long as that step was; after one to a
    lower cost it doubles, up to where it began.

    Parameters
    ----------
    radius : float, default 1.0
        The first :math:`\rho`, in unconstrained coordinates: the length of the longest step. On a
        logarithm, 1 is a factor of 2.7.
    damping : float, default 0.0
        :math:`\delta`, added to all curvatures.

    Notes
    -----
    The Hessian takes a hypergradient for each number, so there may be at most 20.

    References
    ----------
    .. [1] J. J. Moré, D. C. Sorensen, "Computing a Trust Region Step", SIAM Journal on Scientific
       and Statistical Computing 4 (1983), section 3.
    """

    radius: float = 1.0
    damping: float = 0.0

    monotone: ClassVar[bool] = True

    def __post_init__(self) -> None:
        positive("Newton", radius=self.radius)
        if not 0 <= self.damping < np.inf:
            raise ValueError(f"Newton: damping= must be 0 or more, got {self.damping!r}")

    def init(self, numbers: int) -> State:
        """Return the state at the beginning, for so many numbers."""
        if numbers > MOST:
            raise ValueError(
                f"Newton: the Hessian of {numbers} numbers takes {numbers} hypergradients a step; "
                f'give at most {MOST}, or take "adam" or "signs"'
            )
        square = np.zeros((numbers, numbers))
        radius = np.float64(self.radius)
        return {"rate": radius, "length": np.float64(0), "u": np.full(numbers, np.nan), "h": square}

    def update(self, u: Any, g: Any, state: State, hessian: Callable[[], Any]) -> tuple[Any, State]:
        """Take one step. The Hessian is kept: after a refused step, `u` is the same again."""
        again = np.array_equal(u, state["u"])
        h = state["h"] if again else hessian()
        lengthened = min(2.0 * state["rate"], self.radius) if state["length"] else state["rate"]
        radius = np.float64(state["rate"] if again else lengthened)
        curvatures, axes = np.linalg.eigh(0.5 * (h + h.T))
        move = axes @ trusted(curvatures + self.damping, axes.T @ g, radius)
        return u + move, {"rate": radius, "length": np.linalg.norm(move), "u": u, "h": h}

    def refused(self, state: State) -> State:
        """Trust half of what was tried."""
        return {**state, "rate": 0.5 * np.minimum(state["rate"], state["length"])}


MOST = 20


def trusted(curvatures: Any, slopes: Any, radius: Any) -> Any:
    """Return the best step within a radius, on the axes of the Hessian, curvatures ascending."""
    lowest = curvatures[0] if len(curvatures) else 0.0
    length = np.linalg.norm(slopes)
    if length == 0.0:
        return np.zeros_like(slopes)
    if lowest > 0 and np.linalg.norm(slopes / curvatures) <= radius:
        return -slopes / curvatures
    # Some multiple of the identity makes the step as long as the radius; lengths fall with it.
    low, high = max(0.0, -lowest), length / radius - lowest
    for _ in range(60):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if np.linalg.norm(slopes / (curvatures + middle)) > radius:
            low = middle
        else:
            high = middle
    return -slopes / (curvatures + high)


def positive(name: str, **settings: float) -> None:
    """Check that settings are positive."""
    for setting, value in settings.items():
        number(f"{name}: {setting}=", value, above=0)


def fraction(name: str, **settings: float) -> None:
    """Check that settings lie between 0 and 1."""
    for setting, value in settings.items():
        number(f"{name}: {setting}=", value)
        if not 0 <= value < 1:
            raise ValueError(f"{name}: {setting}= must be 0 or more and below 1, got {value!r}")


#: The outer optimisers by the names that `tune` takes.
OPTIMISERS: dict[str, Callable[[], OuterOptimiser]] = {
    "adam": Adam,
    "signs": SignSteps,
    "newton": Newton,
}


def outer_optimiser(given: OuterOptimiser | str) -> OuterOptimiser:
    """Return an outer optimiser from itself or its name."""
    if isinstance(given, str):
        if given not in OPTIMISERS:
            known = ", ".join(map(repr, OPTIMISERS))
            raise ValueError(f"optimiser={given!r}: expected one of {known}")
        return OPTIMISERS[given]()
    if isinstance(given, type) or not hasattr(given, "update") or not hasattr(given, "refused"):
        raise TypeError(
            f"optimiser={given!r:.60}: expected an outer optimiser such as mg.hyper.Adam(rate=0.25)"
        )
    return given
