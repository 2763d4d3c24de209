"""Exact searches over codes of bits, and near-duplicates among them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanner import _core
from lanner._arguments import Names, to_choice, to_int, to_path, to_threads
from lanner._arrays import to_array, to_vectors
from lanner._core import InvalidArgumentError, WrongTypeError
from lanner.hashing.family import MAX_BITS
from lanner.hashing.rows import AttributedRows
from lanner.progress import Progress, reporting
from lanner.results import Hits, RadiusHits, to_hits

_METHODS = ("auto", "scan", "multi_index")


def _to_codes(codes: Any) -> NDArray[np.uint8]:
    array = to_array(codes, "codes")
    if array.ndim != 2:
        raise InvalidArgumentError(f"codes must have two axes, got shape {array.shape}")
    bits = array.shape[1] * (1 if array.dtype.kind == "b" else 8)
    if not 8 <= bits <= MAX_BITS or bits % 8:
        raise InvalidArgumentError(
            f"codes must have a multiple of 8 bits from 8 to {MAX_BITS}, got {bits}"
        )
    return to_vectors(codes, "codes", bits, "bits")


def _to_signed(values: Any, name: str, bits: int) -> NDArray[np.float32]:
    array = to_vectors(values, name, bits, "float32").astype(np.float32, copy=False)
    if not np.isfinite(array).all():
        row = int((~np.isfinite(np.atleast_2d(array))).any(axis=1).argmax())
        raise InvalidArgumentError(f"{name} must be finite, got NaN or infinity in row {row}")
    return array


class Codes(AttributedRows):
    """Codes of bits to be searched by Hamming distance, exactly; a copy, which nothing changes.

    A search either scans all codes or looks them up in tables of their substrings (multi-index
    hashing: Norouzi, Punjani, Fleet, PAMI 2014), whichever is predicted to be faster: `reach` is
    the greatest distance up to which looking up is. Results are the same. For approximate search
    over long codes see `lanner.Index` with ``metric="hamming"``, which has a graph. With a filter
    a search looks at the codes that satisfy it one by one, scans all, or looks up; it stays exact.
    Searches from several threads run side by side. `len` counts the codes.

    Parameters
    ----------
    codes : array_like of uint8, shape (n, bits / 8), or of bool, shape (n, bits)
        Of 8 to 65,536 bits, a multiple of 8.
    method : {"auto", "scan", "multi_index"}
        ``auto`` makes tables for 16,384 codes or more of few enough bits, and takes some
        milliseconds to measure what they are good for; ``scan`` makes none; ``multi_index`` uses
        them wherever there are fewer look-ups than codes.
    attributes : dict of arrays or lists, data frame, Arrow table or list of dicts, optional
        A row a code, for filters; as that of `Index.add`.
    schema : Schema or mapping of names to types, optional
        The types of their columns; without it the values say them.
    threads : int, optional
        For making the tables.

    Examples
    --------
    >>> import numpy as np
    >>> from lanner.hashing import Codes
    >>> codes = Codes(np.array([[0b0000], [0b0001], [0b0111]], dtype=np.uint8))
    >>> codes.search(np.array([0b0011], dtype=np.uint8), k=2)
    Hits({1: 1, 2: 1})
    >>> codes = Codes(np.array([[1], [3], [7]], dtype=np.uint8), attributes={"year": [1, 2, 3]})
    >>> codes.search(np.array([3], dtype=np.uint8), k=3, filter="year >= 2")
    Hits({1: 0, 2: 1})
    """

    __slots__ = ("_core", "_packed")

    def __init__(
        self,
        codes: Any,
        *,
        method: str = "auto",
        attributes: Any = None,
        schema: Mapping[str, str] | None = None,
        threads: int | None = None,
    ) -> None:
        method = to_choice(method, "method", _METHODS)
        array = _to_codes(codes)
        self._keep_attributes(len(array), attributes, schema)
        self._core = _core.hamming_codes(array, method, to_threads(threads))
        self._packed: _core.PackedCodes | None = None

    @classmethod
    def _opened(cls, core: _core.HammingCodes, attributes: _core.RowAttributes) -> Codes:
        made = cls.__new__(cls)
        made._core, made._attributes, made._packed = core, attributes, None
        return made

    def search(
        self,
        queries: Any,
        k: int = 10,
        *,
        weights: Any = None,
        filter: Any = None,
        attributes: Names = None,
        threads: int | None = None,
    ) -> Hits:
        """Return the k nearest codes of each query.

        Distances are numbers of differing bits; with weights, sums of the weights of differing
        bits. Ids are row numbers, ties are in their order, and places that cannot be filled hold -1
        and infinity.

        Queries of floats are values of which bits are the signs, as `ITQ.values` gives them: the
        distance is then the sum of their magnitudes over the bits that are not their signs, so that
        bits near the border count little (asymmetric distance: Gordo, Perronnin, Gong, Lazebnik,
        PAMI 2014). Weighted and asymmetric searches scan all codes; the first one lays them out
        anew and keeps that.

        Parameters
        ----------
        queries : array_like of uint8, of bool or of float; shape (q, ...) or (...,)
            Codes as they were handed in, or `bits` floats.
        k : int
            At least 1.
        weights : array_like of float, shape (bits,) or (q, bits), optional
            Not below 0; for queries that are codes.
        filter : Filter, str or dict, or a list with one of them for each query, optional
            Which rows may be hits, as that of `Index.search`; ids are row numbers, and a mask has
            an entry a row.
        attributes : list of str, str or True, optional
            Columns that come with the hits, in `Hits.attributes`; True for all.
        threads : int, optional
            Changes speed, never results.

        Returns
        -------
        Hits
            Arrays of shape (q, k), or (k,) for one query.
        """
        k = to_int(k, "k", 1)
        count = to_threads(threads)
        if to_array(queries, "queries").dtype.kind == "f":
            if weights is not None:
                raise InvalidArgumentError(
                    "weights go with codes; queries of floats have their own"
                )
            signed = _to_signed(queries, "queries", self.bits)
        elif weights is not None:
            signed = self._weighted(self._to_queries(queries), weights)
        else:
            codes = self._to_queries(queries)
            whole = np.atleast_2d(codes)
            found = self._core.search(whole, k, self._among(filter, len(whole)), count)
            return self._with_attributes(to_hits(found, single=codes.ndim == 1), attributes)
        if self._packed is None:
            self._packed = self._core.pack_signed(count)
        rows = np.atleast_2d(signed)
        found = self._packed.search(rows, k, self._among(filter, len(rows)), count)
        return self._with_attributes(to_hits(found, single=signed.ndim == 1), attributes)

    def search_radius(
        self,
        queries: Any,
        radius: int,
        *,
        filter: Any = None,
        attributes: Names = None,
        threads: int | None = None,
    ) -> RadiusHits:
        """Return all codes that differ from each query in at most `radius` bits.

        Parameters
        ----------
        queries : array_like of uint8 or of bool; shape (q, ...) or (...,)
            Codes as they were handed in.
        radius : int
            At least 0.
        filter : Filter, str or dict, or a list with one of them for each query, optional
            Which rows may be hits, as that of `Index.search`; ids are row numbers, and a mask has
            an entry a row.
        attributes : list of str, str or True, optional
            Columns that come with the hits, in `RadiusHits.attributes`; True for all.
        threads : int, optional
            Changes speed, never results.

        Returns
        -------
        RadiusHits
            Nearest first, ties in the order of rows.
        """
        radius = to_int(radius, "radius", 0)
        count = to_threads(threads)
        codes = self._to_queries(queries)
        rows = np.atleast_2d(codes)
        among = self._among(filter, len(rows))
        found = self._core.search_radius(rows, min(radius, self.bits), among, count)
        return self._with_radius_attributes(RadiusHits(*found, single=codes.ndim == 1), attributes)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write codes and attributes to a file, replacing one that is there in a single step.

        `lanner.hashing.load` reads it, and makes the tables anew.
        """
        self._core.save(to_path(path), self._attributes)

    def _to_queries(self, queries: Any) -> NDArray[np.uint8]:
        return to_vectors(queries, "queries", self.bits, "bits")

    def _weighted(self, codes: NDArray[np.uint8], weights: Any) -> NDArray[np.float32]:
        array = _to_signed(weights, "weights", self.bits)
        if array.ndim == 2 and array.shape[0] != np.atleast_2d(codes).shape[0]:
            raise InvalidArgumentError(
                f"weights must be of one row, or of as many as queries, "
                f"{np.atleast_2d(codes).shape[0]}, got {array.shape[0]}"
            )
        if (array < 0).any():
            raise InvalidArgumentError(f"weights must not be below 0, got {array.min()}")
        signs = np.unpackbits(codes, axis=-1, bitorder="little").astype(np.float32)
        signed: NDArray[np.float32] = (2 * signs - 1) * (
            array[0] if codes.ndim == 1 and array.ndim == 2 else array
        )
        return signed

    def __len__(self) -> int:
        return len(self._core)

    @property
    def bits(self) -> int:
        """Bits of a code."""
        return 8 * self._core.code_bytes

    @property
    def tables(self) -> int:
        """Tables of the multi-index; 0 where there is none."""
        return self._core.tables

    @property
    def reach(self) -> int:
        """The greatest distance up to which codes are looked up; -1 where all are scanned."""
        return self._core.reach

    @property
    def nbytes(self) -> int:
        """The bytes held."""
        packed = 0 if self._packed is None else self._packed.nbytes
        return self._core.nbytes + self._attributes.nbytes + packed

    def __repr__(self) -> str:
        return f"Codes({len(self)} of {self.bits} bits)"


class Duplicates:
    """Pairs of codes that lie near one another.

    `len` counts them, and iterating gives ``(row, later row, distance)``.

    Attributes
    ----------
    pairs : array of int64, shape (p, 2)
        Row numbers, the lower one first; in the order of the first, then of the second.
    distances : array of int64, shape (p,)
        Bits in which they differ.
    """

    __slots__ = ("distances", "pairs")

    def __init__(self, pairs: NDArray[np.int64], distances: NDArray[np.int64]) -> None:
        self.pairs = pairs
        self.distances = distances

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Any:
        return iter(
            [
                (first, second, distance)
                for (first, second), distance in zip(
                    self.pairs.tolist(), self.distances.tolist(), strict=True
                )
            ]
        )

    def __repr__(self) -> str:
        return f"Duplicates({len(self)} pairs)"


def duplicates(
    codes: Any, radius: int, *, threads: int | None = None, progress: Progress = None
) -> Duplicates:
    """Return all pairs of codes that differ in at most `radius` bits.

    Memory is that of the pairs: a thousand equal codes make half a million. `duplicate_groups`
    needs none of that.

    Parameters
    ----------
    codes : array_like of uint8, shape (n, bits / 8), or of bool, shape (n, bits)
    radius : int
        0 for equal codes alone.
    threads : int, optional
        Changes speed, never results.
    progress : bool or callable, optional
        Counts different codes. As that of `PCASign.fit`.

    Returns
    -------
    Duplicates

    Examples
    --------
    >>> import numpy as np
    >>> from lanner.hashing import duplicates
    >>> list(duplicates(np.array([[0b0000], [0b1111], [0b0001]], dtype=np.uint8), radius=1))
    [(0, 2, 1)]
    """
    array, radius, count = _to_join(codes, radius, threads)
    with reporting(progress, "comparing") as report:
        return Duplicates(*_core.duplicate_pairs(array, radius, count, report))


def duplicate_groups(
    codes: Any, radius: int, *, threads: int | None = None, progress: Progress = None
) -> list[NDArray[np.int64]]:
    """Return the groups of codes that are tied together by pairs within `radius` bits.

    Two codes are of one group where a chain of codes leads from one to the other, each within the
    radius of the next: ends of a long chain may lie far apart.

    Parameters
    ----------
    codes, radius, threads, progress
        As those of `duplicates`.

    Returns
    -------
    list of array of int64
        Row numbers, ascending; groups of at least two, in the order of their first rows.

    Examples
    --------
    >>> import numpy as np
    >>> from lanner.hashing import duplicate_groups
    >>> codes = np.array([[0b0000], [0b1111], [0b0001], [0b0011]], dtype=np.uint8)
    >>> [group.tolist() for group in duplicate_groups(codes, radius=1)]
    [[0, 2, 3]]
    """
    array, radius, count = _to_join(codes, radius, threads)
    with reporting(progress, "comparing") as report:
        leaders = _core.duplicate_groups(array, radius, count, report)
    order = np.argsort(leaders, kind="stable")
    cuts = np.flatnonzero(np.diff(leaders[order])) + 1
    return [group for group in np.split(order.astype(np.int64), cuts) if len(group) > 1]


def _to_join(codes: Any, radius: int, threads: int | None) -> tuple[NDArray[np.uint8], int, int]:
    array = _to_codes(codes)
    if array.dtype != np.uint8:
        raise WrongTypeError(f"codes must be uint8 or bool, got {array.dtype.name}")
    return array, min(to_int(radius, "radius", 0), 8 * array.shape[1]), to_threads(threads)
