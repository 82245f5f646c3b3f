"""Each law of ``test_laws.py`` sees the fault that it is about, near its tolerance."""

import numpy as np
import pytest
import test_laws as laws
from evidence import Recording, Truth


def off(arrays, by):
    return [x * (1 + by) for x in arrays]


def overwrite(found):
    found.xs[0][0, 0] = 7.0


# A law, and what is done to a recording that keeps it.
FAULTS = [
    (laws.value_is_numpys, lambda f: {"ys": [np.nextafter(y, 9.0) for y in f.ys]}),
    (
        laws.derivatives_have_the_form_of_their_primal,
        lambda f: {"x_bars": [x_bar[None] for x_bar in f.x_bars]},
    ),
    (laws.derivatives_have_the_form_of_their_primal, lambda f: {"y_dots": [1j * f.y_dots[0]]}),
    (laws.tangents_are_those_of_differences, lambda f: {"y_dots": off(f.y_dots, 2e-6)}),
    (laws.cotangents_are_those_of_differences, lambda f: {"x_bars": off(f.x_bars, 2e-6)}),
    (laws.cotangents_and_tangents_are_transposes, lambda f: {"x_bars": off(f.x_bars, 1e-11)}),
    (laws.cotangents_are_those_of_the_complex_step, lambda f: {"x_bars": off(f.x_bars, 1e-11)}),
    (
        laws.second_order_is_one_number_by_all_ways,
        lambda f: {"second_order": [f.second_order[0], off(f.second_order[1], 1e-8)]},
    ),
    (
        laws.second_order_is_that_of_differences,
        lambda f: {"second_order": [off(f.second_order[0], 1e-4)]},
    ),
    (laws.a_second_sweep_gives_the_same_bytes, lambda f: {"swept": off(f.swept, 1e-15)}),
    (laws.nothing_is_written_to_and_no_memory_is_shared, lambda f: overwrite(f) or {}),
    (laws.nothing_is_written_to_and_no_memory_is_shared, lambda f: {"swept": 2 * f.swept[:1]}),
    (laws.nothing_is_written_to_and_no_memory_is_shared, lambda f: {"swept": f.u}),
]


@pytest.mark.parametrize(("law", "fault"), FAULTS)
def test_a_law_sees_its_fault(law, fault):
    xs = [np.array([[0.5, 1.25, -2.0], [1.5, -0.75, 3.0]]), np.array([0.25, 2.0, 1.0])]
    truth = Truth(lambda a, b: np.exp(a) * np.sin(b), xs, order=2, analytic=True)
    found = Recording(truth)
    law(found, truth)
    vars(found).update(fault(found))
    with pytest.raises(AssertionError):
        law(found, truth)


def test_every_law_has_a_fault():
    assert {law for law, _ in FAULTS} == set(laws.LAWS)
