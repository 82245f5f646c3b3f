"""What holds of Fourier transforms beyond the table: their closed forms, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import minigrad as mg

lengths = st.integers(1, 12)


@given(lengths, st.integers(0, 99))
def test_the_energy_of_a_spectrum_is_that_of_the_signal(n, seed):
    """Parseval: its gradient is 2 x for the orthonormal transform, 2 n x for the plain one."""
    x = np.random.default_rng(seed).normal(size=n)

    def energy(x, norm):
        return np.sum(np.abs(np.fft.fft(x, norm=norm)) ** 2)

    assert_allclose(mg.grad(energy)(x, "ortho"), 2 * x, atol=1e-12)
    assert_allclose(mg.grad(energy)(x, "backward"), 2 * n * x, atol=1e-11)
    assert_allclose(mg.grad(energy)(x, "forward"), 2 / n * x, atol=1e-12)


@given(lengths, lengths, st.sampled_from(["backward", "ortho", "forward"]))
def test_rfft_has_the_gradient_of_the_half_of_fft_that_it_is(m, n, norm):
    rng = np.random.default_rng(m + 100 * n)
    x, y_bar = rng.normal(size=m), rng.normal(size=(2, n // 2 + 1))
    y_bar = y_bar[0] + 1j * y_bar[1]
    (x_bar,) = mg.vjp(lambda x: np.fft.rfft(x, n, norm=norm), x)[1](y_bar)
    (expected,) = mg.vjp(lambda x: np.fft.fft(x, n, norm=norm)[: n // 2 + 1], x)[1](y_bar)
    assert_allclose(x_bar, expected, atol=1e-12)


@given(lengths, st.integers(0, 99))
def test_a_transform_and_its_inverse_are_the_identity(n, seed):
    x, y_bar = np.random.default_rng(seed).normal(size=(2, n))
    for there_and_back in (
        lambda x: np.fft.irfft(np.fft.rfft(x), n),
        lambda x: np.real(np.fft.ifft(np.fft.fft(x))),
        lambda x: np.fft.hfft(np.fft.ihfft(x), n),
        lambda x: np.fft.ifftshift(np.fft.fftshift(x)),
    ):
        assert_allclose(mg.vjp(there_and_back, x)[1](y_bar)[0], y_bar, atol=1e-13)


def test_what_a_real_signal_has_no_use_for_has_cotangent_zero():
    """`irfft` does not read the imaginary parts of the mean and of the highest frequency."""
    spectrum = np.zeros(3)
    (bar,) = mg.vjp(lambda z: np.fft.irfft(1j * z, 4), spectrum)[1](np.array([1.0, 2.0, 4.0, 8.0]))
    assert bar[0] == bar[2] == 0.0
    assert_allclose(bar[1], 3.0)  # y = -z_1 sin(pi j / 2) / 2


def test_convolution_is_a_product_of_spectra():
    """Its gradient is a correlation: as of np.convolve."""
    rng = np.random.default_rng(0)
    x, h, y_bar = rng.normal(size=5), rng.normal(size=3), rng.normal(size=7)

    def by_spectra(x, h):
        return np.fft.irfft(np.fft.rfft(x, 7) * np.fft.rfft(h, 7), 7)

    y, pull = mg.vjp(by_spectra, x, h)
    assert_allclose(y, np.convolve(x, h))
    x_bar, h_bar = pull(y_bar)
    assert_allclose(x_bar, np.correlate(y_bar, h, "valid"))
    assert_allclose(h_bar, np.correlate(y_bar, x, "valid"))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: np.fft.fft(x, 0), ValueError, "data points"),
        (lambda x: np.fft.fft(x, -3), ValueError, "data points"),
        (lambda x: np.fft.fft(x, 2.5), TypeError, None),
        (lambda x: np.fft.fft(x, axis=2), ValueError, "axis 2"),
        (lambda x: np.fft.fft(x, norm="orthogonal"), ValueError, "orthogonal"),
        (lambda x: np.fft.hfft(x, norm="orthogonal"), ValueError, "orthogonal"),
        (lambda x: np.fft.fftn(x, s=(2,), axes=(0, 1)), ValueError, "length"),
        (lambda x: np.fft.fftn(x, s=(2, 2), axes=(0, 0)), ValueError, "twice"),
        (lambda x: np.fft.rfftn(x, axes=(0, 0)), ValueError, "twice"),
        (lambda x: np.fft.fft(x, out=np.zeros((2, 3), complex)), TypeError, "out="),
        (lambda x: np.fft.rfft(x * 1j), TypeError, None),
    ],
)
def test_what_is_refused_says_what_to_do(call, error, words):
    with mg.Tape() as tape:
        x = tape.variable(np.ones((2, 3)))
        with pytest.raises(error, match=words):
            call(x)
