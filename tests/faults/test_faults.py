"""Faults that are injected: a few of each, every day; ``python -m tests.faults`` takes them all."""

import gc
import weakref

import numpy as np
import pytest

import minigrad as mg
from tests.faults import damage, depth, kills, moments

posix = pytest.mark.skipif(not hasattr(moments.os, "fork"), reason="has neither fork nor signals")


# Interruptions


@posix
def test_killed_at_a_random_moment_tune_goes_on_to_the_same_end(tmp_path):
    found = kills.kills(tmp_path, count=3, seed=2, outer_steps=20)
    assert [one.signal for one in found] == list(kills.SIGNALS)
    assert all(one.identical for one in found)
    assert any(one.steps for one in found)


@posix
@pytest.mark.parametrize("act", [moments.interrupt, moments.kill])
def test_cut_short_at_any_moment_of_the_code_that_keeps_it_it_goes_on_to_the_same_end(
    tmp_path, act
):
    assert moments.check(tmp_path, act, every=61) >= 10


# Damage


def test_a_checkpoint_that_is_cut_off_or_has_a_bit_flipped_is_refused(tmp_path):
    path = damage.checkpoint(tmp_path)
    size = path.stat().st_size
    damage.refused(path, damage.cuts(size, every=41), damage.flips(size, every=401))


# Depth and leaks


def test_a_loop_of_100_000_steps_on_one_tape():
    depth.check(mg.Recorded())


@pytest.mark.parametrize("method", depth.METHODS)
def test_every_method_goes_through_a_long_loop(method):
    steps = 2000
    depth.check(mg.Truncated(last=steps) if method == "Truncated" else depth.METHODS[method], steps)


def test_a_thousand_gradients_leave_nothing():
    """Each of them alone leaves some kilobytes while it is there."""
    grown, cycles = depth.growth(depth.gradient, times=1000)
    assert grown < 2000
    assert cycles == 0


def test_a_leak_and_a_cycle_would_be_seen():
    kept = []
    assert depth.growth(lambda: kept.append(np.ones(50)), times=100)[0] > 10_000

    def in_a_circle():
        circle = []
        circle.append(circle)

    assert depth.growth(in_a_circle, times=100)[1] == 100


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def recorded(then=lambda tape, x, y: None):
    """Return what dies with a tape, whose last names end here."""
    with mg.Tape() as tape:
        x = tape.variable(np.ones(100))
        y = np.sum(np.sin(x) * np.exp(x) + x @ np.ones((100, 100)) @ x)
        then(tape, x, y)
        inner = tape.gradient(y, x)
        z = np.sum(inner * inner)
        then(tape, x, z)
    then(tape, x, z)
    return [weakref.ref(one) for one in (tape, x.value, inner.value, z)]


def raising(tape, x, y):
    with pytest.raises(ValueError, match="mismatch"):
        np.matmul(x, np.ones((3, 3)))
    with pytest.raises(ZeroDivisionError):
        mg.grad(lambda x: np.sum(x) / 0 if np.ndim(x) else 1 // 0)(2.0)


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize(
    "then",
    [
        lambda tape, x, y: None,
        lambda tape, x, y: tape.is_open or tape.gradient(y, x, contributions=True),
        lambda tape, x, y: tape.tangent(y, x, np.ones(100)),
        lambda tape, x, y: mg.grad(mg.grad(lambda s: s**3))(2.0),
        lambda tape, x, y: str(tape),
        raising,
    ],
    ids=["once", "contributions", "tangent", "higher order", "as text", "exceptions"],
)
def test_a_tape_is_freed_with_its_last_name(then):
    assert [one() for one in recorded(then)] == [None] * 4


@pytest.mark.usefixtures("no_collector")
def test_a_tape_is_freed_after_an_exception_in_its_block():
    died = []

    def fails():
        with mg.Tape() as tape:
            x = tape.variable(np.ones(100))
            died.extend([weakref.ref(tape), weakref.ref((np.sin(x) * 2).value)])
            raise RuntimeError("in the block")

    with pytest.raises(RuntimeError, match="in the block") as raised:
        fails()
    del raised
    assert [one() for one in died] == [None, None]


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("method", ["recorded", "stored", "forward"])
def test_the_tapes_of_a_hypergradient_are_freed_with_it(monkeypatch, method):
    """They are counted as they are made; whatever room makes them, it is by this one class."""
    tapes, begin = [], mg.Tape.__init__

    def watched(self, *args, **options):
        begin(self, *args, **options)
        tapes.append(weakref.ref(self))

    monkeypatch.setattr(mg.Tape, "__init__", watched)
    run, _, _ = depth.shrinking(5)
    mg.hypergradient(run, 0.1, method)
    assert tapes
    assert [tape() for tape in tapes] == [None] * len(tapes)
