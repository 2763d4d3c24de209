"""Vectors found by their hashes and ordered by a true metric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lanner import _core
from lanner._arguments import BITS_METRICS, METRICS, Names, to_choice, to_flag, to_int, to_threads
from lanner._arrays import to_array
from lanner._core import InvalidArgumentError, WrongTypeError
from lanner.hashing.family import HashFamily, ValueHash, VectorHash
from lanner.hashing.random import BitSampling
from lanner.hashing.rows import AttributedRows
from lanner.results import Hits, to_hits


class HashedVectors(AttributedRows):
    """Vectors beside their codes: codes choose candidates, a metric orders them, in one call.

    A copy, which nothing changes. Searches from several threads run side by side. `len` counts the
    vectors.

    Parameters
    ----------
    family : HashFamily
        A hash of vectors or of bits, fitted where it learns.
    vectors : array_like, shape (n, dim)
        What the family encodes.
    metric : str
        ``l2``, ``cosine``, ``ip``, ``snr`` or ``snr_item``; for bits ``hamming`` or ``jaccard``.
    attributes : dict of arrays or lists, data frame, Arrow table or list of dicts, optional
        A row a vector, for filters; as that of `Index.add`.
    schema : Schema or mapping of names to types, optional
        The types of their columns; without it the values say them.
    threads : int, optional

    Examples
    --------
    >>> import numpy as np
    >>> from lanner.hashing import ITQ, HashedVectors
    >>> vectors = np.random.default_rng(0).standard_normal((2000, 32)).astype(np.float32)
    >>> hashed = HashedVectors(ITQ(32).fit(vectors), vectors, metric="l2")
    >>> int(hashed.search(vectors[7], k=1).ids[0])
    7
    """

    __slots__ = ("_core", "_family")

    def __init__(
        self,
        family: HashFamily,
        vectors: Any,
        *,
        metric: str = "l2",
        attributes: Any = None,
        schema: Mapping[str, str] | None = None,
        threads: int | None = None,
    ) -> None:
        if not isinstance(family, (VectorHash, BitSampling)):
            raise WrongTypeError(
                f"family must be a hash of vectors or of bits, got {type(family).__name__}"
            )
        metric = to_choice(metric, "metric", METRICS)
        on_bits = isinstance(family, BitSampling)
        if on_bits != (metric in BITS_METRICS):
            fitting = [each for each in METRICS if (each in BITS_METRICS) == on_bits]
            raise InvalidArgumentError(
                f"metric must be one of {', '.join(fitting)} for {family!r}, got {metric!r}"
            )
        core = family._ready()
        if to_array(vectors, "vectors").ndim != 2:
            raise InvalidArgumentError(
                f"vectors must have two axes, got shape {to_array(vectors, 'vectors').shape}"
            )
        rows, _ = family._rows(vectors, "vectors")
        self._family = family
        self._keep_attributes(len(rows), attributes, schema)
        self._core = _core.hash_rows(core, rows, metric, to_threads(threads))

    def search(
        self,
        queries: Any,
        k: int = 10,
        *,
        candidates: int = 100,
        asymmetric: bool | None = None,
        filter: Any = None,
        attributes: Names = None,
        threads: int | None = None,
    ) -> Hits:
        """Return the k nearest under the metric of the vectors whose codes are nearest.

        Parameters
        ----------
        queries : array_like, shape (q, dim) or (dim,)
        k : int
            At least 1.
        candidates : int
            Vectors to look at again, at least k of them: more take longer and miss less.
        asymmetric : bool, optional
            Whether codes are compared with the query's values instead of its bits, which finds
            more; where not given, wherever the family has values. Codes are then always scanned.
        filter : Filter, str or dict, or a list with one of them for each query, optional
            Which rows may be hits, as that of `Index.search`; ids are row numbers, and a mask has
            an entry a row. Candidates are the nearest of those.
        attributes : list of str, str or True, optional
            Columns that come with the hits, in `Hits.attributes`; True for all.
        threads : int, optional
            Changes speed, never results.

        Returns
        -------
        Hits
            Ids are row numbers; ties are in their order. Arrays of shape (q, k), or (k,) for one
            query.
        """
        k = to_int(k, "k", 1)
        candidates = to_int(candidates, "candidates", 1)
        has_values = isinstance(self._family, ValueHash)
        by_values = has_values if asymmetric is None else to_flag(asymmetric, "asymmetric")
        if by_values and not has_values:
            raise InvalidArgumentError(
                f"asymmetric compares the values of a query, and {self._family!r} has none"
            )
        count = to_threads(threads)
        rows, single = self._family._rows(queries, "queries")
        among = self._among(filter, len(rows))
        found = self._core.search(
            np.ascontiguousarray(rows), k, candidates, by_values, among, count
        )
        return self._with_attributes(to_hits(found, single=single), attributes)

    @property
    def family(self) -> HashFamily:
        """The hash."""
        return self._family

    @property
    def nbytes(self) -> int:
        """The bytes held: vectors, codes, and what was made to search them."""
        return self._core.nbytes + self._attributes.nbytes

    def __len__(self) -> int:
        return len(self._core)

    def __repr__(self) -> str:
        return f"HashedVectors({len(self)} vectors, {self._family!r})"
