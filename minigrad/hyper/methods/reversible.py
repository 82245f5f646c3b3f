r"""Training run backward to the last bit: the memory is that of the bits momentum forgets.

Floating-point steps lose bits. In whole numbers (weights and velocities in units of
:math:`2^{-50}`) adding and subtracting lose none, and multiplying a velocity by the fraction
:math:`\beta = n / d` loses :math:`\log_2(1 / \beta)` bits, the remainder of a division. They go
into an information buffer: a number for each weight, to which the remainder is appended as a digit
in base d, and from which a digit in base n is taken to fill the velocity up::

    x, v = x * d + v % d, v // d      # divide: the remainder goes to the buffer
    v, x = v * n + x % n, x // n      # multiply: room for a digit from the buffer

Backward, each line is undone. The numbers x of all weights grow by the same factor, so their
lowest bits are moved to a stack at the same steps, sixteen at a time for all weights.
"""

from __future__ import annotations

import math
import time
from array import array
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from minigrad.hyper.health import growth, noted
from minigrad.hyper.result import HyperGradient, Stats
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.unrolling.momentum_run import MomentumRun
from minigrad.hyper.unrolling.steps import weak
from minigrad.hyper.unrolling.unroll import State, Unroll

__all__ = ["InformationBuffer", "Reversible"]

UNIT = 2.0**-50  # of weights and velocities
LARGEST = 2.0**62  # in units: weights and velocities stay below 2**12
DENOMINATOR = 1 << 16  # the largest of beta: digits then disturb a velocity by 2**-34 at most
WORD_BITS = 16


@dataclass(frozen=True)
class Reversible:
    r"""Keep the last state alone, and run the training backward from there, exactly.

    For a :class:`minigrad.hyper.MomentumRun`. The training is done in whole numbers, so that it
    can be undone to the last bit. It differs from that of floating point by rounding, at most
    :math:`2^{-34}` a step, as :math:`\beta` does by the fraction that stands for it. What
    momentum forgets is kept, :math:`\log_2(1/\beta)` bits for each weight and step: 0.15 at
    :math:`\beta = 0.9`, in place of 64. Each step is run three times.

    Raises
    ------
    TypeError
        If the run is no :class:`minigrad.hyper.MomentumRun`.
    ValueError
        If :math:`\beta` is not in (0, 1], or eta or beta is not a number or a schedule of numbers.
    OverflowError
        If a weight, velocity or gradient reaches :math:`2^{12}`.
    RuntimeError
        If the training does not come back to where it began, because a step run again was another
        one (batches that change, random numbers).

    References
    ----------
    .. [1] D. Maclaurin, D. Duvenaud, R. P. Adams, "Gradient-based Hyperparameter Optimization
       through Reversible Learning", ICML 2015, section 3.

    Examples
    --------
    >>> import minigrad as mg
    >>> run = mg.hyper.MomentumRun(
    ...     init=lambda h: 1.0,
    ...     gradient=lambda w, h, batch: w - 2.0 + 0.1 * w,
    ...     cost=lambda w, h: w,
    ...     steps=5,
    ... )
    >>> hypers = {"eta": mg.positive(0.3), "beta": mg.unit_interval(0.5)}
    >>> result = mg.hypergradient(run, hypers, mg.hyper.Reversible())
    >>> round(result.gradient["eta"], 9), round(result.gradient["beta"], 9)
    (0.412029045, 0.78204204)
    """

    def hypergradient(self, run: TrainingRun, hypers: Any) -> HyperGradient:
        """Return the cost and its gradient; see :func:`minigrad.hypergradient`."""
        start = time.perf_counter()
        if not isinstance(run, MomentumRun):
            raise TypeError(
                "Reversible runs momentum backward, and has to know that a step is momentum: give "
                "it a minigrad.hyper.MomentumRun; for other runs take Checkpointed()"
            )
        unroll = Unroll(run, hypers)
        first = unroll.begin()
        exact = ExactMomentum(first)
        begun = [x.copy() for x in exact.w]
        for t in range(run.steps):
            eta, beta = rates(unroll, t)
            try:
                exact.push(exact.gradient(unroll, t), beta)
                exact.move(-eta)
            except OverflowError as error:
                raise OverflowError(f"Reversible: at step {t}, {error}") from None
        cost, bar = unroll.end(exact.state)
        last_bar = bar
        kept_bytes, bits = exact.nbytes, exact.bits
        for t in reversed(range(run.steps)):
            eta, beta = rates(unroll, t)
            exact.move(eta)
            exact.pull(exact.gradient(unroll, t), beta)
            state = exact.state
            bar = unroll.backward(bar, state, unroll.forward(state, t)[1], t)
        if not all(map(np.array_equal, exact.w, begun)) or any(map(np.any, exact.v)):
            raise RuntimeError(
                "Reversible: run backward, the training did not come back to its first state, so "
                "some step was another one the second time: do the batches change, or does a step "
                "draw random numbers?"
            )
        unroll.pull_begin(bar)
        per_step = bits / max(run.steps, 1)
        stats = Stats(
            method="Reversible()",
            exact=True,
            steps_run=unroll.steps_run,
            steps_rerun=unroll.steps_run - run.steps,
            seconds=time.perf_counter() - start,
            kept_bytes=kept_bytes,
            growth=growth(last_bar, bar),
            why="; ".join(filter(None, (f"{per_step:.3g} bits a weight and step", unroll.why))),
        )
        return noted(HyperGradient(cost, unroll.gradient, unroll.marked, stats), run)


def rates(unroll: Unroll, t: int) -> tuple[float, float]:
    """Return the rate and the momentum of a step, as plain numbers."""
    hypers = unroll.at_step(t)
    eta, beta = hypers["eta"], hypers["beta"]
    for name, x in (("eta", eta), ("beta", beta)):
        if np.ndim(x) != 0:
            raise ValueError(
                f"Reversible: {name} must be a number, or per_step numbers, at each step it has "
                f"shape {np.shape(x)}"
            )
    return float(eta), float(beta)


class InformationBuffer:
    """Bits that multiplications lose, kept so that these can be undone: last in, first out.

    Parameters
    ----------
    shape : tuple
        Of the arrays that are multiplied.

    Attributes
    ----------
    bits : float
        How many are kept for each number.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.x = np.zeros(shape, np.int64)
        self.bound = 0  # no x is larger
        self.words: list[Any] = []
        self.bounds = array("Q")  # before each multiplication,
        self.full = bytearray()  # and whether words were moved after it

    @property
    def nbytes(self) -> int:
        """Bytes of what is kept."""
        words = sum(word.nbytes for word in self.words)
        return int(self.x.nbytes + words) + self.bounds.itemsize * len(self.bounds) + len(self.full)

    @property
    def bits(self) -> float:
        """How many bits are kept for each number."""
        return WORD_BITS * len(self.words) + math.log2(self.bound + 1)

    def multiply(self, v: Any, beta: Fraction) -> Any:
        """Return `v` times `beta` in whole numbers, and keep what it takes to undo it."""
        n, d = beta.as_integer_ratio()
        x = self.x * d + v % d
        v = v // d * n + x % n
        before, self.bound = self.bound, (self.bound * d + d - 1) // n
        self.x = x // n
        full = self.bound >= 1 << (2 * WORD_BITS)
        if full:
            self.words.append((self.x & ((1 << WORD_BITS) - 1)).astype(np.uint16))
            self.x >>= WORD_BITS
            self.bound >>= WORD_BITS
        self.bounds.append(before)
        self.full.append(full)
        return v

    def divide(self, v: Any, beta: Fraction) -> Any:
        """Undo the last :meth:`multiply`."""
        n, d = beta.as_integer_ratio()
        self.bound = self.bounds.pop()
        if self.full.pop():
            self.x = (self.x << WORD_BITS) | self.words.pop()
        x = self.x * n + v % n
        self.x = x // d
        return v // n * d + x % d


class ExactMomentum:
    """Weights and velocities in whole numbers, moved forward and back without loss.

    Parameters
    ----------
    state : list
        The leaves of the weights, then those of the velocities, which are zero.
    """

    def __init__(self, state: State) -> None:
        self.like = state[: len(state) // 2]
        self.w = [whole(x, "a weight") for x in self.like]
        self.v = [np.zeros_like(x) for x in self.w]
        self.buffers = [InformationBuffer(x.shape) for x in self.w]

    @property
    def state(self) -> State:
        """The state in floating point."""
        return [
            inexact(i, x) for part in (self.w, self.v) for i, x in zip(part, self.like, strict=True)
        ]

    @property
    def bits(self) -> float:
        """How many bits are kept for each weight."""
        return max((buffer.bits for buffer in self.buffers), default=0.0)

    @property
    def nbytes(self) -> int:
        """Bytes of weights, velocities and buffers."""
        kept = sum(buffer.nbytes for buffer in self.buffers)
        return kept + sum(int(x.nbytes) for x in (*self.w, *self.v))

    def gradient(self, unroll: Unroll, t: int) -> State:
        """Return the gradient at the weights: from rest, it is the velocity after a step."""
        half = len(self.like)
        rest = [np.zeros_like(x) if np.ndim(x) else 0.0 * x for x in self.like]
        return unroll.step([*self.state[:half], *rest], t)[half:]

    def push(self, g: State, beta: float) -> None:
        """Take a step of the velocities."""
        ratio = fraction(beta)
        kept = [b.multiply(v, ratio) for b, v in zip(self.buffers, self.v, strict=True)]
        self.v = [v + whole(x, "a gradient") for v, x in zip(kept, g, strict=True)]
        check(self.v, "a velocity")

    def pull(self, g: State, beta: float) -> None:
        """Undo :meth:`push`."""
        ratio = fraction(beta)
        kept = [v - whole(x, "a gradient") for v, x in zip(self.v, g, strict=True)]
        self.v = [b.divide(v, ratio) for b, v in zip(self.buffers, kept, strict=True)]

    def move(self, eta: float) -> None:
        """Move the weights along the velocities; undone by moving by ``-eta``."""
        steps = [whole(eta * (v * UNIT), "a step") for v in self.v]
        self.w = [w + step for w, step in zip(self.w, steps, strict=True)]
        check(self.w, "a weight")


def fraction(beta: float) -> Fraction:
    """Return the nearest fraction that serves as the momentum."""
    ratio = Fraction(beta).limit_denominator(DENOMINATOR) if 0 <= beta <= 1 else Fraction(0)
    if ratio == 0:
        raise ValueError(
            f"Reversible: beta must be above 0 and not above 1, got {beta!r}: without momentum "
            f"each step forgets all of the velocity, and Checkpointed() takes less memory"
        )
    return ratio


def whole(x: Any, what: str) -> Any:
    """Return numbers in units, as whole ones."""
    scaled = np.rint(np.asarray(x, float) / UNIT)
    check([scaled], what)
    return scaled.astype(np.int64)


def check(parts: State, what: str) -> None:
    """Raise if a number is too large, or none at all."""
    for part in parts:
        if not np.all(np.abs(part) < LARGEST):
            raise OverflowError(
                f"{what} is beyond {LARGEST * UNIT:g}, the range of its whole numbers: does the "
                f"training explode? Take a smaller eta, or Checkpointed()"
            )


def inexact(i: Any, like: Any) -> Any:
    """Return whole numbers of units in floating point, of the kind that `like` is."""
    return weak((i * UNIT).astype(np.asarray(like).dtype)[()])
