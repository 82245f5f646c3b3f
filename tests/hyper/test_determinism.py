"""Same seed, same threads, same bytes: again, by methods that promise it, in other processes."""

import json

import pytest
from determinism import METHODS, OF_THEIR_OWN, digest, digests, digests_of_processes
from training_runs import RUNS

import minigrad as mg
from minigrad.cli import main

EACH = {name: method for methods in METHODS.values() for name, method in methods.items()}


@pytest.mark.parametrize("name", ["layers", "single number"])
@pytest.mark.parametrize("method", EACH)
def test_a_hundred_times_the_same_bytes(name, method):
    """The first time steps are recorded, later their kept programs are run."""
    run, hypers = RUNS[name]()
    found = [digest(mg.hypergradient(run, hypers, EACH[method])) for _ in range(100)]
    assert found == found[:1] * 100


@pytest.mark.parametrize("method", OF_THEIR_OWN)
def test_methods_for_runs_of_their_own_give_the_same_bytes_a_hundred_times(method):
    run, hypers, settings = OF_THEIR_OWN[method]
    found = [digest(mg.hypergradient(run, hypers, settings)) for _ in range(100)]
    assert found == found[:1] * 100


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("group", METHODS)
def test_methods_that_promise_it_agree_to_the_last_bit(name, group):
    run, hypers = RUNS[name]()
    found = {
        method: digest(mg.hypergradient(run, hypers, settings))
        for method, settings in METHODS[group].items()
    }
    assert len(set(found.values())) == 1, found


def test_other_processes_find_the_same_bytes():
    """Their strings have other hashes, so that their sets come in another order."""
    here = digests()
    for found in digests_of_processes(2):
        assert found == here


def without_times(report):
    """A report less what a clock says: seconds, and how far a grid comes in as many of them."""
    if isinstance(report, dict):
        kept = [key for key in report if not any(part in key for part in ("second", "grid"))]
        return {key: without_times(report[key]) for key in kept}
    return [without_times(part) for part in report] if isinstance(report, list) else report


def test_tune_reports_the_same_twice(capsys):
    reports = []
    for _ in range(2):
        assert main(["tune", "--steps", "10", "--outer-steps", "3", "--json"]) == 0
        reports.append(without_times(json.loads(capsys.readouterr().out)))
    assert reports[0] == reports[1]
