"""Codes for vectors that stand alone: arrays in, arrays out.

>>> import numpy as np
>>> from lanner.quantization import PQ
>>> vectors = np.random.default_rng(0).standard_normal((1000, 16)).astype(np.float32)
>>> pq = PQ(m=8, bits=4).fit(vectors)
>>> codes = pq.encode(vectors)
>>> codes.shape, codes.dtype
((1000, 4), dtype('uint8'))
>>> hits = pq.search(codes, vectors[:2], k=3)
>>> hits.ids.shape
(2, 3)
"""

from __future__ import annotations

import os
import warnings
from abc import ABC, abstractmethod
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lanner import _core
from lanner._arguments import naming_file, to_choice, to_int, to_path, to_threads
from lanner._arrays import to_array, to_elements
from lanner._core import Error, InvalidArgumentError, WrongTypeError
from lanner.progress import Progress, Report, reporting
from lanner.results import Hits

__all__ = ["OPQ", "PQ", "NotFittedError", "PackedCodes", "Quantizer", "load"]

_METRICS = ("l2", "cosine", "ip")
_MAX_DIM = 65536
_UINT64_MAX = 2**64 - 1
# Rows a centroid that k-means wants for a codebook that also suits other rows than those.
_ROWS_A_CENTROID = 39

_Self = TypeVar("_Self", bound="Quantizer")


class NotFittedError(Error, ValueError):
    """A quantizer that was asked to work before `fit`."""


class PackedCodes:
    """Codes laid out for scanning, made by `Quantizer.pack`; a copy, which nothing changes.

    Searches from several threads run side by side. `len` counts the codes.
    """

    __slots__ = ("_core", "_dim")

    def __init__(self, core: _core.PackedCodes, dim: int) -> None:
        self._core = core
        self._dim = dim

    def search(self, queries: Any, k: int = 10, *, threads: int | None = None) -> Hits:
        """Return the k nearest codes of each query, as `Quantizer.search` does."""
        k = to_int(k, "k", 1)
        count = to_threads(threads)
        array = to_elements(queries, "queries", self._dim, "float32")
        ids, distances, counts = self._core.search(np.atleast_2d(array), k, count)
        if array.ndim == 1:
            return Hits(ids[0], distances[0], int(counts[0]))
        return Hits(ids, distances, counts)

    def __len__(self) -> int:
        return len(self._core)

    @property
    def nbytes(self) -> int:
        """The bytes held."""
        return self._core.nbytes


class Quantizer(ABC):
    """What all quantizers share.

    The same vectors, parameters and seed give the same codes, bit for bit, on any number of
    threads, wherever the same instruction set is in use.
    """

    __slots__ = ("_learnt",)

    _learnt: _core.Quantizer | None

    @abstractmethod
    def _fit(
        self, vectors: NDArray[np.float32], seed: int, threads: int, report: Report | None
    ) -> _core.Quantizer: ...

    @abstractmethod
    def _parameters(self) -> str: ...

    def _least_rows(self) -> int:
        """Rows below which a fit is warned of."""
        return 0

    def fit(
        self: _Self,
        vectors: Any,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: Progress = None,
    ) -> _Self:
        """Learn from vectors, replacing what was learnt before, and return the quantizer itself.

        Of more than 65,536 rows, that many drawn at random are used where k-means is run.

        Parameters
        ----------
        vectors : array_like of float, shape (n, dim)
        seed : int
        threads : int, optional
            Changes speed, never codes.
        progress : bool or callable, optional
            True shows a bar. A callable gets ``(done, total)`` from time to time; an exception from
            it, or Ctrl-C, stops the work and leaves the quantizer as it was.

        Raises
        ------
        InvalidArgumentError
            Too few rows, a dimension that does not suit, NaN or infinity (the row is named).

        Warns
        -----
        UserWarning
            Fewer rows than 39 a centroid: codes of other vectors will be worse than need be.
        """
        seed = to_int(seed, "seed", 0, _UINT64_MAX)
        count = to_threads(threads)
        array = _to_matrix(vectors, "vectors", None)
        with reporting(progress, "fitting") as report:
            fitted = self._fit(array, seed, count, report)
        least = self._least_rows()
        if len(array) < least:
            warnings.warn(
                f"vectors should have at least {least} rows to fit {self!r}, got {len(array)}",
                stacklevel=2,
            )
        self._learnt = fitted
        return self

    def encode(self, vectors: Any, *, threads: int | None = None) -> NDArray[np.uint8]:
        """Return the codes of vectors.

        Parameters
        ----------
        vectors : array_like of float, shape (n, dim) or (dim,)
        threads : int, optional

        Returns
        -------
        array of uint8, shape (n, code_bytes) or (code_bytes,)
        """
        core = self._fitted()
        count = to_threads(threads)
        array = to_elements(vectors, "vectors", self.dim, "float32")
        codes = core.encode(np.atleast_2d(array), count)
        return codes if array.ndim == 2 else codes[0]

    def decode(self, codes: Any, *, threads: int | None = None) -> NDArray[np.float32]:
        """Return the vectors that codes stand for.

        Parameters
        ----------
        codes : array_like of uint8, shape (n, code_bytes) or (code_bytes,)
        threads : int, optional

        Returns
        -------
        array of float32, shape (n, dim) or (dim,)
        """
        core = self._fitted()
        count = to_threads(threads)
        array = self._to_codes(codes)
        vectors = core.decode(np.atleast_2d(array), count)
        return vectors if array.ndim == 2 else vectors[0]

    def pack(self, codes: Any, metric: str = "l2", *, threads: int | None = None) -> PackedCodes:
        """Return codes laid out for scanning, for many calls of `search` on the same codes.

        Parameters
        ----------
        codes : array_like of uint8, shape (n, code_bytes)
        metric : {"l2", "cosine", "ip"}
        threads : int, optional
        """
        core = self._fitted()
        metric = to_choice(metric, "metric", _METRICS)
        count = to_threads(threads)
        return PackedCodes(core.pack(np.atleast_2d(self._to_codes(codes)), metric, count), self.dim)

    def search(
        self,
        codes: Any,
        queries: Any,
        k: int = 10,
        *,
        metric: str = "l2",
        threads: int | None = None,
    ) -> Hits:
        """Return the k nearest codes of each query, by a look at every code.

        Queries are not coded: distances are those between a query and what codes stand for.
        Parameters and results are of the kind of `Index.search`; ids are row numbers, ties are in
        their order, and places that cannot be filled hold -1 and infinity.

        Parameters
        ----------
        codes : array_like of uint8, shape (n, code_bytes)
        queries : array_like of float, shape (q, dim) or (dim,)
        k : int
            At least 1.
        metric : {"l2", "cosine", "ip"}
        threads : int, optional
            Changes speed, never results.

        Returns
        -------
        Hits
            Arrays of shape (q, k), or (k,) for one query.
        """
        k = to_int(k, "k", 1)
        return self.pack(codes, metric, threads=threads).search(queries, k, threads=threads)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what was learnt to a file, replacing one that is there in a single step."""
        self._fitted().save(to_path(path))

    @property
    def fitted(self) -> bool:
        """Whether `fit` was called, or the quantizer loaded."""
        return self._learnt is not None

    @property
    def dim(self) -> int:
        """Features of the vectors that were learnt from."""
        return int(self._fitted().figures()["dim"])

    @property
    def code_bytes(self) -> int:
        """Bytes of a code."""
        return int(self._fitted().figures()["code_bytes"])

    def _fitted(self) -> _core.Quantizer:
        if self._learnt is None:
            raise NotFittedError(f"{self!r} has learnt nothing yet: call fit(vectors) first")
        return self._learnt

    def _to_codes(self, codes: Any) -> NDArray[np.uint8]:
        array = to_array(codes, "codes")
        if array.dtype != np.uint8:
            raise WrongTypeError(f"codes must be uint8, got {array.dtype.name}")
        if array.ndim not in (1, 2):
            raise InvalidArgumentError(f"codes must have one axis or two, got shape {array.shape}")
        if array.shape[-1] != self.code_bytes:
            raise InvalidArgumentError(
                f"codes must have {self.code_bytes} bytes a row, got {array.shape[-1]}"
            )
        return np.ascontiguousarray(array)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._parameters()})"


class PQ(Quantizer):
    """Product quantization: each of m parts of a vector becomes the nearest of 2^bits centroids.

    Codes take ``m * bits / 8`` bytes. Distances are sums of m table entries; of 4-bit codes they
    are first bounded in registers, 32 codes at a time, which changes no result (Jegou, Douze,
    Schmid: Product Quantization for Nearest Neighbor Search, PAMI 2011).

    Parameters
    ----------
    m : int
        Parts; it must divide the dimension of the vectors.
    bits : {8, 4}

    Examples
    --------
    >>> import numpy as np
    >>> from lanner.quantization import PQ
    >>> corners = np.array([[x, y] for x in range(4) for y in range(4)] * 40, dtype=np.float32)
    >>> pq = PQ(m=1, bits=4).fit(corners)
    >>> bool((pq.decode(pq.encode(corners)) == corners).all())
    True
    """

    __slots__ = ("_bits", "_m")

    _rotated = False

    def __init__(self, m: int, *, bits: int = 8) -> None:
        self._m = to_int(m, "m", 1, _MAX_DIM)
        self._bits = to_int(bits, "bits", 4, 8)
        if self._bits not in (4, 8):
            raise InvalidArgumentError(f"bits must be 4 or 8, got {bits}")
        self._learnt = None

    @property
    def m(self) -> int:
        """Parts of a vector."""
        return self._m

    @property
    def bits(self) -> int:
        """Bits of a part's code."""
        return self._bits

    def _fit(
        self, vectors: NDArray[np.float32], seed: int, threads: int, report: Report | None
    ) -> _core.Quantizer:
        return _core.fit_product(vectors, self._m, self._bits, self._rotated, seed, threads, report)

    def _least_rows(self) -> int:
        return _ROWS_A_CENTROID * 2**self._bits

    def _parameters(self) -> str:
        return f"m={self._m}, bits={self._bits}"


class OPQ(PQ):
    """Product quantization after a rotation that is learnt together with the centroids.

    Codes are those of `PQ`, with a smaller error where features differ in variance or depend on
    one another. Learning takes far longer (Ge, He, Ke, Sun: Optimized Product Quantization, PAMI
    2014).

    Parameters
    ----------
    m : int
        Parts; it must divide the dimension of the vectors.
    bits : {8, 4}
    """

    __slots__ = ()

    _rotated = True


def load(path: str | os.PathLike[str]) -> Quantizer:
    """Return the quantizer that `Quantizer.save` wrote.

    Raises
    ------
    FileFormatError
        The file is not a sound file of a quantizer; the message names the section.
    StorageError
        The file cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from lanner import quantization
    >>> vectors = np.random.default_rng(0).standard_normal((700, 8))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "codes.lanner"
    ...     quantization.PQ(m=2, bits=4).fit(vectors).save(path)
    ...     quantization.load(path)
    PQ(m=2, bits=4)
    """
    name = to_path(path)
    with naming_file(name):
        core = _core.load_quantizer(name)
    return _wrap(core)


def _wrap(core: _core.Quantizer) -> Quantizer:
    figures = core.figures()
    made: Quantizer
    kind = PQ if figures["kind"] == "pq" else OPQ
    made = kind(figures["m"], bits=figures["bits"])
    made._learnt = core
    return made


def _to_matrix(value: Any, name: str, dim: int | None) -> NDArray[np.float32]:
    shaped = to_array(value, name)
    if shaped.ndim != 2 or shaped.shape[1] == 0:
        raise InvalidArgumentError(
            f"{name} must have two axes and at least one feature, got shape {shaped.shape}"
        )
    return to_elements(value, name, dim or shaped.shape[1], "float32")
