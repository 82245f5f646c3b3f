"""How a long computation says how far it is: one kind of news, to whoever listens.

A listener is a function of a :class:`Progress`, or a bar such as tqdm's, which is moved by one for
each. What listens must not change anything; an exception that it raises ends the computation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Listener", "Progress", "listener"]


@dataclass(frozen=True)
class Progress:
    """One piece of news.

    Attributes
    ----------
    done, total : int
        How many of how many are done, this one included.
    text : str
        What to show of it, such as ``"cost 0.0784, eta 1.18"``.
    detail : object
        What was done: an :class:`minigrad.hyper.OuterStep` of a descent, the point and the cost of
        a search.
    """

    done: int
    total: int
    text: str
    detail: Any = None


#: A function of a Progress; a bar with ``update(n)``, as tqdm's; or None, for nobody.
Listener = Callable[[Progress], object] | Any


def listener(given: Listener) -> Callable[[Progress], object]:
    """Return a function to tell the news to.

    Raises
    ------
    TypeError
        If what was given neither can be called nor has a method ``update``.

    Examples
    --------
    >>> from minigrad.hyper.progress import Progress, listener
    >>> listener(lambda news: print(news.done, "of", news.total))(Progress(1, 3, "cost 0.5"))
    1 of 3
    """
    if given is None:
        return lambda news: None
    if hasattr(given, "update"):
        return lambda news: moved(given, news)
    if callable(given):
        return given
    raise TypeError(
        f"callback= must be a function of a Progress, or a bar with update(n) such as tqdm's; got "
        f"{given!r:.60}"
    )


def moved(bar: Any, news: Progress) -> None:
    """Move a bar by one and show the text behind it."""
    if getattr(bar, "total", news.total) is None:
        bar.total = news.total
    if hasattr(bar, "set_postfix_str"):
        bar.set_postfix_str(news.text, refresh=False)
    bar.update(1)
