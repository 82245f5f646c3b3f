"""How much memory a tape holds."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import numpy as np

__all__ = ["bytes_kept"]


def bytes_kept(code: list[Any]) -> int:
    """Return the bytes of the arrays that instructions keep alive, each counted once."""
    kept = [line[4] for line in code]
    kept += [x for line in code if -1 in line[1] for x in line[2]]
    arrays = [x for x in kept if isinstance(x, np.ndarray)]
    owners = {id(x): x for x in arrays}
    for view in [x for x in arrays if x.base is not None]:
        owners.pop(id(view), None)
        while isinstance(view.base, np.ndarray):
            view = view.base
        owners[id(view)] = view
    return sum(map(attrgetter("nbytes"), owners.values()))
