"""Tools that hold derivatives against independent answers."""

from minigrad.testing.check import check_grads
from minigrad.testing.numeric import Estimate, complex_step, finite_difference
from minigrad.testing.primitives import check_primitive

__all__ = ["Estimate", "check_grads", "check_primitive", "complex_step", "finite_difference"]
