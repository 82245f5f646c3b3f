"""Methods beside each other: what is measured, and how it is told."""

import json

import numpy as np
import pytest
from training_runs import RUNS

import minigrad as mg


def converging(steps=50):
    return mg.TrainingRun(
        init=lambda h: 1.0,
        step=lambda w, h, batch: w - h["eta"] * (w - 2.0 + h["lam"] * w),
        cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
        loss=lambda w, h: 0.5 * (w - 2.0) ** 2 + 0.5 * h["lam"] * w**2,
        steps=steps,
    )


HYPERS = {"eta": mg.positive(0.3), "lam": mg.positive(0.1)}
ALL = [
    mg.Truncated(last=5),
    mg.Implicit(),
    mg.FiniteDifference(),
    mg.Evolution(pairs=500),
    mg.hyper.PersistentEvolution(window=25),
    "forward",
]


def test_each_is_labelled_and_its_error_measured():
    found = mg.compare(converging(), HYPERS, ALL)
    assert [trial.label for trial in found.trials] == ["approximate"] * 5 + ["exact"]
    exact = mg.hypergradient(converging(), HYPERS, mg.Stored()).unconstrained
    for trial in found.trials:
        g = trial.result.unconstrained
        off = np.hypot(*(g[k] - exact[k] for k in g)) / np.hypot(*exact.values())
        assert trial.error == pytest.approx(off, rel=1e-9, abs=1e-15)
    assert found["Truncated"].trainings == 1
    assert found["FiniteDifference"].trainings == 5
    assert found["Evolution"].trainings == 1001
    assert found["FiniteDifference"].error < 1e-8
    assert found["Implicit"].error < 1e-6 < found["Truncated"].error < 0.2
    assert found["Evolution"].cosine > 0.95
    assert found["Stored"].error == 0.0


def test_what_it_looks_like():
    found = mg.compare(converging(), HYPERS, ALL)
    lines = str(found).splitlines()
    assert lines[0] == "cost 0.0165289 after 50 steps; errors against Stored()"
    assert lines[2:4][0] == "Stored()"
    assert max(map(len, lines)) <= 72
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert told["trials"][1]["gradient"]["lam"] == found["Implicit"].result.gradient["lam"]
    assert found._repr_html_().startswith("<pre>cost 0.0165289")
    pytest.importorskip("matplotlib").use("agg")
    assert len(found.plot().lines) == len(ALL)


def test_a_method_that_refuses_says_why_and_stops_nobody():
    found = mg.compare(converging(2), HYPERS, ["implicit", mg.Implicit(), mg.Truncated(last=1)])
    for trial in found.trials[:2]:
        assert trial.label == "refused"
        assert "the training has not converged" in trial.refusal
        assert trial.method == "Implicit()"
    assert str(found).count("refused: Implicit: the training has not converged") == 2
    assert max(map(len, str(found).splitlines())) <= 60
    assert found.trials[2].label == "approximate"
    told = json.dumps(found.to_json(), allow_nan=False)
    assert "the training has not converged" in told
    pytest.importorskip("matplotlib").use("agg")
    assert len(found.plot().lines) == 1


def test_another_judge_and_a_listener():
    run, hypers = RUNS["layers"]()
    news = []
    found = mg.compare(run, hypers, ["stored"], exact=mg.Recorded(), callback=news.append)
    assert found.reference.method == "Recorded()"
    assert found["Stored"].error < 1e-12
    assert news[0].detail is found.trials[0]


def test_gradients_that_are_zero_have_no_angle():
    run = mg.TrainingRun(lambda h: 1.0, lambda w, h, b: w, lambda w, h: w, steps=2)
    found = mg.compare(run, 1.0, [mg.Truncated(last=1)])
    assert (found.trials[0].error, found.trials[0].cosine) == (0.0, 1.0)


def test_what_is_no_list_of_methods():
    for wrong in ("stored", mg.Stored()):
        with pytest.raises(TypeError, match="methods= must be a list"):
            mg.compare(converging(), HYPERS, wrong)
    with pytest.raises(ValueError, match="expected one of 'auto'"):
        mg.compare(converging(), HYPERS, ["stord"])
    with pytest.raises(TypeError, match="not its class"):
        mg.compare(converging(), HYPERS, [mg.Stored])
    found = mg.compare(converging(), HYPERS, [mg.Truncated(last=2)])
    with pytest.raises(KeyError, match=r"there are Truncated\(last=2\), Stored\(\)"):
        found["Implicit"]
