"""Rows for ``minigrad/ops/fourier.py``: real operands, spectra in between or at the end."""

import numpy as np
from case import Case

NORMS = (None, "backward", "ortho", "forward")


def row(name, *shapes, function=None, **keywords):
    """A row for a transform of a real array, or for one of a complex array of two real ones."""
    transform = getattr(np.fft, name)
    title = f"fft.{name} of {' + i '.join(map(str, shapes))}"
    title += "".join(f", {key}={value}" for key, value in keywords.items())

    def of_parts(*parts):
        return transform(parts[0] + 1j * parts[1] if len(parts) == 2 else parts[0], **keywords)

    return Case(title, of_parts, *shapes, analytic=False, covers=(f"fft.{name}",))


def of_one_axis(name, complex_input):
    """Rows with every keyword of a transform along one axis, of even and of odd length."""

    def both(*shape, **keywords):
        return row(name, *(shape,) * (2 if complex_input else 1), **keywords)

    return [
        *(both(n + (name in ("irfft", "hfft"))) for n in (1, 2, 3, 6)),
        *(both(2, 4, norm=norm) for norm in NORMS),
        *(both(5, n=n, norm="ortho") for n in (1, 4, 7, 10)),
        both(4, 3, axis=0),
        both(2, 4, 3, axis=-2, n=5, norm="forward"),
        both(2, 3, 2, axis=1, n=2),
    ]


def of_axes(name, complex_input):
    """Rows with every keyword of a transform along several axes."""

    def both(*shape, **keywords):
        return row(name, *(shape,) * (2 if complex_input else 1), **keywords)

    return [
        both(3, 4),
        both(2, 3, 5),
        both(3, 5, norm="ortho"),
        both(3, 5, norm="forward"),
        both(2, 3, 4, axes=(0, 1)),
        both(2, 3, 4, axes=(2, 0)),
        both(3, 4, 2, axes=(-1, -3)),
        both(3, 4, s=(2, 6), axes=(0, 1)),
        both(3, 4, s=(4, 5), axes=(1, 0), norm="ortho"),
        both(2, 3, 4, s=(-1, 3), axes=(1, 2), norm="forward"),
    ]


CASES = [
    *(case for name in ("fft", "ifft") for case in of_one_axis(name, False)[-4:]),
    *(case for name in ("fft", "ifft", "irfft", "hfft") for case in of_one_axis(name, True)),
    *(case for name in ("rfft", "ihfft") for case in of_one_axis(name, False)),
    *(case for name in ("fft2", "ifft2", "fftn", "ifftn") for case in of_axes(name, False)[-3:]),
    *(case for name in ("fft2", "ifft2", "irfft2") for case in of_axes(name, True)),
    *(case for name in ("fftn", "ifftn", "irfftn") for case in of_axes(name, True)),
    *(case for name in ("rfft2", "rfftn") for case in of_axes(name, False)),
    row("fftn", (2, 3), (2, 3), axes=(0, 0)),
    row("fftn", (3,)),
    row("rfftn", (4,)),
    *(
        Case(
            f"fft.{name} of {shape}, axes={axes}",
            lambda x, name=name, axes=axes: getattr(np.fft, name)(x, axes=axes),
            shape,
            covers=(f"fft.{name}",),
        )
        for name in ("fftshift", "ifftshift")
        for shape, axes in (
            ((5,), None),
            ((4,), 0),
            ((3, 4), None),
            ((2, 3), 1),
            ((2, 3, 5), (0, -1)),
            ((3, 2), -2),
        )
    ),
    # The ways in which transforms are used, from real numbers to real numbers.
    Case(
        "fft.irfft of rfft",
        lambda x: np.fft.irfft(np.power(np.fft.rfft(x), 2), 5),
        (5,),
        analytic=False,
    ),
    Case(
        "fft.ifft of fft",
        lambda x: np.real(np.fft.ifft(np.power(np.fft.fft(x), 2))),
        (4,),
        analytic=False,
    ),
    Case(
        "fft power spectrum",
        lambda x: np.abs(np.fft.rfft(np.tanh(x), norm="ortho")) ** 2,
        (6,),
        analytic=False,
    ),
    Case(
        "fft convolution",
        lambda x, y: np.fft.irfft(np.fft.rfft(x, 7) * np.fft.rfft(y, 7), 7),
        (4,),
        (4,),
        analytic=False,
    ),
    Case(
        "fft phase",
        lambda x: np.angle(np.fft.fft(x + np.array([9, 0, 0, 0]))),
        (4,),
        domain="unit",
        analytic=False,
    ),
    Case(
        "fft filter",
        lambda x, h: np.fft.irfft2(np.fft.rfft2(x) * h, s=(3, 4)),
        (3, 4),
        (3, 3),
        analytic=False,
    ),
]
