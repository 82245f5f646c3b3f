"""Child processes by fork: a mutant lives in a process of its own, which it may ruin."""

from __future__ import annotations

import os
import pickle
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any

__all__ = ["in_children", "stop_this_process_after"]

MEMORY = 3 * 2**30  # bytes that a mutant may take beyond what its parent had


def in_children(
    tasks: Iterable[tuple[Any, Callable[[], Any]]], jobs: int = 1, quiet: bool = True
) -> Iterator[tuple[Any, Any]]:
    """Run each task in a forked child, `jobs` at a time; yield its label and what it returned.

    In place of a result there is the number of a signal, negative, or the exit status, if the child
    died without one.
    """
    running: dict[Connection, tuple[Any, int]] = {}
    for label, function in tasks:
        running.update([start(label, function, quiet)])
        if len(running) >= jobs:
            yield from finished(running)
    while running:
        yield from finished(running)


def start(label: Any, function: Callable[[], Any], quiet: bool) -> tuple[Connection, Any]:
    receiver, sender = Pipe(duplex=False)
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        sender.close()
        return receiver, (label, child)
    status = 70
    try:
        if quiet:
            nowhere = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(nowhere, descriptor)
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            limit = pages * resource.getpagesize() + MEMORY
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        sender.send(function())
        status = 0
    except BaseException:
        traceback.print_exc()  # seen if the child is not quiet
    finally:
        sys.stderr.flush()
        os._exit(status)


def finished(running: dict[Connection, tuple[Any, int]]) -> Iterator[tuple[Any, Any]]:
    """Wait until one or more of the children are done."""
    for receiver in wait(list(running)):
        label, child = running.pop(receiver)
        try:
            result = receiver.recv()
        except (EOFError, pickle.UnpicklingError):
            result = None
        receiver.close()
        _, status = os.waitpid(child, 0)
        yield label, os.waitstatus_to_exitcode(status) if status else result


def stop_this_process_after(cpu_seconds: float, wall_seconds: float) -> None:
    """Let a signal end this process unless the limits are set anew in time."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    signal.setitimer(signal.ITIMER_REAL, wall_seconds)
