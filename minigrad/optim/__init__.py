"""Optimisers: pure pairs of functions, one pair a module, and schedules.

``init(params)`` returns the state of an optimiser, a tree; ``update(params, grads, state, ...)``
returns new parameters and a new state. Every hyperparameter is an argument of `update`, so each
may be a variable on a tape, and may change from step to step.

Attributes
----------
sgd, momentum, nesterov, rmsprop, adam, adamw : modules
    With `init` and `update`.
schedules : module
    Learning rates for all steps at once.
steps : module
    The primitives that they are made of.
"""

from minigrad.optim import adam, adamw, momentum, nesterov, rmsprop, schedules, sgd, steps

__all__ = ["adam", "adamw", "momentum", "nesterov", "rmsprop", "schedules", "sgd", "steps"]
