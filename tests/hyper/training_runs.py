"""Small training runs, one for each thing that a method has to cope with."""

import numpy as np

import minigrad as mg
from minigrad import nn, optim
from minigrad.tree import map as tree_map


def ridge(init, step, steps=9, **rest):
    """Return a run on a cost of two bends, whose gradient `step` asks for by `slope`."""
    return mg.TrainingRun(init=init, step=step, cost=outer_cost, steps=steps, **rest)


CURVATURE = np.array([[1.0, 0.3, 0.1], [0.3, 0.8, 0.2], [0.1, 0.2, 0.5]])
TARGET = np.array([1.0, -2.0, 0.5])
START = np.array([0.3, 0.1, -0.4])


def slope(w, lam):
    return np.tanh(CURVATURE @ (w - TARGET)) + lam * w


def outer_cost(state, hypers):
    w = state["w"] if isinstance(state, dict) else state
    return np.sum((w - 0.5 * TARGET) ** 2) + np.sum(np.sin(w))


def gradient_descent(steps=9):
    return ridge(lambda h: START, lambda w, h, batch: w - h["eta"] * slope(w, h["lam"]), steps), {
        "eta": mg.positive(0.2),
        "lam": mg.positive(0.3),
    }


def heavy_ball():
    def step(state, h, batch):
        v = h["beta"] * state["v"] + slope(state["w"], h["lam"])
        return {"w": state["w"] - h["eta"] * v, "v": v}

    hypers = {"eta": mg.positive(0.2), "lam": 0.3, "beta": mg.unit_interval(0.7)}
    return ridge(lambda h: {"w": START, "v": np.zeros(3)}, step), hypers


def keys_in_another_order():
    """A step whose dict has the keys of the state in an order of its own."""
    run, hypers = heavy_ball()

    def step(state, h, batch):
        new = run.step(state, h, batch)
        return {key: new[key] for key in ("v", "w")}

    return ridge(run.init, step), hypers


def schedules():
    """Rates of the whole and of each weight; `init` reads one of them as well."""

    def step(w, h, batch):
        return w - h["eta"] * h["each"] * slope(w, h["lam"])

    hypers = {
        "eta": mg.per_step(mg.positive(np.linspace(0.1, 0.5, 6))),
        "each": mg.per_step(np.linspace(0.5, 1.5, 18).reshape(6, 3)),
        "lam": 0.2,
    }
    return ridge(lambda h: START * h["eta"][2], step, 6), hypers


def layers():
    """A network with a rate and a decay for each layer, on mini-batches."""
    rng = np.random.default_rng(1)
    start = nn.init_mlp(rng, (3, 4, 2))
    x, y = rng.normal(size=(24, 3)), rng.integers(0, 2, size=24)

    def cost(params, x, y):
        return nn.cross_entropy(nn.mlp(params, x), y)

    def step(params, h, batch):
        grads = mg.grad(lambda p: cost(p, *batch))(params)
        return [
            tree_map(lambda p, g, l=l: p - h["eta"][l] * (g + h["lam"][l] * p), params[l], grads[l])  # noqa: E741
            for l in range(2)  # noqa: E741
        ]

    run = mg.TrainingRun(
        init=lambda h: start,
        step=step,
        cost=lambda params, h: cost(params, x, y),
        steps=5,
        batches=lambda t: (x[4 * t : 4 * t + 4], y[4 * t : 4 * t + 4]),
    )
    return run, {"eta": [mg.positive(0.5), mg.positive(0.2)], "lam": np.array([0.1, 0.3])}


def initial_scale():
    step = gradient_descent()[0].step
    return ridge(lambda h: START * h["scale"], step), {
        "eta": 0.2,
        "lam": 0.3,
        "scale": np.float64(1.5),
    }


def adam():
    def init(h):
        return {"w": START, "adam": optim.adam.init(START)}

    def step(state, h, batch):
        w, adam = state["w"], state["adam"]
        w, adam = optim.adam.update(w, slope(w, 0.1), adam, **h)
        return {"w": w, "adam": adam}

    hypers = {"eta": 0.1, "beta1": 0.8, "beta2": 0.9, "eps": mg.positive(1e-3)}
    return ridge(init, step), hypers


def counter():
    """A state with an integer, on which the rate depends."""

    def step(state, h, batch):
        rate = h["eta"] / (1 + h["decay"] * state["t"])
        return {"w": state["w"] - rate * slope(state["w"], 0.1), "t": state["t"] + 1}

    hypers = {"eta": 0.3, "decay": 0.2}
    return ridge(lambda h: {"w": START, "t": np.int64(0)}, step), hypers


def shorter_last_batch():
    """The last step sees fewer examples, so it is another program."""
    data = np.random.default_rng(2).normal(size=(10, 3))

    def step(w, h, batch):
        return w - h["eta"] * (np.mean(np.tanh(batch @ w)[:, None] * batch, axis=0) + h["lam"] * w)

    batches = [data[0:4], data[4:8], data[8:10]]
    return ridge(lambda h: START, step, 3, batches=batches), {"eta": 0.5, "lam": 0.2}


def single_precision():
    bend, target = CURVATURE.astype(np.float32), TARGET.astype(np.float32)

    def step(w, h, batch):
        return w - h["eta"] * (np.tanh(bend @ (w - target)) + h["lam"] * w)

    run = mg.TrainingRun(
        init=lambda h: START.astype(np.float32) * h["scale"],
        step=step,
        cost=lambda w, h: np.sum((w - 0.5 * target) ** 2),
        steps=9,
    )
    return run, {"eta": np.full(3, 0.2, np.float32), "lam": 0.1, "scale": np.float32(1)}


def single_number():
    """The state is a Python number, and the cost has the hypers in it."""
    return mg.TrainingRun(
        init=lambda h: 1.0,
        step=lambda w, h, batch: w - h["eta"] * (w - 2.0 + h["lam"] * w),
        cost=lambda w, h: 0.5 * (w - 2.0) ** 2 + 0.5 * h["lam"] * w**2,
        steps=5,
    ), {"eta": mg.positive(0.3), "lam": mg.positive(0.1)}


def one_number():
    """The tree of hyperparameters is a single leaf."""
    run, _ = gradient_descent()
    return ridge(
        lambda h: START, lambda w, h, batch: run.step(w, {"eta": h, "lam": 0.1}, None)
    ), 0.2


def each_parameter():
    """A rate and a decay for each weight: arrays like the weights."""
    return gradient_descent(4)[0], {
        "eta": mg.positive(np.array([0.1, 0.2, 0.3])),
        "lam": np.array([0.3, 0.1, 0.2]),
    }


def examples():
    """Weights of the examples, of which each step chooses some, and what is added to them all."""
    x = np.random.default_rng(3).normal(size=(6, 3))

    def step(w, h, choice):
        seen, weights = choice @ x + h["shift"], choice @ h["weights"]
        return w - h["eta"] * (np.tanh(seen @ w) * weights) @ seen

    return ridge(lambda h: START, step, 4, batches=[np.eye(6)[t : t + 2] for t in range(4)]), {
        "eta": 0.3,
        "weights": np.linspace(0.5, 1.5, 6),
        "shift": np.array([0.1, -0.2, 0.05]),
    }


def all_kinds():
    """Schedules of Adam's rate and beta, constants, an initial scale, momentum and a counter."""

    def init(h):
        return {"w": START * h["scale"], "adam": optim.adam.init(START), "t": 0, "v": 0.1 * START}

    def step(state, h, batch):
        w, adam = state["w"], state["adam"]
        v = h["mu"] * state["v"] + slope(w, h["lam"]) * batch
        w, adam = optim.adam.update(
            w, v, adam, eta=h["eta"], beta1=h["beta1"], beta2=0.9, eps=h["eps"]
        )
        return {"w": w, "adam": adam, "t": state["t"] + 1, "v": v}

    hypers = {
        "mu": mg.unit_interval(0.6),
        "eta": mg.per_step(mg.positive(np.linspace(0.2, 0.1, 5))),
        "scale": 1.2,
        "beta1": mg.per_step(mg.unit_interval(np.linspace(0.5, 0.8, 5))),
        "lam": np.array([0.1, 0.2, 0.3]),
        "eps": mg.positive(1e-3),
    }
    return ridge(init, step, 5, batches=[1.0, 0.5, 1.5, 1.0, 0.7]), hypers


RUNS = {
    "one number": one_number,
    "each parameter": each_parameter,
    "examples": examples,
    "all kinds": all_kinds,
    "gradient descent": gradient_descent,
    "no step": lambda: gradient_descent(0),
    "one step": lambda: gradient_descent(1),
    "heavy ball": heavy_ball,
    "keys in another order": keys_in_another_order,
    "schedules": schedules,
    "layers": layers,
    "initial scale": initial_scale,
    "adam": adam,
    "counter": counter,
    "shorter last batch": shorter_last_batch,
    "single precision": single_precision,
    "single number": single_number,
}
