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
from abc import abstractmethod
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lanner import _core
from lanner._arguments import naming_file, to_choice, to_int, to_number, to_path, to_threads
from lanner._arrays import to_array, to_elements
from lanner._core import InvalidArgumentError, WrongTypeError
from lanner._learnt import Learner, NotFittedError, to_rows
from lanner.progress import Progress
from lanner.results import Hits, to_hits

__all__ = [
    "OPQ",
    "PQ",
    "Binary",
    "NotFittedError",
    "PackedCodes",
    "Quantizer",
    "Reduce",
    "load",
]

_METRICS = ("l2", "cosine", "ip")
_MAX_DIM = 65536
# Rows a centroid that k-means wants for a codebook that also suits other rows than those.
_ROWS_A_CENTROID = 39

_Self = TypeVar("_Self", bound="Quantizer")


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
        rows, single = to_rows(queries, "queries", self._dim)
        return to_hits(self._core.search(rows, k, None, count), single=single)

    def distances(self, queries: Any, *, threads: int | None = None) -> NDArray[np.float32]:
        """Return the distance of every query from every code, by the plain arithmetic.

        `search` returns the least of these, bit for bit.

        Parameters
        ----------
        queries : array_like of float, shape (q, dim) or (dim,)
        threads : int, optional

        Returns
        -------
        array of float32, shape (q, n) or (n,)
        """
        count = to_threads(threads)
        rows, single = to_rows(queries, "queries", self._dim)
        distances = self._core.distances(rows, count)
        return distances[0] if single else distances

    def __len__(self) -> int:
        return len(self._core)

    @property
    def nbytes(self) -> int:
        """The bytes held."""
        return self._core.nbytes


class Quantizer(Learner[_core.Quantizer]):
    """What all quantizers share.

    The same vectors, parameters and seed give the same codes, bit for bit, on any number of
    threads, wherever the same instruction set is in use.
    """

    __slots__ = ()

    @abstractmethod
    def _parameters(self) -> dict[str, Any]:
        """Return what the core's ``fit_quantizer`` is to be told."""

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
        parameters = self._parameters()
        fitted, rows = self._fit(
            vectors,
            seed,
            threads,
            progress,
            lambda array, *rest: _core.fit_quantizer(array, parameters, *rest),
        )
        least = self._least_rows()
        if rows < least:
            warnings.warn(
                f"vectors should have at least {least} rows to fit {self!r}, got {rows}",
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
        return self._made("encode", vectors, "vectors", threads)

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
        core = self._ready()
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
        core = self._ready()
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

    @property
    def dim(self) -> int:
        """Features of the vectors that were learnt from."""
        return self._figure("dim")

    @property
    def code_bytes(self) -> int:
        """Bytes of a code."""
        return self._figure("code_bytes")

    def _rows(self, items: Any, name: str) -> tuple[Any, bool]:
        return to_rows(items, name, self.dim)

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

    _kind = "pq"

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

    @property
    def index_codec(self) -> str:
        """The name of these codes as a `lanner.Index` takes it."""
        return f"{self._kind.upper()}{self._m}x{self._bits}"

    def _parameters(self) -> dict[str, Any]:
        return {"kind": self._kind, "m": self._m, "bits": self._bits}

    def _least_rows(self) -> int:
        return _ROWS_A_CENTROID << self._bits

    def __repr__(self) -> str:
        return f"{type(self).__name__}(m={self._m}, bits={self._bits})"


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

    _kind = "opq"


class Binary(Quantizer):
    """Binary codes of 1 to 4 bits a feature, with an unbiased estimate of every distance.

    Vectors are centred and rotated at random; codes take ``bits * ceil(dim / 8) + 8`` bytes.
    Distances are estimates: over the rotations their mean is the true distance, and `error_bounds`
    tells how far off they may be (Gao and Long: RaBitQ, SIGMOD 2024; Gao et al.: Practical and
    Asymptotically Optimal Quantization of High-Dimensional Vectors, SIGMOD 2025). `decode` gives
    the nearest vector along the direction that a code stands for. Under ``cosine`` the lengths of
    vectors are estimated as well.

    Parameters
    ----------
    bits : {1, 2, 3, 4}
        Bits a feature.

    Examples
    --------
    >>> import numpy as np
    >>> from lanner.quantization import Binary
    >>> vectors = np.random.default_rng(0).standard_normal((100, 64)).astype(np.float32)
    >>> binary = Binary(bits=1).fit(vectors)
    >>> codes = binary.encode(vectors)
    >>> codes.shape
    (100, 16)
    >>> int(binary.search(codes, vectors[7], k=1).ids[0])
    7
    """

    __slots__ = ("_bits",)

    def __init__(self, bits: int = 1) -> None:
        self._bits = to_int(bits, "bits", 1, 4)
        self._learnt = None

    @property
    def bits(self) -> int:
        """Bits of a feature's code."""
        return self._bits

    def error_bounds(
        self, codes: Any, queries: Any, *, epsilon: float = 3.0, threads: int | None = None
    ) -> NDArray[np.float32]:
        """Return how far the estimated squared distances may be from the true ones.

        The bound is ``2 |x - c| |q - c| sqrt((1 - r^2) / r^2) epsilon / sqrt(dim - 1)``, with c the
        centroid and r the cosine between a vector and its code, both less c (RaBitQ, theorem 3.2).
        The share of estimates beyond it falls like ``exp(-epsilon^2 / 2)``: about 5 % at 1.9, 0.3 %
        at 3.

        Parameters
        ----------
        codes : array_like of uint8, shape (n, code_bytes)
        queries : array_like of float, shape (q, dim)
        epsilon : float
        threads : int, optional

        Returns
        -------
        array of float32, shape (q, n)
        """
        core = self._ready()
        count = to_threads(threads)
        width = to_number(epsilon, "epsilon", 0)
        if width == 0:
            raise InvalidArgumentError(f"epsilon must be above 0, got {epsilon!r}")
        array = to_elements(queries, "queries", self.dim, "float32")
        return core.errors(np.atleast_2d(array), np.atleast_2d(self._to_codes(codes)), width, count)

    @property
    def index_codec(self) -> str:
        """The name of these codes as a `lanner.Index` takes it."""
        return f"Binary{self._bits}"

    def _parameters(self) -> dict[str, Any]:
        return {"kind": "binary", "bits": self._bits}

    def __repr__(self) -> str:
        return f"Binary(bits={self._bits})"


class Reduce(Quantizer):
    """Fewer dimensions by principal component analysis, and then a code for what remains.

    Vectors are centred and projected onto the axes of greatest variance (Hotelling 1933). Distances
    are those to the decoded vectors of full dimension, so what the projection loses of a query is
    accounted for.

    Parameters
    ----------
    dim : int
        Dimensions to keep.
    code : PQ, OPQ or Binary, optional
        How the projections are coded; its parameters are used, it is not changed itself. Without
        one a code is the projection as float32.

    Examples
    --------
    >>> import numpy as np
    >>> from lanner.quantization import PQ, Reduce
    >>> vectors = np.random.default_rng(0).standard_normal((1000, 64)).astype(np.float32)
    >>> reduce = Reduce(dim=16, code=PQ(m=8, bits=4)).fit(vectors)
    >>> reduce.encode(vectors).shape
    (1000, 4)
    >>> reduce.transform(vectors).shape
    (1000, 16)
    """

    __slots__ = ("_code", "_reduced")

    def __init__(self, dim: int, *, code: PQ | Binary | None = None) -> None:
        self._reduced = to_int(dim, "dim", 1, _MAX_DIM)
        if not isinstance(code, (PQ, Binary, type(None))):
            raise WrongTypeError(f"code must be a PQ, OPQ or Binary, got {code!r}")
        self._code = code
        self._learnt = None

    @property
    def reduced(self) -> int:
        """Dimensions that are kept."""
        return self._reduced

    @property
    def code(self) -> PQ | Binary | None:
        """How projections are coded."""
        return self._code

    def transform(self, vectors: Any, *, threads: int | None = None) -> NDArray[np.float32]:
        """Return the projections of vectors, without coding them.

        Parameters
        ----------
        vectors : array_like of float, shape (n, dim) or (dim,)
        threads : int, optional

        Returns
        -------
        array of float32, shape (n, reduced) or (reduced,)
            Axes of greater variance first.
        """
        return self._made("project", vectors, "vectors", threads)

    def _parameters(self) -> dict[str, Any]:
        code = None if self._code is None else self._code._parameters()
        return {"kind": "reduce", "dim": self._reduced, "code": code}

    def _least_rows(self) -> int:
        return 0 if self._code is None else self._code._least_rows()

    def __repr__(self) -> str:
        code = "" if self._code is None else f", code={self._code!r}"
        return f"Reduce(dim={self._reduced}{code})"


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
    made = _unfitted(core.figures())
    made._learnt = core
    return made


def _unfitted(figures: dict[str, Any]) -> Quantizer:
    if figures["kind"] == "reduce":
        code = figures["code"]
        return Reduce(figures["reduced"], code=None if code is None else _unfitted_code(code))
    return _unfitted_code(figures)


def _unfitted_code(figures: dict[str, Any]) -> PQ | Binary:
    if figures["kind"] == "binary":
        return Binary(figures["bits"])
    return (PQ if figures["kind"] == "pq" else OPQ)(figures["m"], bits=figures["bits"])
