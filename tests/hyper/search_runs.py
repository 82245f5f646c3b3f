"""Runs that other processes can import, for the tests of searches."""

import os
import time

import numpy as np

import minigrad as mg


def init(h):
    return np.array([0.3, 0.1, -0.4])


def step(w, h, batch):
    return w - h["eta"] * (np.tanh(w - batch) + h["lam"] * w)


def batch(t):
    return np.array([1.0, -2.0, 0.5]) * np.cos(t)


def cost(w, h):
    return np.sum((w - 0.5) ** 2) + np.sum(np.sin(3.0 * w))


def fails_at_two(w, h):
    if h["eta"] == 2.0:
        raise ValueError("two is too much")
    return cost(w, h)


RUN = mg.TrainingRun(init=init, step=step, cost=cost, steps=7, batches=batch)
FAILING = mg.TrainingRun(init=init, step=step, cost=fails_at_two, steps=7, batches=batch)


def sleepy(w, h):
    if h["eta"] > 0.1:
        time.sleep(0.02)
    return cost(w, h)


SLOW = mg.TrainingRun(init=init, step=step, cost=sleepy, steps=7, batches=batch)


def dies_at_two(w, h):
    if h["eta"] == 2.0:
        os._exit(1)
    return cost(w, h)


DYING = mg.TrainingRun(init=init, step=step, cost=dies_at_two, steps=7, batches=batch)
