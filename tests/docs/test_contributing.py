"""The code in the contributor's guide runs, and does what it is said to do."""

import re
from pathlib import Path

import numpy as np
from numpy.testing import assert_allclose

import minigrad as mg

GUIDE = Path(__file__).parents[2] / "CONTRIBUTING.md"


def test_the_primitive_of_the_guide_has_right_rules_of_both_orders():
    (code,) = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.M | re.S)
    module: dict = {}
    exec(code, module)
    bump = module["bump"]

    x, width = 0.7, 1.3
    y = np.exp(-((x / width) ** 2))
    assert_allclose(bump(x, width), y)
    assert_allclose(mg.grad(lambda x: bump(x, width))(x), -2 * x / width**2 * y)
    assert_allclose(mg.grad(lambda width: bump(x, width))(width), 2 * x**2 / width**3 * y)
    second = (4 * x**2 / width**4 - 2 / width**2) * y
    assert_allclose(mg.grad(mg.grad(lambda x: bump(x, width)))(x), second)
