"""A descent that is cut short at any moment of the code that keeps it.

Python looks for Ctrl-C where a function begins and where a built-in one returns. A profile function
is called at just these moments: if it raises KeyboardInterrupt, that is Ctrl-C then; if it ends the
process on the spot, with nothing tidied up, that is SIGKILL.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad.hyper.tuning import checkpoint, files, resume

ROOMS = {room.__file__ for room in (checkpoint, files, resume, sys.modules[mg.tune.__module__])}
INTERRUPTED, KILLED = 130, 137
KEPT = {"t", "t.previous"}


def descent(path=None):
    """Descend for two outer steps."""
    run = mg.TrainingRun(
        init=lambda h: np.ones(2),
        step=lambda w, h, batch: w - h["eta"] * np.tanh(w - 0.3),
        cost=lambda w, h: np.sum(w**2),
        steps=2,
    )
    return mg.tune(run, {"eta": mg.positive(0.1)}, 2, method="stored", checkpoint=path)


def course(result):
    """Return every number of a descent."""
    slopes = [event.result.gradient["eta"] for event in result.history]
    return np.array([*result.costs, *result.norms, *slopes]).tobytes(), str(result.values)


def until(n, act, path):
    """Run a descent in which `act` is called at the n-th moment; return how many there were."""
    seen = 0

    def look(frame, event, _):
        nonlocal seen
        if event != "return" and frame.f_code.co_filename in ROOMS:
            seen += 1
            if seen == n:
                act()

    sys.setprofile(look)
    try:
        descent(path)
    finally:
        sys.setprofile(None)
    return seen


def interrupt():
    """Do what Ctrl-C does."""
    raise KeyboardInterrupt


def kill():
    """Do what SIGKILL does."""
    os._exit(KILLED)


def status_of(n, act, path):
    """Return the exit status of a process of its own that is cut short at the n-th moment."""
    child = os.fork()
    if child == 0:
        try:
            until(n, act, path)
            os._exit(0)  # a step was done already: it is returned, and the interruption told
        except KeyboardInterrupt:
            os._exit(INTERRUPTED)
        except BaseException:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def names(folder):
    """Return the names of the files in a folder."""
    return {path.name for path in folder.iterdir()}


def check(folder: Path, act, every: int = 1) -> int:
    """Cut a descent short at every such moment and go on with it; return how many there were.

    Raises
    ------
    AssertionError
        If it did not end as the one that was left alone, or left files that don't belong there.
    """
    (folder / "whole").mkdir()
    moments = range(1, 1 + until(0, None, folder / "whole" / "t"), every)
    whole = course(descent())
    for n in moments:
        here = folder / str(n)
        here.mkdir()
        status = status_of(n, act, here / "t")
        assert status in ({KILLED} if act is kill else {0, INTERRUPTED}), (n, status)
        if act is interrupt:  # the lock's file without its lock, if it was about to be taken
            assert names(here) <= {*KEPT, "t.lock"}, (n, names(here))
        assert course(descent(here / "t")) == whole, n
        assert names(here) == KEPT, (n, names(here))
    return len(moments)
