"""NumPy is all that minigrad needs, and all that it brings."""

from tests.environments.smoke import third_parties


def test_import_minigrad_imports_numpy_and_nothing_else():
    assert third_parties() == {"minigrad", "numpy"}
