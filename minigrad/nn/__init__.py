"""Networks: pure functions on trees of parameters; no hidden state."""

from minigrad.nn.weights import decay, is_weight, spread

__all__ = ["decay", "is_weight", "spread"]
