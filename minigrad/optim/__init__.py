"""Optimisers: pure pairs of functions, one pair a module, and schedules.

``init(params)`` returns the state of an optimiser, a tree; ``update(params, grads, state, ...)``
returns new parameters and a new state. Every hyperparameter is an argument of `update`, so each
may be a variable on a tape, and may change from step to step.

The pairs are the modules `sgd`, `momentum`, `nesterov`, `rmsprop`, `adam` and `adamw`; `schedules`
makes the rates of all steps at once, and `steps` has the primitives that all are made of.
"""

from minigrad.optim import adam, adamw, momentum, nesterov, rmsprop, schedules, sgd, steps

__all__ = ["adam", "adamw", "momentum", "nesterov", "rmsprop", "schedules", "sgd", "steps"]
