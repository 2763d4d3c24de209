"""Distances without an index, and how the core computes: instruction set and threads."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lanner import _core
from lanner._arguments import MAX_THREADS, to_int, to_space
from lanner._arrays import Array, to_array, to_elements, widen_bfloat16
from lanner._core import InvalidArgumentError


class Isa(NamedTuple):
    """The instruction set in use, and those that this machine and this build could use."""

    active: str
    available: tuple[str, ...]


def isa() -> Isa:
    """Return the instruction set in use and those available.

    The best one is picked at run time. The environment variable ``LANNER_ISA``, read once, forces a
    lower one.

    Examples
    --------
    >>> import lanner
    >>> lanner.isa().active in lanner.isa().available
    True
    """
    return Isa(_core.active_isa(), tuple(_core.available_isas()))


def set_threads(threads: int) -> None:
    """Set the number of threads that calls use when given none; results do not depend on it.

    Parameters
    ----------
    threads : int
        1 to 1024. At start it is the number of processors.
    """
    _core.set_default_threads(to_int(threads, "threads", 1, MAX_THREADS))


def distances(
    queries: Any, rows: Any, metric: str = "cosine", dtype: str = "float32"
) -> NDArray[np.float32]:
    """Return the distance from every query to every row, by the kernels that searches use.

    Parameters
    ----------
    queries : array_like, shape (q, dim) or (dim,)
    rows : array_like, shape (n, dim)
        For dtype ``bits``, both as packed uint8 (least significant bit first) or as bool.
    metric, dtype : str
        As for `Index`. Numbers are rounded to `dtype` first.

    Returns
    -------
    array of float32, shape (q, n) or (n,)
        Smaller is nearer. Under ``snr_item`` a row of no variance is at distance infinity.

    Raises
    ------
    InvalidArgumentError
        Shapes that do not fit, NaN or infinity, or a query of no variance under ``snr``.

    Examples
    --------
    >>> import lanner
    >>> lanner.distances([[1, 2], [3, 4]], [[1, 2], [0, 0]], metric="l2")
    array([[ 0.,  5.],
           [ 8., 25.]], dtype=float32)
    """
    metric, dtype = to_space(metric, dtype)
    shaped = to_array(rows, "rows")
    if shaped.ndim != 2 or shaped.shape[1] == 0:
        raise InvalidArgumentError(
            f"rows must have two axes and at least one feature, got shape {shaped.shape}"
        )
    dim = shaped.shape[1] * (8 if dtype == "bits" and shaped.dtype != np.bool_ else 1)
    row_array = to_elements(rows, "rows", dim, dtype)
    query_array = to_elements(queries, "queries", dim, dtype)
    _refuse_nonfinite(row_array, "rows", dtype)
    _refuse_nonfinite(query_array, "queries", dtype)
    matrix = np.atleast_2d(query_array)
    if metric == "snr":
        _refuse_constant(matrix)
    out = np.empty((len(matrix), len(row_array)), dtype=np.float32)
    _core.kernel_distances(matrix, row_array, dim, metric, dtype, "", "tile", None, out)
    return out if query_array.ndim == 2 else out[0]


def _refuse_nonfinite(array: Array, name: str, dtype: str) -> None:
    if array.dtype == np.uint16:
        array = widen_bfloat16(array)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        row = int(np.argmax(~np.isfinite(np.atleast_2d(array)).all(axis=1)))
        raise InvalidArgumentError(f"{name} must be finite, got NaN or infinity in row {row}")


def _refuse_constant(matrix: Array) -> None:
    if matrix.dtype == np.uint16:
        matrix = widen_bfloat16(matrix)
    constant = (matrix == matrix[:, :1]).all(axis=1)
    if constant.any():
        row = int(constant.argmax())
        raise InvalidArgumentError(
            f"queries must have variance under metric snr, got a constant vector in row {row}"
        )
