'''What a reader gets of an exercise, made from the complete file.

Comments mark what is left out::

    def slope(x):
        """Return the derivative at `x`."""
        # solution
        return 2 * x
        # end

In the stub such a region says that something is to be written. A region that begins with
``# start`` has, as comments, lines that the stub has in its place: code to begin with, or to mend.
The hints and the check, which come last, and what they import from the package are for the
checker alone.
'''

from __future__ import annotations

import re
from collections.abc import Iterator

from minigrad.arguments import instance

__all__ = ["regions", "solved", "stub"]

REGION = re.compile(
    r"(?:^(?P<begin>[ ]*)# start\n(?P<start>(?:[ ]*#.*\n)*?))?"
    r"^(?P<indent>[ ]*)# solution\n(?P<solution>(?:.*\n)*?)[ ]*# end\n",
    re.MULTILINE,
)
CHECKER = re.compile(r"^from minigrad\.learn.*\n", re.MULTILINE)
MISSING = 'raise NotImplementedError("yours to write")\n'


def stub(source: str) -> str:
    r"""Return the file with its solution left out.

    Examples
    --------
    >>> from minigrad.learn import stub
    >>> text = 'def double(x):\n    # solution\n    return 2 * x\n    # end\n'
    >>> print(stub(text), end="")
    def double(x):
        raise NotImplementedError("yours to write")
    """
    instance("stub: source", source, str, "the text of a file")
    return REGION.sub(_beginning, for_reader(source)).rstrip() + "\n"


def solved(source: str) -> str:
    r"""Return the file with its solution, without the marks.

    Examples
    --------
    >>> from minigrad.learn import solved
    >>> text = 'def double(x):\n    # solution\n    return 2 * x\n    # end\n'
    >>> print(solved(text), end="")
    def double(x):
        return 2 * x
    """
    instance("solved: source", source, str, "the text of a file")
    return REGION.sub(lambda region: region["solution"], for_reader(source)).rstrip() + "\n"


def regions(source: str) -> Iterator[str]:
    """Yield the solutions, region by region."""
    for region in REGION.finditer(source):
        yield region["solution"]


def for_reader(source: str) -> str:
    """Return what is not for the checker alone."""
    return CHECKER.sub("", source.partition("\nHINTS = ")[0] + "\n")


def _beginning(region: re.Match[str]) -> str:
    if region["start"] is None:
        return region["indent"] + MISSING
    return re.sub(r"^([ ]*)# ?", r"\1", region["start"], flags=re.MULTILINE)
