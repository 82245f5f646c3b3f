r"""Descent on the hyperparameters, in the coordinates in which they are free.

One outer step is one hypergradient and one step of an outer optimiser on the unconstrained values,
so a learning rate moves by factors and never becomes negative. A step to where the training
explodes is refused: the descent goes back, and on with shorter steps. What is done is kept.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.arguments import seed as whole_seed
from minigrad.hyper.coordinates import Coordinates
from minigrad.hyper.methods import Method, called
from minigrad.hyper.progress import Listener, Progress, listener
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.tuning.checkpoint import CheckpointError, CheckpointFile
from minigrad.hyper.tuning.descent import Descent, Trail
from minigrad.hyper.tuning.outer import OuterOptimiser, outer_optimiser
from minigrad.hyper.tuning.resume import checked, fingerprint, packed, unpacked
from minigrad.hyper.tuning.stopping import Rules
from minigrad.hyper.tuning.tune_result import OuterStep, TuneResult

__all__ = ["OuterStep", "TuneResult", "tune"]


def tune(
    run: TrainingRun | Callable[[int], TrainingRun],
    hypers: Any,
    outer_steps: int = 30,
    *,
    optimiser: OuterOptimiser | str = "signs",
    method: Method | str = "auto",
    seeds: str = "fixed",
    seed: int = 0,
    test: Callable[[Any], Any] | None = None,
    explosion: float = 2.0,
    runaway: float = 10.0,
    tolerance: float = 1e-6,
    patience: int = 15,
    checkpoint: Any = None,
    resume: bool = True,
    overwrite: bool = False,
    callback: Listener = None,
) -> TuneResult:
    r"""Descend on the outer cost of a run with respect to its hyperparameters.

    .. math:: u_i \leftarrow u_i
        - \alpha_i \, \mathrm{sign}\left(\frac{\partial C}{\partial u_i}\right)

    in unconstrained coordinates `u`, where each :math:`\alpha_i` is halved when its sign turns
    [1]_; or by another outer optimiser.

    Parameters
    ----------
    run : TrainingRun, or function of a seed that returns one
        The training loop.
    hypers : tree
        Marked values to start from.
    outer_steps : int, default 30
        Points to try, at most.
    optimiser : str or outer optimiser, default "signs"
        "adam", "signs" or "newton"; or with settings, ``mg.hyper.Adam(rate=0.1)``,
        ``mg.hyper.SignSteps(step=1.0)``, ``mg.hyper.Newton(radius=0.5)``.
    method : Method or str, default "auto"
        How to compute hypergradients. "auto" chooses at the first point and stays with it.
    seeds : str, default "fixed"
        "fixed" trains every point from the same `seed`; "fresh" trains outer step n from
        ``seed + n``, so that the hyperparameters can't adapt to one order of the examples. Then the
        best point is the one where the mean of the last five costs is lowest.
    seed : int, default 0
        The first seed, if `run` is a function of it.
    test : callable, optional
        ``test(values)``, with the tuned natural values, is called once, at the end, at the best
        point: what it looks at has had no part in choosing it. See ``result.test``.
    explosion : float, default 2.0
        A point is refused if its cost is not finite or is above the first by more than this factor;
        by Newton's method also if it is above the cost before it.
    runaway : float, default 10.0
        The descent stops if at the last three points that were accepted, all of them after the best
        one, the gradient's norm is more than this many times its median up to the best one. A point
        where it is more than the square of that, and than the cost itself, is refused. See the
        notes.
    tolerance, patience : float and int, default 1e-6 and 15
        It stops as converged if the norm is at most `tolerance` times the cost, or if the cost has
        not fallen by more than that share of itself in `patience` outer steps.
    checkpoint : str or path, optional
        A file that is written after each outer step, in one piece; the one before it is kept as
        ``PATH.previous``.
    resume : bool, default True
        Go on from the checkpoint, if there is one: the numbers are the same, to the last bit, as if
        the descent had never been interrupted. If False, a file that is there is an error.
    overwrite : bool, default False
        With ``resume=False``: replace a file that is there.
    callback : callable or bar, optional
        Told a :class:`minigrad.hyper.Progress` after each outer step, whose `detail` is an
        :class:`minigrad.hyper.OuterStep`; a bar such as tqdm's is moved by one.

    Returns
    -------
    TuneResult
        ``result.stopped`` says why it ended. Ctrl-C (KeyboardInterrupt) ends a descent with what is
        done so far and "interrupted", if at least one outer step is; before that it is raised.

    Raises
    ------
    ValueError
        If the very first point has a cost or a gradient that is not finite, or a setting makes no
        sense.
    minigrad.hyper.CheckpointError
        If the checkpoint is damaged, is that of another descent, is held by another process or
        can't be written.

    Notes
    -----
    Descent on hyperparameters tends to end where training is about to become unstable. Past that
    edge, the norm of the hypergradient grows exponentially with the length of the training, and
    its direction means nothing. In the recorded run of [2]_ the cost falls from .177 to .110, then
    rises to .156, while the norm rises from .11 to 1.02: it would have been the time to stop.

    After a refused point the descent goes back to the best one, and on with half the rate.

    On resuming, one hypergradient is computed again, at the first point, to see that run and data
    are what they were. A resumed descent keeps what "auto" chose; two descents from the start may
    choose otherwise, by the clock, and differ in rounding: name a method to have the same bits.

    References
    ----------
    .. [1] M. Riedmiller, H. Braun, "A direct adaptive method for faster backpropagation learning:
       the RPROP algorithm", IEEE International Conference on Neural Networks, 1993.
    .. [2] D. Maclaurin, D. Duvenaud, R. P. Adams, "Gradient-based Hyperparameter Optimization
       through Reversible Learning", arXiv:1502.03492, experiment on learning rate schedules.

    Examples
    --------
    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 1.0,
    ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0),
    ...     cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    ...     steps=5,
    ... )
    >>> result = mg.tune(run, {"eta": mg.positive(0.1)}, outer_steps=20)
    >>> bool(result.best.cost < 1e-4 < result.costs[0])
    True
    >>> result.stopped
    "converged: the gradient's norm 0.0e+00 is next to nothing"
    """
    whole = isinstance(outer_steps, int | np.integer) and not isinstance(outer_steps, bool)
    if not whole or outer_steps < 1:
        raise ValueError(f"tune: outer_steps must be 1 or more, got {outer_steps!r}")
    rules = Rules(explosion, tolerance, patience, runaway, seeds == "fresh")
    optimiser = outer_optimiser(optimiser)
    run_of = runs(run, seeds, whole_seed("tune: seed=", seed), optimiser)
    called(method)
    if checkpoint is not None and not isinstance(checkpoint, str | os.PathLike):
        raise TypeError(f"tune: checkpoint= must be a path, got {checkpoint!r:.60}")
    if test is not None and not callable(test):
        raise TypeError(f"tune: test= must be a function of the tuned values, got {test!r:.60}")
    descent = Descent(run_of, Coordinates(hypers), int(outer_steps), optimiser, rules, method)
    tell = listener(callback)
    trail = descent.begin()
    stopped = ""
    with opened(checkpoint) as file:
        try:
            if file is not None:
                identity = fingerprint(descent, seed)
                trail = kept(file, descent, identity, resume, overwrite)
            while not (stopped := descent.reason(trail)):
                following = descent.after(trail)
                if file is not None:
                    file.write(*packed(descent, following, identity))
                trail = following
                event = trail.history[-1]
                tell(Progress(len(trail.history), outer_steps, str(event), event))
            best = trail.history[-1].best
            judged = None if test is None else test(tree.map(lambda h: h.value, best.hypers))
        except KeyboardInterrupt:
            if not trail.history:
                raise
            best, judged, stopped = trail.history[-1].best, None, "interrupted"
    step = next(event.step for event in trail.history if event.result is best)
    return TuneResult(trail.history, best, stopped, judged, run_of(step))


def runs(
    run: Any, seeds: str, seed: int, optimiser: OuterOptimiser
) -> Callable[[int], TrainingRun]:
    """Return the function from the number of an outer step to its training run."""
    if seeds not in ("fixed", "fresh"):
        raise ValueError(f'tune: seeds= must be "fixed" or "fresh", got {seeds!r}')
    if isinstance(run, TrainingRun):
        if seeds == "fresh":
            raise ValueError(
                'tune: seeds="fresh" needs a function of a seed that returns a TrainingRun, in '
                "place of the run"
            )
        return lambda step: run
    if not callable(run):
        raise TypeError(
            f"tune: run= must be a TrainingRun, or a function of a seed that returns one; got "
            f"{run!r:.60}"
        )
    if seeds == "fixed":
        only = made(run, seed)
        return lambda step: only
    if optimiser.monotone:
        raise ValueError(
            f"tune: {type(optimiser).__name__} compares the costs of successive points, which "
            f'fresh seeds make incomparable; take "adam" or "signs", or seeds="fixed"'
        )
    return lambda step: made(run, seed + step)


def made(run: Callable[[int], TrainingRun], seed: int) -> TrainingRun:
    """Return the training run of a seed."""
    found = run(seed)
    if not isinstance(found, TrainingRun):
        raise TypeError(f"tune: run({seed}) must return a TrainingRun, got {found!r:.60}")
    return found


def opened(path: Any) -> Any:
    """Return a checkpoint's file to enter; one that is nothing without a path."""
    return contextlib.nullcontext() if path is None else CheckpointFile(path)


def kept(
    file: CheckpointFile, descent: Descent, identity: dict[str, str], resume: bool, overwrite: bool
) -> Trail:
    """Return the trail that a checkpoint's file holds, or an empty one."""
    if not resume:
        if file.exists() and not overwrite:
            raise CheckpointError(
                f"checkpoint {file.path}: there is one already; resume it, give another path, or "
                f"overwrite=True"
            )
        return descent.begin()
    found = file.read()
    if found is None:
        return descent.begin()
    try:
        trail = unpacked(descent, *found, identity)
        checked(descent, descent.run_of(0), trail)
    except CheckpointError as error:
        raise CheckpointError(f"checkpoint {file.path}: {error}") from None
    return trail
