"""Results as others take them: values of strict JSON, and HTML for notebooks."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from minigrad import tree

__all__ = ["name", "named", "plain", "preformatted"]


def plain(value: Any) -> Any:
    """Return a value as JSON has it: arrays as lists, what is not finite as None.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.hyper.plain import plain
    >>> plain({"costs": np.array([0.5, np.inf]), "steps": np.int64(2)})
    {'costs': [0.5, None], 'steps': 2}
    """
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value if isinstance(value, str | int | None) else str(value)


def preformatted(report: Any) -> str:
    """Return the text of a report as HTML, its lines as they are."""
    return f"<pre>{escape(str(report))}</pre>"


def named(values: Any) -> dict[str, Any]:
    """Return the leaves of a tree by short names: ``layers 0 eta`` for ``['layers'][0]['eta']``."""
    return {name(path): leaf for path, leaf in tree.paths(values).items()}


def name(path: str) -> str:
    """Return the path of a leaf without brackets."""
    return " ".join(path.translate(BRACKETS).split()) or "hyper"


BRACKETS = str.maketrans("[]'\".", "     ")
