"""Whether the tests notice a mutant.

All tests are collected once, in a *warm* process, and run once under :class:`LineTrace`. A mutant
is then tried on the tests that run its line, in a child of that process, until one fails. A mutant
that acts while the package is imported is tried in a child of a *cold* process, which imports the
package anew with it.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import CodeType
from typing import Any

import hypothesis
import pytest

from tests.mutation.children import in_children, stop_this_process_after
from tests.mutation.coverage import Line, LineTrace
from tests.mutation.imports import ChangedSource, LiveCode, changed_codes, code_tree
from tests.mutation.sites import Mutant

__all__ = ["Verdict", "try_mutants"]

ROOT = Path(__file__).parents[2]
LEFT_OUT = [
    "tests/engine/test_tape.py::test_a_million_instructions_are_swept"
]  # a minute if traced
Spot = tuple[str, int, int]  # file, number of the code object in it, line


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: `killed_by` names the test or the limit; None if it survived."""

    mutant: Mutant
    killed_by: str | None
    tests: int


class Workshop:
    """A pytest plugin that runs `work` on the collected tests in place of pytest's own loop."""

    def __init__(self, work: Callable[[Workshop, list[pytest.Item]], Any], only: Collection = ()):
        self.work, self.only = work, only
        self.result: Any = None
        self.failed = False

    def pytest_collection(self) -> None:
        # No search for a smaller failing example, and no complaint about a slow machine.
        hypothesis.settings.register_profile(
            "mutation",
            hypothesis.settings.get_profile("fast"),
            phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
            report_multiple_bugs=False,
        )
        hypothesis.settings.load_profile("mutation")

    def pytest_pycollect_makeitem(self, collector: Any, name: str) -> list[Any] | None:
        left_out = self.only and name.startswith("test") and name not in self.only
        return [] if left_out else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        broken = "the tests can't be collected" if session.testsfailed else None
        self.result = broken or self.work(self, session.items)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed = self.failed or report.failed

    def passes(self, item: pytest.Item, following: pytest.Item | None, seconds: float) -> bool:
        stop_this_process_after(5 + 10 * seconds, 120 + 60 * seconds)
        self.failed = False
        item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        return not self.failed

    def first_failure(self, items: Sequence[pytest.Item], seconds: dict[str, float]) -> str | None:
        for item, following in pairwise([*items, None]):
            if not self.passes(item, following, seconds.get(item.nodeid, 1.0)):
                return item.nodeid
        return None


def pytest_with(plugin: Workshop, tests: Iterable[str]) -> Any:
    """Run pytest with a plugin; what it worked out, or the exit status if it came to no end."""
    options = ["-p", "no:cacheprovider", "-q", "-s", "--tb=native", f"--rootdir={ROOT}"]
    imported = "ignore::pytest.PytestAssertRewriteWarning"  # Hypothesis is there before pytest runs
    options += ["-W", imported, *(f"--deselect={name}" for name in LEFT_OUT)]
    status = pytest.main([*options, *tests], plugins=[plugin])
    return plugin.result if status in (0, 1, 5) else f"exit status {int(status)}"


@dataclass
class Map:
    """Which tests run which lines, and how long each takes (while it is traced)."""

    seconds: dict[str, float]
    tests: dict[Spot, set[str]]
    at_import: set[tuple[str, int]]

    def on_lines(self, codes: Iterable[tuple[str, int]], lines: tuple[int, int]) -> set[str]:
        wanted = {(*code, line) for code in codes for line in range(lines[0], lines[1] + 1)}
        return set().union(*(self.tests.get(spot, ()) for spot in wanted))


def try_mutants(
    mutants: Sequence[Mutant],
    folders: Sequence[str],
    budget: float,
    jobs: int,
    note: Callable[[Verdict], None] = lambda verdict: None,
) -> list[Verdict]:
    """Try each mutant on the tests of some folders.

    Parameters
    ----------
    mutants : sequence of Mutant
        Of files of the package.
    folders : sequence of str
        The tests; those of the first folders are tried first.
    budget : float
        Seconds of tests, as the first run measured them, after which a mutant counts as survivor.
    jobs : int
        How many are tried at a time.
    note : callable
        Is called with each verdict as it is found, in one process or another.

    Returns
    -------
    list of Verdict
        Not of a mutant that compiles to the code of the original.
    """
    if "minigrad" in sys.modules:
        raise RuntimeError("minigrad is imported already: its sources can't be changed any more")
    # A process for all that needs the package imported; this one stays cold.
    ((_, found),) = in_children(
        [("warm", partial(warm, mutants, folders, budget, jobs, note))], quiet=False
    )
    if isinstance(found, int | str):
        raise RuntimeError(f"the tests could not be run without a mutant: {found}")
    verdicts, later, seconds = found
    tasks = [((m, tests), partial(cold_trial, m, tests, seconds)) for m, tests in later]
    for (mutant, tests), result in in_children(tasks, jobs):
        verdicts.append(Verdict(mutant, killer(result), len(tests)))
        note(verdicts[-1])
    return verdicts


def killer(result: Any) -> str | None:
    """Say what killed a mutant, given what its child process returned."""
    if isinstance(result, int):
        return f"a limit of time or memory (signal {-result})" if result < 0 else "a crash"
    return result


def warm(
    mutants: Sequence[Mutant],
    folders: Sequence[str],
    budget: float,
    jobs: int,
    note: Callable[[Verdict], None],
) -> Any:
    """Collect and trace the tests; try what can be tried by changing live code."""
    trace = LineTrace(str(ROOT / "minigrad"))
    with trace:
        modules = [module_of(file) for file in sorted({m.file for m in mutants})]
    live = LiveCode(modules)
    number = {
        (path, code): (relative(path), k)
        for path, root in live.roots.items()
        for k, code in enumerate(code_tree(root))
    }

    def spots(lines: set[Line]) -> list[Spot]:
        return [(*number[line[:2]], line[2]) for line in lines if line[:2] in number]

    imported = {spot[:2] for spot in spots(trace.seen)}

    def work(workshop: Workshop, items: list[pytest.Item]) -> Any:
        ((_, found),) = in_children([("trace", partial(traced, workshop, items, trace, spots))])
        if isinstance(found, int):
            raise RuntimeError(f"the run of all tests ended with status {found}")
        seconds, tests = found
        known = Map(seconds, tests, imported)
        say(f"{len(seconds)} of {len(items)} tests traced, {sum(seconds.values()):.0f} s")
        for name in [item.nodeid for item in items if item.nodeid not in seconds][:20]:
            say(f"left out, since it fails without a mutant: {name}")
        by_id = {item.nodeid: item for item in items}
        rank = Rank(folders, [item.nodeid for item in items], seconds, budget)
        tasks, later, verdicts = [], [], []
        for mutant in mutants:
            plan = planned(mutant, live, number, known, rank)
            if plan is None:
                continue
            fast, chosen, code = plan
            if not chosen:
                verdicts.append(Verdict(mutant, None, 0))
                note(verdicts[-1])
            elif fast:
                items_chosen = [by_id[name] for name in chosen]
                trial = partial(warm_trial, workshop, items_chosen, seconds, live, mutant, code)
                tasks.append(((mutant, len(chosen)), trial))
            else:
                later.append((mutant, chosen))
        say(
            f"{len(tasks)} mutants of live code, {len(later)} to be imported, "
            f"{len(verdicts)} that no test runs"
        )
        for done, ((mutant, count), result) in enumerate(in_children(tasks, jobs), 1):
            verdicts.append(Verdict(mutant, killer(result), count))
            note(verdicts[-1])
            if done % 100 == 0:
                say(f"{done} of {len(tasks)} tried")
        return verdicts, later, seconds

    return pytest_with(Workshop(work), folders)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def module_of(file: str) -> Any:
    name = file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    return importlib.import_module(name)


def relative(path: str) -> str:
    return Path(path).relative_to(ROOT).as_posix()


def traced(
    workshop: Workshop, items: list[pytest.Item], trace: LineTrace, spots: Callable[..., Any]
) -> Any:
    """Run every test once; return the seconds of each that passes, and the tests of each spot."""
    seconds: dict[str, float] = {}
    tests: dict[Spot, set[str]] = defaultdict(set)
    for item, following in pairwise([*items, None]):
        start = time.process_time()
        with trace:
            passed = workshop.passes(item, following, 60.0)
        if passed:
            seconds[item.nodeid] = time.process_time() - start
            for spot in spots(trace.seen):
                tests[spot].add(item.nodeid)
    return seconds, dict(tests)


class Rank:
    """In which order tests are tried: near ones first, of each kind one before the second."""

    def __init__(
        self, folders: Sequence[str], names: list[str], seconds: dict[str, float], budget: float
    ) -> None:
        self.seconds, self.budget = seconds, budget
        place: Counter[str] = Counter()
        self.order: dict[str, tuple[int, int, float]] = {}
        for name in sorted(seconds, key=seconds.__getitem__):
            kind = name.partition("[")[0]
            home = next(k for k, folder in enumerate(folders) if name.startswith(folder))
            self.order[name] = (home, place[kind], seconds[name])
            place[kind] += 1

    def chosen(self, *groups: set[str]) -> list[str]:
        """Return tests of the groups, those of the first group first, as the budget allows."""
        left, found = self.budget, dict.fromkeys(())
        for group in groups:
            for name in sorted(group - found.keys(), key=self.order.__getitem__):
                if left < 0:
                    break
                left -= self.seconds[name]
                found[name] = None
        return list(found)


def planned(
    mutant: Mutant, live: LiveCode, number: dict, known: Map, rank: Rank
) -> tuple[bool, list[str], CodeType] | None:
    """Return whether live code can be changed, the tests to try and the new code; None if equal."""
    path = str(ROOT / mutant.file)
    new = compile(mutant.source, path, "exec", dont_inherit=True)
    pairs = changed_codes(live.roots[path], new)
    if pairs == []:
        return None  # the compiler makes the same of both
    codes = [number[path, old] for old, _ in pairs or ()]
    alive = [
        old.co_flags & inspect.CO_OPTIMIZED and old.co_freevars == other.co_freevars
        for old, other in pairs or ()
    ]
    direct = (
        known.on_lines(codes, mutant.lines)
        or known.on_lines(codes, mutant.statement)
        or {name for spot, names in known.tests.items() if spot[:2] in codes for name in names}
    )
    if pairs and all(alive) and not known.at_import.intersection(codes):
        return True, rank.chosen(direct), new
    inside = [
        number[path, code]
        for code in code_tree(live.roots[path])
        if mutant.statement[0] <= code.co_firstlineno <= mutant.statement[1]
    ]
    of_row = known.on_lines(inside, mutant.statement)
    called = {name for name in rank.order if mutant.where.removeprefix("np_") in name}
    of_file = {
        n for (file, _, _), names in known.tests.items() if file == mutant.file for n in names
    }
    # What a table says may matter to tests that run no line of its file.
    return False, rank.chosen(direct, of_row, called, of_file, set(rank.order)), new


def warm_trial(
    workshop: Workshop,
    items: list[pytest.Item],
    seconds: dict[str, float],
    live: LiveCode,
    mutant: Mutant,
    code: CodeType,
) -> str | None:
    live.replace(str(ROOT / mutant.file), code)
    return workshop.first_failure(items, seconds)


def cold_trial(mutant: Mutant, tests: list[str], seconds: dict[str, float]) -> Any:
    sys.meta_path.insert(0, ChangedSource(str(ROOT / mutant.file), mutant.source))
    stop_this_process_after(60.0, 600.0)

    def work(workshop: Workshop, items: list[pytest.Item]) -> str | None:
        place = {name: k for k, name in enumerate(tests)}
        chosen = sorted((i for i in items if i.nodeid in place), key=lambda i: place[i.nodeid])
        return workshop.first_failure(chosen, seconds)

    only = {name.partition("[")[0].rpartition("::")[2] for name in tests}
    files = list(dict.fromkeys(name.partition("::")[0] for name in tests))
    return pytest_with(Workshop(work, only), files)
