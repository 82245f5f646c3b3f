"""Networks: layers, losses and initialisers, as pure functions on trees of parameters.

No function here keeps anything between two calls: parameters come in and results go out. Each
works on arrays and on Variables, keeps float32, and runs on complex numbers, so that the complex
step can check it.
"""

from minigrad.nn.activations import (
    gelu,
    log_softmax,
    logsumexp,
    relu,
    sigmoid,
    softmax,
    softplus,
    tanh,
)
from minigrad.nn.init import glorot, he, init_mlp, lecun, normal, zeros
from minigrad.nn.layers import dense, mlp
from minigrad.nn.losses import (
    accuracy,
    binary_cross_entropy,
    cross_entropy,
    l2,
    one_hot,
    quadratic_cost,
    regularised_cost,
    sum_squares,
)
from minigrad.nn.weights import decay, is_weight, spread

__all__ = [
    "accuracy",
    "binary_cross_entropy",
    "cross_entropy",
    "decay",
    "dense",
    "gelu",
    "glorot",
    "he",
    "init_mlp",
    "is_weight",
    "l2",
    "lecun",
    "log_softmax",
    "logsumexp",
    "mlp",
    "normal",
    "one_hot",
    "quadratic_cost",
    "regularised_cost",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "spread",
    "sum_squares",
    "tanh",
    "zeros",
]
