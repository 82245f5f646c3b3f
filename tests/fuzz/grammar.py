"""What a random program may say: a table of NumPy statements, one a row.

A word in braces is filled in when a statement is drawn (see `draw.py`): an operand that was
computed before, or a setting that fits the first operand.

- ``{any}``, ``{array}`` (one dimension or more), ``{vector}``, ``{matrix}``, ``{stack}`` (two
  dimensions or more), ``{cube}`` (three): an operand of that kind;
- ``{met}`` broadcasts with the operands before, ``{like}`` has the shape of the first; ``{row}``
  and ``{column}`` are vectors as long as its last and its first axis, ``{next}`` a matrix that it
  can be multiplied with;
- ``{square}``, ``{spd}``: an expression for a well-conditioned matrix; the second is symmetric with
  positive eigenvalues that differ;
- all the others are settings: an axis, a shape, an index. ``{another axis}`` is drawn anew.

Arguments are made safe in the row: no logarithm of a negative number is drawn. Where a derivative
jumps, at a kink or where two numbers change places, the row says what must stay away from 0.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ROWS", "Row"]


class Row(NamedTuple):
    """One row: a statement, what must stay away from 0, and the engines that can't run it."""

    text: str
    kinks: str = ""
    without: tuple[str, ...] = ()


def kinked(text: str, kinks: str) -> Row:
    """A statement whose derivative jumps where `kinks` is 0."""
    return Row(text, kinks)


def unknown_to(engine: str, *rows: str | Row) -> list[str | Row]:
    """Rows with functions that an engine does not have."""
    rows = tuple(row if isinstance(row, Row) else Row(row) for row in rows)
    return [row._replace(without=(*row.without, engine)) for row in rows]


SORTED = "np.diff(np.sort({array}, axis={axis}), axis={axis})"
SORTED_WHOLE = "np.diff(np.sort(np.ravel({any})))"
SORTED_ALL = "np.diff(np.sort(np.ravel({array})))"
UNEQUAL = "np.subtract({any}, {met})"

TABLE: dict[str, list[str | Row]] = {
    "one operand": [
        "-{any}",
        "1.0 - {any}",
        "{any} / 3.0 + 0.2",
        "{any} ** 2",
        "{any} ** 3",
        "2.0 ** {any}",
        "1.0 / (1.5 + {any} ** 2)",
        "(1.1 + {any} ** 2) ** -0.5",
        "np.negative({any})",
        "np.square({any})",
        "np.reciprocal(1.5 + np.square({any}))",
        "np.sqrt(0.7 + {any} ** 2)",
        "np.exp(np.sin({any}))",
        "np.exp2(np.cos({any}))",
        "np.expm1(0.5 * {any})",
        "np.log(1.3 + {any} ** 2)",
        "np.log2(1.3 + {any} ** 2)",
        "np.log10(1.3 + {any} ** 2)",
        "np.log1p({any} ** 2)",
        "np.sin({any})",
        "np.cos({any})",
        "np.tan(0.3 * {any})",
        "np.arcsin(0.9 * np.sin({any}))",
        "np.arccos(0.8 * np.tanh({any}))",
        "np.arctan({any})",
        "np.sinh(0.5 * {any})",
        "np.cosh(0.5 * {any})",
        "np.tanh({any}) - 0.5",
        "np.arcsinh({any})",
        "np.arccosh(1.5 + {any} ** 2)",
        "np.arctanh(0.8 * np.sin({any}))",
        Row("np.sinc({any})", without=("autograd",)),  # whose derivative at 0 is NaN
        "np.deg2rad(20.0 * {any})",
        "np.rad2deg(0.1 * {any})",
        "np.radians(30.0 * {any})",
        "np.degrees(0.02 * {any})",
        "np.real({any})",
        "np.nan_to_num({any})",
        kinked("np.abs({any})", "{any}"),
        kinked("np.absolute({any} - 0.3)", "{any} - 0.3"),
        kinked("np.fabs({any})", "{any}"),
        kinked("np.sqrt(np.abs({any}))", "{any}"),
        kinked("np.sign({any}) * {any}", "{any}"),
        *unknown_to(
            "autograd",
            "+{any}",
            "np.positive({any})",
            kinked("np.cbrt({any})", "{any}"),
            "np.i0({any})",
            "np.unwrap(0.1 * {vector})",
            kinked("{any} - np.floor({any})", "np.sin(np.pi * {any})"),
            kinked("{any} * np.round({any})", "np.cos(np.pi * {any})"),
        ),
    ],
    "two operands": [
        "{any} + {met}",
        "{any} - {met}",
        "{any} * {met}",
        "{any} / (1.5 + {met} ** 2)",
        "(1.1 + {any} ** 2) ** np.tanh({met})",
        "np.add({any}, {met})",
        "np.subtract({any}, {met})",
        "np.multiply({any}, {met})",
        "np.divide({any}, 1.5 + np.square({met}))",
        "np.true_divide({any}, 2.0 + np.cos({met}))",
        "np.power(1.2 + np.sin({any}), {met})",
        "np.arctan2({any}, 1.5 + {met} ** 2)",
        "np.logaddexp({any}, {met})",
        "np.logaddexp2({any}, {met})",
        "np.hypot({any}, 0.5 + {met} ** 2)",
        kinked("np.maximum({any}, {met})", UNEQUAL),
        kinked("np.minimum({any}, {met})", UNEQUAL),
        kinked("np.fmax({any}, {met})", UNEQUAL),
        kinked("np.fmin({any}, {met})", UNEQUAL),
        kinked("np.mod({any}, 0.7)", "np.sin(np.pi * {any} / 0.7)"),
        kinked("np.remainder({any}, 0.9)", "np.sin(np.pi * {any} / 0.9)"),
        *unknown_to(
            "autograd",
            "np.float_power(1.5 + np.sin({any}), {met})",
            kinked(
                "np.fmod({any}, 1.1 + {met} ** 2)", "np.sin(np.pi * {any} / (1.1 + {met} ** 2))"
            ),
            kinked("np.copysign({any}, {met})", "{any} * {met}"),
            kinked("np.heaviside({any}, 0.5) * {met}", "{any}"),
        ),
    ],
    "choice": [
        kinked("np.where({any} > {cut}, {like}, {another like})", "{any} - {cut}"),
        "np.where({mask}, {any}, {like})",
        kinked("np.where({any} < {cut}, 0.5, {any})", "{any} - {cut}"),
        kinked("np.clip({any}, {low}, {high})", "({any} - {low}) * ({any} - {high})"),
        "np.select([{mask}, {another mask}], [{any}, np.cos({any})], 0.4)",
        *unknown_to(
            "autograd",
            # It refuses branches that are broadcast.
            kinked("np.where({any} > {cut}, {met}, {another met})", "{any} - {cut}"),
            kinked("np.where({any} <= {cut}, np.sin({any}), {met})", "{any} - {cut}"),
            "np.where({mask}, {any}, {met})",
            "np.take_along_axis({array}, {ranks}, axis=0)",
        ),
        Row("np.choose({mask} * 1, [{any}, {like}])", without=("autograd", "jax")),
    ],
    "reduction": [
        "np.sum({any})",
        "np.sum({array}, axis={axes}, keepdims={keep})",
        "np.mean({any})",
        "np.mean({array}, axis={axes}, keepdims={keep})",
        "np.prod(1.5 + np.sin({any}))",
        "np.prod(1.5 + np.cos({array}), axis={axis}, keepdims={keep})",
        "np.var({several})",
        "np.var({array}, axis={axes}, keepdims={keep})",
        "np.var({tall}, axis=0, ddof=1)",
        "np.sqrt(0.1 + np.var({array}, axis={axes}))",
        "np.std(np.sin({several}) + np.arange({size}.0).reshape({shape}))",
        # Of a single number it is 0, a constant; JAX's derivative of it is NaN.
        Row(
            "np.std({array} + np.arange({size}.0).reshape({shape}), axis={axes}, keepdims={keep})",
            without=("jax",),
        ),
        kinked("np.max({any})", SORTED_WHOLE),
        kinked("np.min({any})", SORTED_WHOLE),
        kinked("np.max({array}, axis={axis}, keepdims={keep})", SORTED),
        kinked("np.min({array}, axis={axis}, keepdims={keep})", SORTED),
        kinked("np.amax({array}, axis={axis})", SORTED),
        kinked("np.amin({array}, axis={axis})", SORTED),
        kinked("np.max({array}, axis={axes}, keepdims={keep})", SORTED_ALL),
        "{any}.sum()",
        "{array}.mean(axis={axis})",
        "np.trace({stack})",
        "np.trace({stack}, offset=1)",
        kinked("np.linalg.norm({vector})", "np.sum({vector} ** 2)"),
        kinked("np.linalg.norm({stack}, axis=-1)", "np.sum({stack} ** 2, axis=-1)"),
        kinked("np.linalg.norm({matrix})", "np.sum({matrix} ** 2)"),
        *unknown_to(
            "autograd",
            # It divides by the elements, so that one 0 makes the derivative NaN.
            "np.prod({any})",
            "np.prod({array}, axis={axis}, keepdims={keep})",
            kinked("np.median({array}, axis={axis})", SORTED),
            kinked("np.quantile({array}, 0.3, axis={axis}, keepdims={keep})", SORTED),
            kinked("np.percentile({any}, 60.0)", SORTED_WHOLE),
            kinked("np.ptp({array}, axis={axis})", SORTED),
            "np.average({array}, axis={axis})",
            "np.average({array}, weights=1.5 + {like} ** 2)",
            "np.nansum({array}, axis={axes}, keepdims={keep})",
            "np.nanmean({array}, axis={axis})",
            "np.trapezoid({array}, axis={axis})",
            "np.trapezoid({vector}, np.cumsum(1.0 + {row} ** 2))",
            kinked("np.linalg.norm({stack}, ord=1, axis={axis})", "{stack}"),
            kinked("np.linalg.norm({matrix}, ord=np.inf)", "np.sum({matrix}) + {matrix}"),
            kinked("np.linalg.norm({array}, ord=3, axis={axis}, keepdims={keep})", "{array}"),
        ),
    ],
    "product": [
        "{matrix} @ {next}",
        "{matrix} @ {row}",
        "{vector} @ {next}",
        "{matrix} @ {matrix}.T",
        "{cube} @ {next}",
        "{cube} @ np.swapaxes({like}, -1, -2)",
        "np.matmul({matrix}, {next})",
        "np.matmul({vector}, {row})",
        "np.dot({matrix}, {next})",
        "np.dot({vector}, {row})",
        "np.dot({cube}, {next})",
        "np.dot({any}, 0.7)",
        "np.inner({stack}, {row})",
        "np.inner({matrix}, {matrix})",
        "np.outer({vector}, {another vector})",
        "np.kron({short}, {another short})",
        "np.tensordot({matrix}, {next}, axes=1)",
        "np.tensordot({stack}, {like}, axes=2)",
        "np.tensordot({stack}, {like}, axes=([0], [0]))",
        "np.tensordot({vector}, {another vector}, axes=0)",
        'np.einsum("i,j->ji", {vector}, {another vector})',
        'np.einsum("ij->ji", {matrix})',
        'np.einsum("ij->j", {matrix})',
        'np.einsum("ij,jk->ik", {matrix}, {next})',
        'np.einsum("ij,jk", {matrix}, {next})',
        'np.einsum("ij,kj->ki", {matrix}, {matrix})',
        'np.einsum("ij,ij->i", {matrix}, {like})',
        'np.einsum("ij,j->i", {matrix}, {row})',
        'np.einsum("ij,i,j->", {matrix}, {column}, {row})',
        'np.einsum("...i,...i->...", {array}, {like})',
        'np.einsum("ijk,k->ji", {cube}, {row})',
        'np.einsum("ijk->ki", {cube})',
        "np.cross({triple}, {another triple})",
        *unknown_to(
            "autograd",
            'np.einsum("ii->i", {even})',
            'np.einsum("ii", {even})',
            "np.vdot({array}, {like})",
            "np.vecdot({array}, {like})",
            "np.linalg.multi_dot([{matrix}, {next}, {next}.T])",
            "np.linalg.matrix_power({even}, 3)",
            'np.convolve({vector}, {another vector}, mode="{mode}")',
            'np.correlate({vector}, {another vector}, mode="{mode}")',
        ),
    ],
    "shape": [
        "np.reshape({any}, {new shape})",
        "np.reshape({any}, -1)",
        "{any}.reshape({new shape})",
        "np.ravel({any})",
        "np.transpose({any})",
        "np.transpose({array}, {order})",
        "{any}.T",
        "np.swapaxes({stack}, {axis}, {another axis})",
        "np.moveaxis({stack}, {axis}, {another axis})",
        "np.rollaxis({stack}, 1)",
        "np.expand_dims({any}, {new axis})",
        "np.squeeze({any})",
        "np.squeeze(np.sum({array}, axis={axis}, keepdims=True), axis={axis})",
        "np.atleast_1d({any})",
        "np.atleast_2d({any})",
        "np.atleast_3d({any})",
        "np.fliplr({stack})",
        "np.flipud({array})",
        "np.rot90({stack})",
        "np.rot90({stack}, 2)",
        "np.roll({array}, {shift}, axis={axis})",
        "np.roll({any}, {shift})",
        "np.repeat({array}, 2)",
        "np.diag({vector})",
        "np.diag({even})",
        "np.diag({vector}, 1)",
        "np.tril({stack})",
        "np.triu({stack}, 1)",
        "np.triu({stack}, -1)",
        'np.pad({vector}, (1, 2), mode="constant")',
        'np.pad({matrix}, ((0, 1), (1, 0)), mode="constant")',
        *unknown_to(
            "autograd",
            "np.broadcast_to({any}, {wider shape})",
            "np.rot90({stack}, -1, (1, 0))",
            "np.repeat({array}, {times}, axis={axis})",
            "np.diagonal({stack})",
            "np.diag({matrix})",
            # Its gradient is wrong: finite differences and JAX agree with one another.
            "np.tile({array}, ({times}, {another times}))",
            "np.tile({any}, {times})",
            "np.flip({array}, axis={axis})",
            "np.flip({any})",
            "np.roll({stack}, ({shift}, 1), axis=(0, 1))",
            "np.repeat({array}, {counts}, axis=0)",
            "np.resize({array}, {new shape})",
            "np.diagflat({short})",
            "np.matrix_transpose({stack})",
            "np.permute_dims({array}, {order})",
            'np.pad({array}, 1, mode="edge")',
            'np.pad({vector}, (1, 1), mode="reflect")',
            'np.pad({vector}, (2, 1), mode="wrap")',
            "np.delete({tall}, 1, axis=0)",
            "np.insert({tall}, 1, 0.5, axis=0)",
            Row("np.vander({short}, 3)", without=("jax",)),  # whose derivative at 0 is NaN
        ),
    ],
    "joining": [
        "np.concatenate([{array}, {like}], axis={axis})",
        "np.concatenate([np.ravel({any}), {another vector}])",
        "np.concatenate([{vector}, np.sin({another vector}), {vector}])",
        "np.stack([{any}, {like}])",
        "np.stack([{array}, {like}, {array}], axis={new axis})",
        "np.vstack([{array}, {like}])",
        "np.hstack([{array}, {like}])",
        "np.column_stack([{vector}, {row}])",
        "np.append({any}, {another any})",
        "np.append({array}, {like}, axis={axis})",
        "np.array_split({array}, 2)[0]",
        "np.split({array}, [1], axis={axis})[0]",
        "np.vsplit({tall matrix}, [1])[1]",
        "np.hsplit({tall matrix}, [1])[0]",
        *unknown_to(
            "autograd",
            "np.dstack([{array}, {like}])",
            "np.block([[{matrix}, {like}], [{like}, {matrix}]])",
            "np.meshgrid({vector}, {another vector})[0]",
            "np.meshgrid({vector}, {another vector}, indexing='ij')[1]",
            "np.broadcast_arrays({any}, {met})[0]",
        ),
    ],
    "indexing": [
        "{array}[{index}]",
        "{array}[{another index}]",
        "{array}[..., -1]",
        "{array}[None]",
        "{array}[:, None]",
        "{array}[..., None]",
        "{array}[::-1]",
        "{array}[..., ::-2]",
        "{array}[{row places}]",
        "{array}[..., {last places}]",
        "{array}[{place table}]",
        "{stack}[{row places}, {as many columns}]",
        "{stack}[:, {column places}]",
        "{cube}[{row places}, :, {as many at the end}]",
        "{cube}[:, {column places}, -1]",
        "{array}[{mask}]",
        "{array}[{row mask}]",
        "{stack}[:, {column mask}]",
        *unknown_to(
            "autograd",
            "{any}[None]",
            "{any}[..., None]",
            "np.take({array}, {row places}, axis=0)",
            "np.take({any}, {places})",
        ),
        Row("np.extract({mask}, {array})", without=("autograd", "jax")),
        Row("np.compress({row mask}, {array}, axis=0)", without=("autograd", "jax")),
    ],
    "order": [
        kinked("np.sort({vector})", "np.diff(np.sort({vector}))"),
        "np.cumsum({array}, axis={axis})",
        "np.cumsum({any})",
        "np.diff({tall}, axis=0)",
        "np.diff({long}, n=2)",
        *unknown_to(
            "autograd",
            kinked("np.sort({array}, axis={axis})", SORTED),
            "np.gradient({tall}, axis=0)",
            "np.gradient({two})",
            "np.cumprod({array}, axis={axis})",
            "np.cumprod(np.cos({any}))",
            "np.cumulative_sum({array}, axis={axis})",
            "np.ediff1d({two})",
            kinked(
                "np.interp({any}, np.array([-2.0, -0.4, 0.5]), np.array([0.3, 1.0, -0.2]))",
                "({any} + 2.0) * ({any} + 0.4) * ({any} - 0.5)",
            ),
            kinked(
                "{array}[np.argsort({array}, axis=0)[0]]",
                "np.diff(np.sort({array}, axis=0), axis=0)",
            ),
        ),
    ],
    "linear algebra": [
        "np.linalg.inv({square})",
        "np.linalg.det({square})",
        "np.linalg.solve({square}, {column})",
        "np.linalg.solve({square}, {columns})",
        "np.linalg.slogdet({square})[1]",
        "np.linalg.cholesky({spd})",
        "np.linalg.eigh({spd})[0]",
        "np.linalg.eigh({spd})[1] ** 2",
        "np.linalg.svd({spd}, compute_uv=False)",
        "np.linalg.pinv({square})",
        *unknown_to(
            "autograd",
            "np.linalg.eigvalsh({spd})",
            "np.linalg.qr({square})[0] ** 2",
            "np.linalg.qr({square})[1] ** 2",
            "np.linalg.svd({spd})[0] ** 2",
            "np.linalg.tensorsolve({square}, {column})",
            "np.linalg.lstsq({square}, {column})[0]",
            'np.linalg.norm({square}, ord="nuc")',
            "np.linalg.norm({square}, ord=2)",
            "np.linalg.cond({square})",
        ),
    ],
    # XLA's own transform fails on the CPU in some compiled programs.
    "Fourier": unknown_to(
        "jax",
        "np.real(np.fft.fft({array}))",
        "np.imag(np.fft.fft({array}, axis={axis}))",
        "np.abs(np.fft.fft({vector}) + 5.0) ** 2",
        "np.real(np.fft.ifft({array}))",
        "np.real(np.fft.fft2({matrix}))",
        "np.fft.fftshift({array})",
        *unknown_to(
            "autograd",
            "np.real(np.fft.rfft({array}, axis={axis}))",
            "np.imag(np.fft.rfft({array}))",
            "np.fft.irfft(np.fft.rfft({pair}) * 0.5)",
            "np.abs(np.fft.fft({array}) + 9.0)",
            "np.angle(np.fft.fft({array}) + 9.0)",
        ),
    ),
}

ROWS: dict[str, list[Row]] = {
    theme: [row if isinstance(row, Row) else Row(row) for row in rows]
    for theme, rows in TABLE.items()
}
