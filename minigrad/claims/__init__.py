"""The statements that started this project, settled by running them: S1 to S11.

They come from a question of 2017 about chapter 3 of Michael Nielsen's "Neural Networks and Deep
Learning", and from its two answers. Each file has one of them; ``minigrad claims`` prints them.

Source: "What are the challenges of using gradient descent on hyper parameters λ and η to find out
their optimum values?", Computer Science Stack Exchange, question 74561, answers by D.W. and
user172818.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.claims import (
    black_box,
    crossing,
    eta,
    formula,
    function,
    minima,
    network,
    nielsen,
    rule,
    runaway,
    schedule,
)
from minigrad.claims.claim import Claim, Fact

__all__ = ["CLAIMS", "Claim", "Fact", "settle"]

#: What settles each statement, by its number.
CLAIMS: dict[int, Callable[[], Claim]] = {
    1: rule.settle,
    2: function.settle,
    3: formula.settle,
    4: black_box.settle,
    5: minima.settle,
    6: crossing.settle,
    7: eta.settle,
    8: runaway.settle,
    9: schedule.settle,
    10: network.settle,
    11: nielsen.settle,
}


def settle(number: int, data: Any = None) -> Claim:
    """Settle a statement by measuring what it is about.

    Parameters
    ----------
    number : int
        1 to 11.
    data : Splits, optional
        For S11: other images than the bundled digits, such as MNIST's.

    Raises
    ------
    ValueError
        If there is no such statement.

    Examples
    --------
    >>> from minigrad.claims import settle
    >>> settle(5).verdict
    'true only if eta is beyond the edge of stability'
    """
    if number not in CLAIMS:
        raise ValueError(f"the statements are numbered from 1 to {len(CLAIMS)}, got {number!r}")
    return nielsen.settle(data) if number == 11 else CLAIMS[number]()
