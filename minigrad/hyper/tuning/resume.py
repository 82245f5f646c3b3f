"""A descent as the content of a checkpoint, and back; what tells one descent from another."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.hyper.methods import hypergradient
from minigrad.hyper.result import HyperGradient, Stats
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.tuning.checkpoint import Arrays, CheckpointError
from minigrad.hyper.tuning.descent import Descent, Trail

__all__ = ["checked", "fingerprint", "packed", "unpacked"]


def fingerprint(descent: Descent, seed: int) -> dict[str, str]:
    """Return what a descent must have in common with the one that it goes on with.

    How many outer steps are wanted is not among it, so a descent can be taken further.
    """
    run = descent.run_of(0)
    found = {"training steps": str(run.steps)}
    for path, hyper in tree.paths(descent.coordinates.marked).items():
        found[f"hyper {path}"] = (
            f"{hyper.domain.name} from {hyper.domain.low!r} to {hyper.domain.high!r}, "
            f"{np.asarray(hyper.value).dtype} of shape {np.shape(hyper.value)}"
            f"{', per step' if hyper.per_step else ''}"
        )
    found["start"] = digest(tree.map(lambda h: h.value, descent.coordinates.marked))
    found["first batch"] = digest(run.batch(0)) if run.steps else "none"
    found["last batch"] = digest(run.batch(run.steps - 1)) if run.steps else "none"
    found |= {"optimiser": repr(descent.optimiser), "rules": repr(descent.rules)}
    return found | {"method": repr(descent.method), "seed": str(seed)}


def digest(values: Any) -> str:
    """Return a digest of the arrays in a tree."""
    found = hashlib.sha256()
    for path, leaf in tree.paths(values).items():
        array = np.asarray(leaf)
        content = repr(leaf).encode() if array.dtype.hasobject else array.tobytes()
        found.update(f"{path} {array.dtype} {array.shape}".encode() + content)
    return found.hexdigest()[:16]


def packed(descent: Descent, trail: Trail, identity: dict[str, str]) -> tuple[Any, Arrays]:
    """Return the header and the arrays of a checkpoint."""
    flat, results = descent.coordinates.flat, [event.result for event in trail.history]
    header = {
        "identity": identity,
        "cost at the first point": float(results[0].cost).hex(),
        "cost dtype": np.asarray(results[0].cost).dtype.str,
        "stats": [{key: worded(x) for key, x in asdict(r.stats).items()} for r in results],
    }
    arrays = {
        "points": np.array(trail.points),
        "values": np.array([flat(tree.map(lambda h: h.value, r.hypers)) for r in results]),
        "gradients": np.array([flat(r.gradient) for r in results]),
        "costs": np.array([float(r.cost) for r in results]),
        "accepted": np.array([event.accepted for event in trail.history]),
        "rates": np.array([event.rate for event in trail.history]),
    }
    return header, arrays | {f"optimiser {key}": x for key, x in trail.state.items()}


def worded(x: Any) -> Any:
    """Return a number for the header; floats as text, of which some are no JSON."""
    x = x.item() if isinstance(x, np.generic) else x
    return {"float": x.hex()} if isinstance(x, float) else x


def unworded(x: Any) -> Any:
    """Undo `worded`."""
    return float.fromhex(x["float"]) if isinstance(x, dict) else x


def unpacked(descent: Descent, header: Any, arrays: Arrays, identity: dict[str, str]) -> Trail:
    """Return the trail that a checkpoint holds.

    Raises
    ------
    CheckpointError
        If it is that of another descent, or its parts contradict each other.
    """
    try:
        compare(header["identity"], identity)
        n, k = len(arrays["costs"]), descent.coordinates.size
        if n > descent.steps:
            raise CheckpointError(
                f"it has {n} outer steps already; ask for as many or more, not {descent.steps}"
            )
        empty = descent.begin()
        state = {key: arrays[f"optimiser {key}"] for key in empty.state}
        shapes = {"points": (n, k), "values": (n, k), "gradients": (n, k), "costs": (n,)}
        shapes |= {"accepted": (n,), "rates": (n,)}
        shapes |= {f"optimiser {key}": np.shape(x) for key, x in empty.state.items()}
        if {key: x.shape for key, x in arrays.items()} != shapes or len(header["stats"]) != n:
            raise ValueError("the shapes of its arrays are not those of a descent")
        number = np.dtype(header["cost dtype"]).type
        trail = empty
        for i in range(n):
            result = HyperGradient(
                number(arrays["costs"][i]),
                descent.coordinates.natural(arrays["gradients"][i]),
                descent.coordinates.at(arrays["values"][i]),
                Stats(**{key: unworded(x) for key, x in header["stats"][i].items()}),
            )
            accepted, rate = bool(arrays["accepted"][i]), float(arrays["rates"][i])
            trail = descent.with_point(trail, arrays["points"][i], result, accepted, rate, state)
        return trail
    except CheckpointError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise CheckpointError(f"its content makes no sense: {error}") from None


def compare(kept: Any, identity: dict[str, str]) -> None:
    """Refuse a checkpoint of another descent, and name what differs."""
    for key in [*identity, *kept]:
        there, here = kept.get(key, "none"), identity.get(key, "none")
        if there != here:
            raise CheckpointError(
                f"it is that of another descent: {key} is {there} there and {here} here"
            )


def checked(descent: Descent, run: TrainingRun, trail: Trail) -> None:
    """Compute the first point once more: a step or a cost that has changed would show there.

    Raises
    ------
    CheckpointError
        If a bit of the cost or of the gradient is different.
    """
    kept = trail.history[0].result
    again = hypergradient(run, kept.hypers, descent.settled(trail))
    flat = descent.coordinates.flat
    there, here = float(kept.cost).hex(), float(again.cost).hex()
    what = f"the cost at the first point is {there} there and {here} here"
    if there == here:
        if np.array_equal(flat(kept.gradient), flat(again.gradient)):
            return
        what = "the gradient at the first point is another"
    raise CheckpointError(
        f"it is that of another descent: {what}, so the run, its data or the machine's arithmetic "
        f"has changed"
    )
