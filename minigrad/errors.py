"""What can go wrong, by name.

Every error says what was given, what was expected and how to mend it. Each class also derives
from the built-in exception that a caller who has never heard of minigrad would catch.
"""

from __future__ import annotations

# fmt: off
__all__ = ["ChangedArrayError", "MinigradError", "MissingRuleError", "NonFiniteError",
           "SourceError", "TapeError", "TapeMismatchError", "TargetError", "UntrackedError"]
# fmt: on


class MinigradError(Exception):
    """The base class of minigrad's own errors."""


class TapeError(MinigradError, RuntimeError):
    """A tape was used at the wrong time or in the wrong thread."""


class TapeMismatchError(TapeError):
    """Variables of two tapes met in one operation or one sweep."""


class ChangedArrayError(MinigradError, RuntimeError):
    """An array was changed in place after the tape had recorded it."""


class MissingRuleError(MinigradError, NotImplementedError):
    """An operation has no derivative rule for what was asked."""


class NonFiniteError(MinigradError, ArithmeticError):
    """A tape that checks met a NaN or an infinity."""


class SourceError(MinigradError, TypeError):
    """A derivative was asked with respect to something that has none."""


class TargetError(MinigradError, ValueError):
    """A derivative was asked of something that has none, such as a non-scalar target."""


class UntrackedError(MinigradError, TypeError):
    """A Variable was about to be turned into a plain number and lost to the tape."""
