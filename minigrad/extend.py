"""The extension API: what is needed to add an operation, and nothing else.

See :func:`primitive` for an example. A new operation takes one decorated function and two rules;
:func:`minigrad.testing.check_primitive` then tests it.
"""

from minigrad.primitive import (
    Primitive,
    by_position,
    def_jvp,
    def_vjp,
    primitive,
    unbroadcast,
)

__all__ = ["Primitive", "by_position", "def_jvp", "def_vjp", "primitive", "unbroadcast"]
