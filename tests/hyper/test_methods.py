"""Every method gives the numbers of the definition: of the whole run recorded on one tape."""

import numpy as np
import pytest
from training_runs import RUNS

import minigrad as mg
from minigrad import tree

EXACT = {
    "stored": mg.Stored(),
    "checkpointed": mg.Checkpointed(),
    "one snapshot": mg.Checkpointed(snapshots=1),
    "two snapshots": mg.Checkpointed(snapshots=2),
    "stretches": mg.Checkpointed(snapshots=2, stretch=2),
    "on disk": mg.Checkpointed(snapshots=3, disk=True),
    "forward": mg.Forward(),
    "truncated nowhere": mg.Truncated(last=9),
    "auto": "auto",
}
each_run = pytest.mark.parametrize("name", RUNS)


def assert_close(gradient, wanted, rtol):
    """Compare trees of derivatives; an entry that is 0 beside the others may be rounding."""
    for path, right in tree.paths(wanted).items():
        scale = np.max(np.abs(right), initial=0.0)
        found = tree.paths(gradient)[path]
        assert np.shape(found) == np.shape(right)
        np.testing.assert_allclose(found, right, rtol, rtol * scale, err_msg=path)


@each_run
@pytest.mark.parametrize("method", EXACT)
def test_exact_methods_agree_with_the_definition(name, method):
    run, hypers = RUNS[name]()
    wanted = mg.hypergradient(run, hypers, "recorded")
    result = mg.hypergradient(run, hypers, EXACT[method])
    single = name == "single precision"
    np.testing.assert_allclose(result.cost, wanted.cost, 1e-6 if single else 1e-13)
    assert_close(result.gradient, wanted.gradient, 2e-5 if single else 1e-10)
    assert result.stats.exact
    kinds = [type(leaf) for leaf in tree.leaves(wanted.gradient)]
    assert [type(leaf) for leaf in tree.leaves(result.gradient)] == kinds
    dtypes = [np.result_type(leaf) for leaf in tree.leaves(wanted.gradient)]
    assert [np.result_type(leaf) for leaf in tree.leaves(result.gradient)] == dtypes


@pytest.mark.parametrize("name", [name for name in RUNS if name != "single precision"])
def test_the_definition_agrees_with_differences(name):
    run, hypers = RUNS[name]()
    differences = mg.hypergradient(run, hypers, mg.FiniteDifference())
    assert_close(mg.hypergradient(run, hypers, "recorded").gradient, differences.gradient, 2e-6)
    assert not differences.stats.exact


@each_run
def test_steps_are_counted(name):
    run, hypers = RUNS[name]()
    for method in (mg.Stored(), mg.Forward(), mg.Truncated(last=2)):
        stats = mg.hypergradient(run, hypers, method).stats
        assert (stats.steps_run, stats.steps_rerun) == (run.steps, 0)


def test_tangents_take_no_more_memory_for_more_steps():
    run, hypers = RUNS["gradient descent"]()
    longer, _ = RUNS["gradient descent"](90)
    few = mg.hypergradient(run, hypers, mg.Forward()).stats.kept_bytes
    assert mg.hypergradient(longer, hypers, mg.Forward()).stats.kept_bytes == few
    stored = [mg.hypergradient(r, hypers, mg.Stored()).stats.kept_bytes for r in (run, longer)]
    assert stored[1] == 10 * stored[0]


def test_unknown_methods_are_named():
    run, hypers = RUNS["no step"]()
    with pytest.raises(ValueError, match="expected one of 'auto', 'recorded', 'stored'"):
        mg.hypergradient(run, hypers, "reverse")
    with pytest.raises(TypeError, match="expected a method such as"):
        mg.hypergradient(run, hypers, 3)
