"""Calls that are wrong, what is wrong with them, and what must be said: given, expected, the mend.

A table: the public name, "type" or "value", the call, and the words that must be in the message.
"""
# ruff: noqa: B008, E731 (a row of the table is a line, and a call is a lambda)

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import minigrad as mg
from minigrad import claims, datasets, dispatch, display, experiments, hyper, nn, optim, program
from minigrad.optim import schedules
from minigrad.testing import check_grads, check_primitive, complex_step, finite_difference

__all__ = ["CASES", "Case"]


class Case(NamedTuple):
    """A wrong call of a public name."""

    name: str
    kind: str
    call: Callable[[], Any]
    words: tuple[str, ...]


NAN = float("nan")
X, LABELS = np.ones((5, 3)), np.array([0, 1, 0, 1, 0])
VECTOR, LONGER = np.array([1.0, 2.0]), np.array([1.0, 2.0, 3.0])
PARAMS, OTHER = nn.init_mlp(0, (3, 4, 2)), nn.init_mlp(0, (3, 5, 2))
HYPERS = {"eta": mg.positive(0.1)}


def square(x):
    return np.sum(x * x)


def run(**parts):
    given = {
        "init": lambda h: 1.0,
        "step": lambda w, h, batch: w - h["eta"] * (w - 2.0),
        "cost": lambda w, h: 0.5 * (w - 2.0) ** 2,
        "steps": 4,
    }
    return mg.TrainingRun(**given | parts)


RUN = run()


def case(name, kind, call, *words):
    return Case(name, kind, call, words)


def both(name, wrong_type, type_words, wrong_value, value_words):
    return [
        case(name, "type", wrong_type, *type_words),
        case(name, "value", wrong_value, *value_words),
    ]


def transforms():
    for name in ("grad", "value_and_grad", "jacobian", "hessian"):
        f = getattr(mg, name)
        yield case(name, "type", lambda f=f: f(3), f"{name}: f must be a function, got 3")
        yield case(name, "type", lambda f=f: f(square)("x"), "expected a number or an array", "'x'")
        yield case(name, "type", lambda f=f: f(square)({1.0}), "expected a number", "set {1.0}")
        yield case(name, "type", lambda f=f: f(square, "x")(1.0), "argnums='x'", "the number of an")
        yield case(name, "type", lambda f=f: f(square, 5)(1.0), "argnums=5", "with 1 argument")
        yield case(name, "type", lambda f=f: f(square)(3), "dtype int64", "start from 2.0 rather")
        yield case(name, "type", lambda f=f: f(square)(np.array([None, 1.0])), "dtype=object")
        if name != "jacobian":
            call = lambda f=f: f(lambda x: x * x)(VECTOR)
            yield case(name, "value", call, "needs one real scalar target", "sum it, or give")
            yield case(name, "value", lambda f=f: f(lambda x: None)(1.0), "this is None")
    yield case("jacobian", "value", lambda: mg.jacobian(square, mode="up")(1.0), "mode=", "'up'")
    for name, f in {"jvp": mg.jvp, "hvp": mg.hvp}.items():
        yield case(name, "type", lambda f=f: f(3, (1.0,), (1.0,)), f"{name}: f must be a function")
        yield case(name, "type", lambda f=f: f(square, 1.0, 1.0), "both are tuples")
        yield case(name, "type", lambda f=f: f(square, ("x",), (1.0,)), "expected a number", "'x'")
        yield case(name, "value", lambda f=f: f(square, (VECTOR,), (LONGER,)), "(3,)", "(2,)")
        yield case(name, "value", lambda f=f: f(square, (1.0,), (1.0, 2.0)), "different shapes")
    pull = lambda y_bar: mg.vjp(lambda x: 2.0 * x, VECTOR)[1](y_bar)
    yield case("vjp", "type", lambda: mg.vjp(3, 1.0), "vjp: f must be a function, got 3")
    yield case("vjp", "type", lambda: mg.vjp(square, "x"), "expected a number or an array", "'x'")
    yield case("vjp", "value", lambda: pull(LONGER), "cotangent has shape (3,)", "(2,)")


def domains():
    for name in ("positive", "unit_interval", "real"):
        mark = getattr(mg, name)
        for bad in ("x", 1j, {1.0}, np.array([1, 2]), np.array(["a"]), [1.0j]):
            words = "a hyperparameter is a float or an array of floats, got"
            yield case(name, "type", lambda mark=mark, bad=bad: mark(bad), words)
        yield case(name, "value", lambda mark=mark: mark(NAN), "must be finite, got nan")
    for name, bad in (("positive", -1.0), ("positive", 0.0), ("unit_interval", 1.0)):
        words = "must lie strictly between", f"got {bad}"
        yield case(name, "value", lambda name=name, bad=bad: getattr(mg, name)(bad), *words)
    yield from both(
        "bounded",
        lambda: mg.bounded(0.5, "a", 1.0), ("bounded: low= must be a finite number, got 'a'",),
        lambda: mg.bounded(0.5, 1.0, 0.0), ("expected low < high, got 1.0 and 0.0",),
    )  # fmt: skip
    yield case(
        "bounded", "type", lambda: mg.bounded("x", 0.0, 1.0), "a float or an array of floats"
    )
    yield case("bounded", "value", lambda: mg.bounded(5.0, 0.0, 1.0), "strictly between 0 and 1")
    yield case("bounded", "value", lambda: mg.bounded(0.5, -np.inf, 1.0), "low=", "got -inf")
    yield from both(
        "per_step",
        lambda: mg.per_step("x"), ("a float or an array of floats, got 'x'",),
        lambda: mg.per_step(0.1), ("expected an array with an entry for each step", "a number"),
    )  # fmt: skip


def runs():
    for name in ("init", "step", "cost", "loss"):
        words = f"TrainingRun: {name}= must be a function, got 3"
        yield case("TrainingRun", "type", lambda name=name: run(**{name: 3}), words)
    for bad in ("3", 2.5, -1, True, None):
        words = "steps= must be a number of steps, 0 or more", f"got {bad!r}"
        yield case("TrainingRun", "value", lambda bad=bad: run(steps=bad), *words)
    yield case("TrainingRun", "type", lambda: run(batches=iter([])), "readable again", "list(...)")
    yield case("TrainingRun", "type", lambda: run(batches=3), "readable again", "got int")
    yield case("TrainingRun", "value", lambda: run(batches=[1]), "4 steps, but only 1", "t % len")
    yield case("TrainingRun", "type", lambda: RUN.evaluate("x"), "a float or an array", "'x'")
    yield case("TrainingRun", "type", lambda: RUN.train({"eta": 1j}), "eta: a hyperparameter is")
    yield case(
        "TrainingRun", "value", lambda: RUN.program({"eta": NAN}), "eta: ", "finite, got nan"
    )

    def momentum(**parts):
        given = {"init": abs, "gradient": abs, "cost": abs, "steps": 3}
        return hyper.MomentumRun(**given | parts)

    for name in ("init", "gradient", "cost"):
        words = f"MomentumRun: {name}= must be a function, got 3"
        yield case("MomentumRun", "type", lambda name=name: momentum(**{name: 3}), words)
    yield case("MomentumRun", "value", lambda: momentum(steps=-1), "0 or more, got -1")


SETTINGS = [
    ("Checkpointed", {"snapshots": "x"}, "value", "number of states, 1 or more", "got 'x'"),
    ("Checkpointed", {"snapshots": True}, "value", "number of states, 1 or more", "got True"),
    ("Checkpointed", {"snapshots": 0}, "value", "1 or more", "got 0"),
    ("Checkpointed", {"snapshots": 2, "stretch": 0}, "value", "stretch=", "1 or more, got 0"),
    ("Checkpointed", {"stretch": 3}, "value", "stretch= goes with snapshots="),
    ("Checkpointed", {"memory": "much"}, "value", "'64 MB' or '2 GiB', got 'much'"),
    ("Checkpointed", {"memory": "1 MB", "snapshots": 2}, "value", "not both"),
    ("Checkpointed", {"disk": "/tmp"}, "type", "disk= must be True or False, got '/tmp'"),
    ("Evolution", {"sigma": "x"}, "type", "sigma= must be a positive number, got 'x'"),
    ("Evolution", {"sigma": 0.0}, "value", "sigma= must be a positive number, got 0.0"),
    ("Evolution", {"pairs": 0}, "value", "pairs= must be a number of pairs, 1 or more, got 0"),
    ("Evolution", {"seed": "x"}, "type", "seed= must be a whole number", "got 'x'"),
    ("Evolution", {"seed": -1}, "value", "seed= must be a whole number, 0 or more, got -1"),
    ("Evolution", {"executor": 3}, "type", "concurrent.futures.Executor, got 3"),
    ("PersistentEvolution", {"window": "x"}, "value", "window=", "1 or more, got 'x'"),
    ("PersistentEvolution", {"window": 3, "sigma": NAN}, "value", "sigma=", "got nan"),
    ("PersistentEvolution", {"window": 3, "seed": None}, "type", "seed=", "got None"),
    ("FiniteDifference", {"relative_step": "x"}, "type", "relative_step=", "positive", "'x'"),
    ("FiniteDifference", {"relative_step": 0.0}, "value", "relative_step=", "positive", "0.0"),
    ("Implicit", {"solver": "lu"}, "value", "must be 'cg' or 'neumann', got 'lu'"),
    ("Implicit", {"iterations": "x"}, "value", "iterations= must be 1 or more, got 'x'"),
    ("Implicit", {"tolerance": "x"}, "type", "tolerance= must be a number, 0 or more, got 'x'"),
    ("Implicit", {"tolerance": -1.0}, "value", "tolerance= must be a number, 0 or more"),
    ("Implicit", {"scale": "x", "solver": "neumann"}, "type", "scale=", "positive", "'x'"),
    ("Implicit", {"scale": 0.1}, "value", 'solver="neumann"'),
    ("Implicit", {"weights": "w"}, "type", "weights= must be a function, got 'w'"),
    ("Implicit", {"small": "x"}, "type", "small= must be a number, 0 or more, got 'x'"),
    ("Truncated", {"last": "x"}, "value", "last= must be a number of steps, 1 or more, got 'x'"),
    ("Truncated", {"last": True}, "value", "1 or more, got True"),
    ("Automatic", {"memory": [1]}, "value", "'64 MB' or '2 GiB', got [1]"),
    ("Automatic", {"memory": -1}, "value", "a number of bytes", "got -1"),
    ("Adam", {"rate": "x"}, "type", "Adam: rate= must be a positive number, got 'x'"),
    ("Adam", {"rate": 0.0}, "value", "Adam: rate= must be a positive number, got 0.0"),
    ("Adam", {"beta1": 1.0}, "value", "beta1= must be 0 or more and below 1, got 1.0"),
    ("Newton", {"radius": "x"}, "type", "Newton: radius= must be a positive number, got 'x'"),
    ("Newton", {"radius": -1.0}, "value", "radius= must be a positive number, got -1.0"),
    ("SignSteps", {"step": None}, "type", "SignSteps: step= must be a positive number, got None"),
    ("SignSteps", {"shrink": 1.5}, "value", "shrink=", "got 1.5"),
]

METHODS = {
    "Recorded": mg.Recorded(),
    "Stored": mg.Stored(),
    "Checkpointed": mg.Checkpointed(),
    "Forward": mg.Forward(),
    "Truncated": mg.Truncated(3),
    "FiniteDifference": mg.FiniteDifference(),
    "Implicit": mg.Implicit(),
    "Evolution": mg.Evolution(pairs=2),
    "PersistentEvolution": hyper.PersistentEvolution(2),
    "Automatic": hyper.Automatic(),
}


def methods():
    for name, settings, kind, *words in SETTINGS:
        method = getattr(hyper, name)
        yield case(name, kind, lambda m=method, settings=settings: m(**settings), *words)
    for name, method in METHODS.items():
        words = "run=3: expected a minigrad.TrainingRun", "the first argument"
        yield case(name, "type", lambda m=method: m.hypergradient(3, HYPERS), *words)
        swapped = lambda m=method: m.hypergradient(HYPERS, RUN)
        yield case(name, "type", swapped, "expected a minigrad.TrainingRun", "before the hypers")
        if name != "Implicit":
            call = lambda m=method: m.hypergradient(RUN, {"eta": NAN})
            yield case(name, "value", call, "eta: a hyperparameter must be finite, got nan")
    reversible = hyper.Reversible()
    words = "MomentumRun", "take Checkpointed()"
    yield case("Reversible", "type", lambda: reversible.hypergradient(RUN, HYPERS), *words)
    momentum = hyper.MomentumRun(lambda h: 1.0, lambda w, h, b: w, lambda w, h: w, 3)
    still = {"eta": 0.1, "beta": 0.0}
    words = "beta must be above 0 and not above 1, got 0.0", "Checkpointed()"
    yield case("Reversible", "value", lambda: reversible.hypergradient(momentum, still), *words)
    yield case("hypergradient", "type", lambda: mg.hypergradient(3, HYPERS), "TrainingRun")
    yield case("hypergradient", "type", lambda: mg.hypergradient(RUN, "x"), "float", "got 'x'")
    yield case("hypergradient", "type", lambda: mg.hypergradient(RUN, HYPERS, 3), "method=3")
    yield case(
        "hypergradient", "type", lambda: mg.hypergradient(RUN, None), "hypers=None", "a tree"
    )
    whole = lambda: mg.hypergradient(RUN, HYPERS, mg.Stored)
    yield case("hypergradient", "type", whole, "give a method, Stored(), not its class")
    wrong = lambda: mg.hypergradient(RUN, HYPERS, "magic")
    yield case("hypergradient", "value", wrong, "method='magic'", "'stored'", "'checkpointed'")
    words = "a gradient needs one real scalar", "this is 'c'"
    named = lambda: mg.hypergradient(run(cost=lambda w, h: "c"), HYPERS, "stored")
    yield case("hypergradient", "value", named, *words)


def reports():
    asked = {
        "trust": mg.trust,
        "explain": mg.explain,
        "verify": mg.verify,
        "forecast": hyper.forecast,
        "compare": lambda run, hypers: mg.compare(run, hypers, ["stored"]),
        "online": hyper.online,
        "grid_search": lambda run, hypers: mg.grid_search(run, {"eta": [0.1]}),
        "random_search": lambda run, hypers: mg.random_search(run, HYPERS, 2),
        "landscape": lambda run, hypers: mg.landscape(run, {"eta": [0.1, 0.2]}),
        "multistart": lambda run, hypers: mg.multistart(run, HYPERS, starts=2),
    }
    for name, ask in asked.items():
        words = "run=3: expected a minigrad.TrainingRun"
        yield case(name, "type", lambda ask=ask: ask(3, HYPERS), words)
    for name in ("trust", "explain", "verify", "forecast", "compare", "online"):
        words = "eta: a hyperparameter must be finite, got nan"
        yield case(name, "value", lambda ask=asked[name]: ask(RUN, {"eta": NAN}), words)
    yield case("trust", "value", lambda: mg.trust(RUN, HYPERS, eta="nu"), "no hyperparameter is")
    yield case("trust", "type", lambda: mg.trust(RUN, HYPERS, beta=[1]), "beta=", "name", "got [1]")
    yield case("trust", "type", lambda: mg.trust(RUN, HYPERS, seed="x"), "seed=", "whole number")
    yield case("explain", "type", lambda: mg.explain(RUN, HYPERS, parts=3), "a dict of functions")
    yield case("explain", "type", lambda: mg.explain(RUN, HYPERS, parts={"a": 3}), "parts['a']")
    wrong = lambda: mg.explain(RUN, HYPERS, parts={"a": lambda w, h: w})
    yield case("explain", "value", wrong, "sum to", "parts= must be terms")
    yield case("verify", "type", lambda: mg.verify(RUN, HYPERS, digits="x"), "digits=", "got 'x'")
    yield case("verify", "value", lambda: mg.verify(RUN, HYPERS, digits=0), "digits=", "got 0")
    yield case("verify", "type", lambda: mg.verify(RUN, HYPERS, seed="x"), "seed=", "got 'x'")
    yield case("verify", "value", lambda: mg.verify(RUN, {}), "no hyperparameters in the tree")
    yield case("compare", "type", lambda: mg.compare(RUN, HYPERS, "stored"), "a list such as [")
    yield case("compare", "type", lambda: mg.compare(RUN, HYPERS, [3]), "method=3: expected a")
    yield case("compare", "value", lambda: mg.compare(RUN, HYPERS, []), "empty; give one or more")
    yield case("forecast", "value", lambda: hyper.forecast(RUN, HYPERS, "x"), "'64 MB'", "got 'x'")
    yield case("forecast", "value", lambda: hyper.forecast(run(steps=0), HYPERS), "no steps")


def descents():
    for settings, kind, *words in (
        ({"outer_steps": "3"}, "value", "outer_steps must be 1 or more, got '3'"),
        ({"optimiser": "sgd"}, "value", "optimiser='sgd'", "'adam', 'signs', 'newton'"),
        ({"optimiser": hyper.Adam}, "type", "mg.hyper.Adam(rate=0.25)"),
        ({"method": "magic"}, "value", "method='magic'", "'stored'"),
        ({"method": 3}, "type", "method=3: expected a method such as mg.Recorded()"),
        ({"seeds": "all"}, "value", 'seeds= must be "fixed" or "fresh", got \'all\''),
        ({"seeds": "fresh"}, "value", "a function of a seed"),
        ({"seed": "x"}, "type", "seed= must be a whole number", "got 'x'"),
        ({"test": 3}, "type", "test= must be a function of the tuned values, got 3"),
        ({"explosion": "x"}, "type", "explosion= must be a number above 1, got 'x'"),
        ({"explosion": 1.0}, "value", "explosion= must be a number above 1, got 1.0"),
        ({"runaway": None}, "type", "runaway= must be a number above 1, got None"),
        ({"tolerance": "x"}, "type", "tolerance=", "got 'x'"),
        ({"tolerance": 2.0}, "value", "tolerance= must be 0 or more and below 1, got 2.0"),
        ({"patience": 0}, "value", "patience= must be 1 or more, got 0"),
        ({"checkpoint": 3}, "type", "checkpoint= must be a path, got 3"),
        ({"callback": 3}, "type", "callback= must be a function of a Progress", "got 3"),
    ):
        call = lambda settings=settings: mg.tune(RUN, HYPERS, **settings)
        yield case("tune", kind, call, *words)
    yield case("tune", "type", lambda: mg.tune(3, HYPERS), "run= must be a TrainingRun", "got 3")
    yield case("tune", "type", lambda: mg.tune(lambda seed: 3, HYPERS), "run(0) must return")
    for settings, kind, *words in (
        ({"window": 0}, "value", "window= must be a number of steps, 1 or more, got 0"),
        ({"passes": "x"}, "value", "passes= must be a number of passes, 1 or more, got 'x'"),
        ({"rate": "x"}, "type", "rate= must be a finite number, got 'x'"),
        ({"rate": NAN}, "value", "rate= must be a finite number, got nan"),
        ({"optimiser": "adam"}, "type", "mg.hyper.Adam(rate=0.1)", "got 'adam'"),
        ({"loss": "x"}, "type", "loss= must be a function, got 'x'"),
        ({"callback": 3}, "type", "callback= must be a function", "got 3"),
    ):
        call = lambda settings=settings: hyper.online(RUN, HYPERS, **settings)
        yield case("online", kind, call, *words)


def searches():
    for grid, *words in (
        ({"eta": "x"}, "one-dimensional array of the values to try", "got 'x'"),
        ({"eta": np.zeros((2, 2))}, "one-dimensional array of the values to try"),
        ({"eta": []}, "one value or more to try", "got []"),
    ):
        call = lambda grid=grid: mg.grid_search(RUN, grid)
        yield case("grid_search", "value", call, *words)
    axes = {"eta": [0.1, 0.2]}
    for name in ("grid_search", "landscape"):
        search = getattr(mg, name)
        words = "concurrent.futures.Executor, got 3"
        yield case(name, "type", lambda f=search: f(RUN, axes, executor=3), words)
        yield case(name, "type", lambda f=search: f(RUN, axes, callback=3), "callback=", "got 3")
    yield case("landscape", "value", lambda: mg.landscape(RUN, {"eta": 0.1}), "one or two axes")
    yield case("landscape", "value", lambda: mg.landscape(RUN, {"eta": [0.2, 0.1]}), "increasing")
    for settings, kind, *words in (
        ({"points": "x"}, "value", "points='x'", "1 or more"),
        ({"points": 2, "seed": "x"}, "type", "seed= must be a whole number", "got 'x'"),
        ({"points": 2, "spread": "x"}, "type", "spread=", "how far to go", "got 'x'"),
        ({"points": 2, "spread": 0}, "value", "spread=", "positive number, got 0"),
    ):
        call = lambda settings=settings: mg.random_search(RUN, HYPERS, **settings)
        yield case("random_search", kind, call, *words)
    yield case("random_search", "value", lambda: mg.random_search(RUN, {}, 2), "no hyperparameters")
    for settings, kind, *words in (
        ({"starts": 0}, "value", "starts=0", "1 or more"),
        ({"starts": ["x"]}, "type", "a float or an array of floats, got 'x'"),
        ({"starts": 2, "outer": 3}, "type", "outer= is no option of tune", "optimiser"),
        ({"starts": 2, "checkpoint": "f"}, "value", "one file for all descents; leave it out"),
        ({"starts": 2, "seed": 1.5}, "type", "seed= must be a whole number", "got 1.5"),
    ):
        call = lambda settings=settings: mg.multistart(RUN, HYPERS, **settings)
        yield case("multistart", kind, call, *words)
    yield from both(
        "between",
        lambda: hyper.between("a", 1.0), ("a float or an array of floats, got 'a'",),
        lambda: hyper.between(2.0, 1.0), ("expected low <= high, got 2.0 and 1.0",),
    )  # fmt: skip
    ends = lambda: hyper.between(mg.positive(0.1), mg.real(0.5))
    yield case("between", "value", ends, "ends of one domain and shape")


def networks():
    for name in ("dense", "mlp"):
        f = getattr(nn, name)
        layers = (lambda p: p) if name == "dense" else (lambda p: [p])
        for bad in (3, {"w": np.ones((3, 2))}, [np.ones((3, 2)), np.ones(2)]):
            call = lambda f=f, p=layers(bad): f(p, X)
            yield case(name, "type", call, "a layer is a dict with w and b, got")
        good = layers({"w": np.ones((3, 2)), "b": np.zeros(2)})
        short = layers({"w": np.ones((3, 2)), "b": np.zeros(5)})
        yield case(name, "value", lambda f=f, p=good: f(p, np.ones((5, 7))), "(5, 7)", "(3, 2)")
        yield case(name, "value", lambda f=f, p=short: f(p, X), "b (5,)", "(outputs,)")
        yield case(name, "value", lambda f=f, p=good: f(p, np.ones(3)), "x[np.newaxis]", "(3,)")
        yield case(name, "type", lambda f=f, p=good: f(p, [["a"] * 3]), "x must be an array of num")
    yield case("mlp", "type", lambda: nn.mlp(3, X), "a list of a dict with w and b", "got 3")
    yield case("mlp", "value", lambda: nn.mlp([], X), "there are no layers; expected a list")
    yield case("mlp", "type", lambda: nn.mlp(PARAMS, X, "tanh"), "activation= must be a function")
    yield case("mlp", "value", lambda: nn.mlp(PARAMS, np.ones((5, 7))), "mlp, layer 0", "(5, 7)")
    for name in ("quadratic_cost", "binary_cross_entropy"):
        f = getattr(nn, name)
        yield case(name, "value", lambda f=f: f(X, LABELS), "(5, 3)", "(5,)", "one_hot(labels")
        yield case(name, "type", lambda f=f: f("x", LABELS), "outputs of shape ()", "expected the")
        empty = lambda f=f: f(np.ones((0, 2)), np.ones((0, 2)))
        yield case(name, "value", empty, "there are no examples", "(0, 2)")
    for labels, *words in (
        (LABELS + 5, "labels go from 5 to 6", "3 classes"),
        (LABELS - 1, "labels go from -1 to 0"),
        (LABELS[:3], "expected logits of shape (n, classes)", "(3,)"),
        (LABELS + 0.5, "labels that are integers"),
        (["a"] * 5, "labels that are integers"),
    ):
        call = lambda labels=labels: nn.cross_entropy(X, labels)
        yield case("cross_entropy", "value", call, *words)
    yield case("cross_entropy", "type", lambda: nn.cross_entropy("x", LABELS), "expected logits")
    yield case("accuracy", "type", lambda: nn.accuracy("x", LABELS), "expected (n, classes)")
    yield case("accuracy", "value", lambda: nn.accuracy(X[:4], LABELS), "(4, 3)", "(5,)")
    yield from both(
        "one_hot",
        lambda: nn.one_hot(LABELS, "x"), ("classes= must be a whole number, 1 or more, got 'x'",),
        lambda: nn.one_hot(LABELS + 9, 3), ("expected integers of shape (n,), from 0 to 2",),
    )  # fmt: skip
    yield case("one_hot", "value", lambda: nn.one_hot(LABELS + 0.5, 3), "expected integers")
    for name, f in {"decay": nn.decay, "spread": nn.spread}.items():
        yield case(
            name, "value", lambda f=f: f({"z": 0.1}, PARAMS), "does not fit", "['z']", "Give"
        )
    yield case("decay", "type", lambda: nn.decay("x", PARAMS), "must be a number", "got 'x'")
    yield case("decay", "value", lambda: nn.decay(0.1, PARAMS, 0), "n=", "positive number, got 0")
    yield case("decay", "type", lambda: nn.decay(0.1, PARAMS, "x"), "n=", "positive number")
    penalised = nn.regularised_cost
    yield case("regularised_cost", "type", lambda: penalised("x", PARAMS, 0.1, 9), "cost must be")
    yield case("regularised_cost", "type", lambda: penalised(1.0, PARAMS, "x", 9), "lam must be a")
    yield case("regularised_cost", "value", lambda: penalised(1.0, PARAMS, 0.1, 0), "n=", "got 0")
    yield case(
        "regularised_cost", "value", lambda: penalised(1.0, PARAMS, {"z": 1.0}, 9), "not fit"
    )
    yield case("is_weight", "type", lambda: nn.is_weight(3), "expected a path", "got 3")
    for name in ("glorot", "he", "lecun", "normal"):
        f = getattr(nn, name)
        yield case(
            name, "type", lambda f=f: f("x", (3, 2)), "numpy.random.Generator or a seed", "'x'"
        )
        yield case(name, "type", lambda f=f: f(0, "x"), "shape: each axis must be a whole", "'x'")
        yield case(name, "value", lambda f=f: f(0, (-3, 2)), "0 or more, got -3")
        yield case(name, "type", lambda f=f: f(0, (3, 2), dtype=int), "floats", "numpy.float32")
        yield case(name, "type", lambda f=f: f(0, (3, 2), dtype="zz"), "floats", "got 'zz'")
    yield from both(
        "zeros",
        lambda: nn.zeros(0, "x"), ("shape: each axis must be a whole number", "got 'x'"),
        lambda: nn.zeros(0, (-1,)), ("0 or more, got -1",),
    )  # fmt: skip
    yield from both(
        "init_mlp",
        lambda: nn.init_mlp(0, 3), ("sizes must be a list such as (64, 32, 10), got 3",),
        lambda: nn.init_mlp(0, (3, 0)), ("each of sizes must be a whole number, 1 or more, got 0",),
    )  # fmt: skip
    yield case("init_mlp", "type", lambda: nn.init_mlp("x", (3, 2)), "rng=", "a seed", "got 'x'")
    yield case("init_mlp", "value", lambda: nn.init_mlp(0, (3,)), "expected two sizes or more")
    yield case("init_mlp", "value", lambda: nn.init_mlp(0, (3, 2), [1.0, 2.0]), "one scale for all")


def optimisers():
    for name in ("sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop"):
        rule = getattr(optim, name)

        def update(rule=rule, params=PARAMS, grads=PARAMS, state=None, **settings):
            begun = rule.init(params) if state is None else state
            return rule.update(params, grads, begun, **{"eta": 0.1} | settings)

        where = f"{name}.update"
        yield case(where, "value", lambda u=update: u(grads=PARAMS[:1]), "grads", "[1]['w']")
        words = (
            "grads of the parameters at [0]['w'] has shape (3, 5)",
            "(3, 4)",
            "expected the same",
        )
        yield case(where, "value", lambda u=update: u(grads=OTHER), *words)
        yield case(where, "type", lambda u=update: u(params=1.0, grads="x"), "grads", "got 'x'")
        yield case(where, "type", lambda u=update: u(state=3), f"{name}.init(params)", "got 3")
        words = "eta of the parameters", "must be a number or an array of them, got 'x'"
        yield case(where, "type", lambda u=update: u(eta="x"), *words)
        words = "eta of the parameters", "has shape (7,)", "one that broadcasts"
        yield case(where, "value", lambda u=update: u(eta=np.ones(7)), *words)
        yield case(where, "value", lambda u=update: u(eta={"z": 0.1}), "eta does not fit", "['z']")
        yield case(where, "value", lambda u=update: u(eta=None), "eta does not fit")
        yield case(where, "type", lambda u=update: u(lam="x"), "lam must be a number", "got 'x'")
        yield case(where, "value", lambda u=update: u(lam=0.1, n=0), "n=", "positive number, got 0")
        if name != "sgd":
            yield case(
                f"{name}.init", "type", lambda r=rule: r.init("x"), "arrays of numbers", "'x'"
            )
    for name in ("adam", "adamw", "rmsprop"):
        rule = getattr(optim, name)

        def update(rule=rule, **settings):
            return rule.update(PARAMS, PARAMS, rule.init(PARAMS), eta=0.1, **settings)

        where = f"{name}.update"
        yield case(where, "type", lambda u=update: u(beta2="x"), "beta2= must be a number, got 'x'")
        yield case(where, "value", lambda u=update: u(beta2=1.0), "0 or more and below 1, got 1.0")
        yield case(where, "type", lambda u=update: u(eps="x"), "eps= must be a number, got 'x'")
        yield case(where, "value", lambda u=update: u(eps=0.0), "eps= must be positive, got 0.0")
    for name, rest in (
        ("constant", (0.1,)),
        ("cosine", (0.1,)),
        ("exponential", (0.1, 0.5)),
        ("step_decay", (0.1, 0.5, 2)),
        ("warm_up", (3,)),
    ):
        f, where = getattr(schedules, name), f"schedules.{name}"
        yield case(where, "type", lambda f=f, r=rest: f("x", *r), "steps= must be a whole number")
        yield case(where, "value", lambda f=f, r=rest: f(-1, *r), "0 or more, got -1")
        yield case(where, "type", lambda f=f, r=rest: f(3, "x", *r[1:]), "must be a number", "'x'")
    for name, rest in (
        ("exponential", (0.1, -1.0)),
        ("step_decay", (0.1, 0.0, 2)),
        ("warm_up", (0,)),
    ):
        f, where = getattr(schedules, name), f"schedules.{name}"
        yield case(where, "value", lambda f=f, r=rest: f(3, *r), "must be positive, got")
    every = lambda: schedules.step_decay(3, 0.1, 0.5, 0)
    yield case("schedules.step_decay", "value", every, "every= must be a whole number, 1 or more")


def data():
    drawn = datasets.batches
    table = datasets.Split(X, LABELS)
    yield from both(
        "batches",
        lambda: drawn(X, LABELS, "x", 3), ("size= must be a whole number, from 1 to 5", "'x'"),
        lambda: drawn(X, LABELS, 9, 3), ("from 1 to 5, the number of examples, got 9",),
    )  # fmt: skip
    yield case(
        "batches", "value", lambda: drawn(X, LABELS[:3], 2, 3), "(5, 3)", "(3,)", "number of"
    )
    yield case("batches", "type", lambda: drawn(X, LABELS, 2, "x"), "steps= must be a whole number")
    yield case("batches", "type", lambda: drawn(X, LABELS, 2, 3, "x"), "seed=", "got 'x'")
    yield from both(
        "split",
        lambda: datasets.split(3), ("data must be a Split of examples and labels", "got 3"),
        lambda: datasets.split(table, train=2.0), ("train=2.0", "a share between 0 and 1"),
    )  # fmt: skip
    yield case("split", "type", lambda: datasets.split(table, seed="x"), "seed=", "got 'x'")
    yield case("split", "value", lambda: datasets.split(datasets.Split(X, LABELS[:3])), "a row for")
    yield case(
        "split", "value", lambda: datasets.split(table, 3, 2), "at least one example in each"
    )
    yield case("load", "type", lambda: datasets.load(3), "path must be the name of a file, got 3")
    yield case("load", "value", lambda: datasets.load("/none.csv"), "/none.csv", "No such file")
    training = experiments.Classification
    for settings, kind, *words in (
        ({"data": 3}, "type", "datasets.split(datasets.load(...))", "got 3"),
        ({"hidden": 3}, "type", "hidden= must be a list of units such as (50, 50), got 3"),
        ({"hidden": ("x",)}, "type", "each of sizes must be a whole number", "got 'x'"),
        ({"steps": "x"}, "type", "steps= must be a whole number, 0 or more, got 'x'"),
        ({"batch": 0}, "value", "size= must be a whole number, from 1 to 1000", "got 0"),
        ({"seed": "x"}, "type", "seed= must be a whole number", "got 'x'"),
        ({"activation": 3}, "value", "activation=3; expected one of tanh, sigmoid"),
    ):
        yield case("Classification", kind, lambda s=settings: training(**s), *words)


def the_rest():
    with mg.Tape() as tape:
        x = tape.variable(2.0)
        y = x * x
    yield case("Tape", "type", lambda: in_tape("x"), "expected a number or an array", "'x'")
    yield case("Tape", "value", lambda: tape.variable(1.0), "the tape is closed", "with tape")
    yield from both(
        "check_grads",
        lambda: check_grads(3, (1.0,)), ("check_grads: f must be a function, got 3",),
        lambda: check_grads(np.sin, (1.0,), order=0), ("order= must be a whole number, 1 or more",),
    )  # fmt: skip
    yield case("check_grads", "type", lambda: check_grads(np.sin, 1.0), "a tuple with an item for")
    yield case("check_grads", "type", lambda: check_grads(np.sin, (3,)), "nothing to check")
    yield case("check_grads", "value", lambda: check_grads(np.sin, (1.0,), modes="x"), "modes='x'")
    yield case(
        "check_primitive", "type", lambda: check_primitive(3), "a Primitive, got 3", "check_"
    )
    for name, f in {"complex_step": complex_step, "finite_difference": finite_difference}.items():
        yield case(name, "type", lambda f=f: f(3, 1.0), f"{name}: f must be a function, got 3")
        yield case(
            name, "type", lambda f=f: f(np.sin, "x"), "arguments and directions of numbers", "'x'"
        )
        far = lambda f=f: f(np.sin, VECTOR, direction=(LONGER,))
        yield case(name, "value", far, "direction of shape (3,) for an argument of shape (2,)")
    yield case("complex_step", "value", lambda: complex_step(np.abs, 1.0), "not analytic")
    step = lambda: finite_difference(np.sin, 1.0, step=0.0)
    yield case("finite_difference", "value", step, "step= must be a positive number, got 0.0")
    shapes = lambda: mg.tree.map(lambda a, b: a, {"a": 1}, {"b": 1})
    yield case("tree.map", "value", shapes, "different shapes", "{'b': 1} in place of {'a': 1}")
    yield case("tree.unflatten", "value", lambda: mg.tree.unflatten({"a": 1}, []), "too few")
    yield case("program.emit", "type", lambda: program.emit(3), "a Program, as of_tape returns")
    yield case("program.optimise", "type", lambda: program.optimise(3), "a Program", "got 3")
    yield case("program.of_tape", "type", lambda: program.of_tape(3, {}, []), "a Tape, got 3")
    yield case("explore", "type", lambda: display.explore(3, y, x), "a closed Tape, got 3")
    yield case("alt_text", "type", lambda: display.alt_text(3), "expected Axes", "got 3")
    yield case("keywords_of", "type", lambda: dispatch.keywords_of(3), "3 is not a callable")
    yield case("settle", "type", lambda: claims.settle("x"), "from 1 to 11, got 'x'")
    yield case("settle", "value", lambda: claims.settle(99), "from 1 to 11, got 99")


def in_tape(value):
    with mg.Tape() as tape:
        return tape.variable(value)


PARTS = (
    transforms, domains, runs, methods, reports, descents, searches, networks, optimisers, data,
    the_rest,
)  # fmt: skip
CASES = [one for part in PARTS for one in part()]
