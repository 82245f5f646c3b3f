"""Constants, and what is in small arrays, are looked at again; of all others nothing is claimed."""

import math
import time

import numpy as np
import pytest

import minigrad as mg
from minigrad import extend, nn
from minigrad.program.frozen import Frozen

SCALE = 2.0
CONFIG = {"scale": 2.0}
READ_ONLY = np.arange(3.0)
READ_ONLY.setflags(write=False)
WRITEABLE = np.arange(3.0)
LARGE = np.zeros(1 << 16)


class Settings:
    scale = 2.0


SETTINGS = Settings()


def closing_over(value):
    return lambda w, h, b: w - h * value


def with_default(w, h, b, scale=2.0):
    return w - h * scale


def counts(w, h, b):
    counts.calls = getattr(counts, "calls", 0) + 1
    return w - h


def with_import(w, h, b):
    import statistics

    return w - h * statistics.mean([w, h])


FROZEN = {
    "arithmetic": lambda w, h, b: w - h * np.sin(w) * math.pi,
    "a number": closing_over(2.0),
    "a tuple": closing_over((1.0, "a", (2, None))),
    "a global": lambda w, h, b: w - h * SCALE,
    "an array that nobody can write to": lambda w, h, b: w - h * READ_ONLY,
    "a small array": lambda w, h, b: w - h * WRITEABLE,
    "a view of one": closing_over(np.broadcast_to(WRITEABLE, (2, 3))),
    "a tuple of them": closing_over((WRITEABLE, WRITEABLE)),
    "a large array": lambda w, h, b: w - h * LARGE[:3],
    "a view of a large one": closing_over(LARGE[::2]),
    "another function": closing_over(closing_over(2.0)),
    "a gradient": closing_over(mg.grad(lambda w: nn.softplus(w) * SCALE)),
    "a default": with_default,
    "a function inside": lambda w, h, b: w - h * mg.grad(lambda w: w * SCALE)(w),
    "a counter of its own": lambda w, h, b: [x - h for x in w],
}
UNKNOWN = {
    "a list": closing_over([2.0]),
    "a dict": lambda w, h, b: w - h * CONFIG["scale"],
    "an object": lambda w, h, b: w - h * SETTINGS.scale,
    "a class": lambda w, h, b: w - h * Settings.scale,
    "an array of objects": closing_over(np.array([SETTINGS])),
    "a generator": closing_over(np.random.default_rng(0)),
    "the global generator": lambda w, h, b: w - h * np.random.normal(),  # noqa: NPY002
    "the time": lambda w, h, b: w - h * time.time(),
    "a file": lambda w, h, b: w - h * np.load("x.npy"),
    "a function of a list": closing_over(closing_over([2.0])),
    "a gradient of a function of a list": closing_over(mg.grad(closing_over([2.0]))),
    "an attribute of itself": counts,
    "an import": with_import,
    "a method": mg.TrainingRun(print, print, print, 1).batch,
    "a primitive": closing_over(extend.primitive(lambda x: x * SCALE)),
}


@pytest.mark.parametrize("name", FROZEN)
def test_constants_that_can_not_change(name):
    frozen = Frozen.of(FROZEN[name])
    assert frozen is not None
    assert frozen.holds()


@pytest.mark.parametrize("name", UNKNOWN)
def test_of_what_can_change_nothing_is_claimed(name):
    assert Frozen.of(UNKNOWN[name]) is None


def test_a_global_that_was_set_again_is_noticed(monkeypatch):
    frozen = [Frozen.of(FROZEN[name]) for name in ("a global", "a gradient", "a function inside")]
    assert all(one.holds() for one in frozen)
    monkeypatch.setitem(globals(), "SCALE", 3.0)
    assert not any(one.holds() for one in frozen)


def test_a_closure_a_default_and_code_that_were_changed_are_noticed():
    value = 2.0

    def step(w, h, b, power=1):
        return w - h * value**power

    frozen = Frozen.of(step)
    assert frozen.holds()
    value = 3.0
    assert not frozen.holds()
    frozen = Frozen.of(step)
    step.__defaults__ = (2,)
    assert not frozen.holds()
    frozen = Frozen.of(step)
    step.__code__ = (lambda w, h, b, power: value).__code__
    assert not frozen.holds()


def test_a_global_that_hides_a_builtin_from_now_on_is_noticed(monkeypatch):
    frozen = Frozen.of(lambda w, h, b: w - h * max(1.0, 2.0))
    assert frozen.holds()
    monkeypatch.setitem(globals(), "max", min)
    assert not frozen.holds()


@pytest.mark.parametrize("name", ["a small array", "a view of one", "a tuple of them"])
def test_a_small_array_that_was_written_to_is_noticed(name):
    frozen = Frozen.of(FROZEN[name])
    WRITEABLE[0] = -0.0
    assert not frozen.holds()
    WRITEABLE[0] = 0.0
    assert frozen.holds()
