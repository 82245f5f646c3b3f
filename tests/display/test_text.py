"""What a notebook shows of a tape and of a Variable."""

import numpy as np

import minigrad as mg


def test_a_variable_says_what_it_is_and_what_it_holds():
    with mg.Tape() as tape:
        w = tape.variable(np.array([1.5, -2.0]), name="<w>")
        y = np.tanh(w)
    shown = w._repr_html_()
    assert "&lt;w&gt;: instruction 0, variable; shape (2,), float64" in shown
    assert "[ 1.5 -2. ]" in shown
    assert "Variable: instruction 1, tanh" in y._repr_html_()


def test_a_large_one_is_shown_by_its_ends():
    with mg.Tape() as tape:
        w = tape.variable(np.arange(1e4).reshape(100, 100))
    assert "..." in w._repr_html_()
    assert len(w._repr_html_()) < 1000


def test_what_a_notebook_asks_for_besides_is_not_there():
    with mg.Tape() as tape:
        w = tape.variable(1.0)
    assert not hasattr(w, "_ipython_canary_method_should_not_exist_")
    assert not hasattr(w, "_repr_png_")


def test_signs_of_a_tape_are_as_they_are():
    with mg.Tape() as tape:
        tape.variable(1.0, name="a<b&c")
    assert "a&lt;b&amp;c" in tape._repr_html_()
