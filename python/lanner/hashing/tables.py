"""Approximate search by tables of hashes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import Any

from lanner import _core
from lanner._arguments import Names, to_choice, to_int, to_number, to_path, to_radius, to_threads
from lanner._core import InvalidArgumentError
from lanner._learnt import UINT64_MAX, to_matrix, to_rows
from lanner.hashing.family import MAX_BITS, MAX_DIM
from lanner.hashing.rows import AttributedRows
from lanner.hashing.sets import to_sets
from lanner.results import Hits, RadiusHits, to_hits

_FEW_ROWS = 1000  # which are looked at in no time
_METRICS = ("l2", "cosine", "jaccard")


class LSHIndex(AttributedRows):
    """Vectors or sets in tables of locality-sensitive hashes, to be searched approximately.

    Rows that share all hashes of a table with a query are candidates, and the metric orders them.
    Beside its own bucket of each table a query looks into those that it nearly fell into
    (multi-probe: Lv, Josephson, Wang, Charikar, Li, VLDB 2007). Hashes are those of `E2LSH` for l2,
    of `CrossPolytope` for cosine, of `MinHash`, which has no other buckets to look into, for the
    Jaccard distance of sets. How many buckets a recall takes is measured on 64 of its own rows. A
    copy, which nothing changes. `len` counts the rows.

    Parameters
    ----------
    rows : array_like of float, shape (n, dim); or sets, as those of `MinHash.encode`
    metric : {"l2", "cosine", "jaccard"}
    offsets : array_like of int, shape (n + 1,), optional
        For sets in an array, as that of `MinHash.encode`.
    tables : int
        More of them find more with fewer probes, and take four bytes a row each.
    hashes : int, optional
        Hashes that make a key. By default as many as leave some ten unlike rows in a bucket.
    width : float, optional
        Width of E2LSH's cells; by default four times the distance of the tenth nearest row.
    attributes : dict of arrays or lists, data frame, Arrow table or list of dicts, optional
        A row a row, for filters; as that of `Index.add`.
    schema : Schema or mapping of names to types, optional
        The types of their columns; without it the values say them.
    seed : int
    threads : int, optional
        Changes speed, never results.

    Examples
    --------
    >>> import numpy as np
    >>> from lanner.hashing import LSHIndex
    >>> vectors = np.random.default_rng(0).standard_normal((2000, 16)).astype(np.float32)
    >>> index = LSHIndex(vectors, metric="l2")
    >>> int(index.search(vectors[7], k=1).ids[0])
    7
    >>> sets = [{"a", "b"}, {"b", "c"}, {"x", "y"}]
    >>> LSHIndex(sets, metric="jaccard").search({"x", "y"}, k=1)
    Hits({2: 0})
    """

    __slots__ = ("_core", "_metric")

    def __init__(
        self,
        rows: Any,
        *,
        metric: str = "l2",
        offsets: Any = None,
        tables: int = 16,
        hashes: int | None = None,
        width: float | None = None,
        attributes: Any = None,
        schema: Mapping[str, str] | None = None,
        seed: int = 0,
        threads: int | None = None,
    ) -> None:
        self._metric = to_choice(metric, "metric", _METRICS)
        tables = to_int(tables, "tables", 1, 1024)
        number = 0 if hashes is None else to_int(hashes, "hashes", 1, 1024)
        if tables * number > MAX_BITS:
            raise InvalidArgumentError(
                f"tables times hashes must be at most {MAX_BITS}, got {tables} * {number}"
            )
        wide = 0.0 if width is None else to_number(width, "width", 0)
        if width is not None and (wide == 0 or metric != "l2"):
            raise InvalidArgumentError(f"width must be above 0, and is of l2 alone, got {width}")
        seed = to_int(seed, "seed", 0, UINT64_MAX)
        given: Any
        if self._metric == "jaccard":
            given, _ = to_sets(rows, offsets, "rows")
        else:
            if offsets is not None:
                raise InvalidArgumentError("offsets go with sets, metric='jaccard'")
            given = to_matrix(rows, "rows")
            if given.shape[1] > MAX_DIM:
                raise InvalidArgumentError(
                    f"rows must have at most {MAX_DIM} features, got {given.shape[1]}"
                )
        self._keep_attributes(self._count(given), attributes, schema)
        self._core = _core.lsh_index(
            given, self._metric, tables, number, wide, seed, to_threads(threads)
        )

    @classmethod
    def _opened(cls, core: _core.LshIndex, attributes: _core.RowAttributes) -> LSHIndex:
        made = cls.__new__(cls)
        made._core, made._attributes, made._metric = core, attributes, core.metric
        return made

    def search(
        self,
        queries: Any,
        k: int = 10,
        *,
        offsets: Any = None,
        filter: Any = None,
        recall: float | None = None,
        probes: int | None = None,
        attributes: Names = None,
        threads: int | None = None,
    ) -> Hits:
        """Return the k nearest of the rows in the buckets that are looked into.

        Fewer than k where those hold fewer.

        Parameters
        ----------
        queries : array_like of float, shape (q, dim) or (dim,); or sets, or one set
        k : int
            At least 1.
        offsets : array_like of int, shape (q + 1,), optional
            For sets in an array.
        filter : Filter, str or dict, or a list with one of them for each query, optional
            Which rows may be hits, as that of `Index.search`; ids are row numbers, and a mask has
            an entry a row.
            The fewer do, the more buckets a recall takes; a few are looked at one by one.
        recall : float, optional
            The share of the true neighbours to find, above 0 and at most 1; 0.95 where neither this
            nor `probes` is given. It is an average over queries like the rows, and was measured for
            10, 100 and 1,000 neighbours: with a filter, those count that lie as far as the nearest
            ones that it lets through. Where no number of buckets reached it, all rows are looked
            at, and where the buckets hold fewer than k that satisfy a filter, all that do.
        probes : int, optional
            Buckets to look into, over all tables, instead of a recall.
        attributes : list of str, str or True, optional
            Columns that come with the hits, in `Hits.attributes`; True for all.
        threads : int, optional
            Changes speed, never results.

        Returns
        -------
        Hits
            Ids are row numbers; ties are in their order. Arrays of shape (q, k), or (k,) for one
            query.

        Warns
        -----
        RuntimeWarning
            Without a filter, of more than 1,000 rows: no number of buckets reached the recall, if
            that is below 1, and all rows are looked at. `probes_for` tells it beforehand.
        """
        k = to_int(k, "k", 1)
        share, wanted = _to_effort(recall, probes)
        count = to_threads(threads)
        rows, single = self._to_queries(queries, offsets)
        among = self._among(filter, self._count(rows))
        if filter is None:
            self._warn_of_scan(share, k)
        found = self._core.search(rows, k, share, wanted, among, count)
        return self._with_attributes(to_hits(found, single=single), attributes)

    def search_radius(
        self,
        queries: Any,
        radius: float,
        *,
        offsets: Any = None,
        filter: Any = None,
        recall: float | None = None,
        probes: int | None = None,
        attributes: Names = None,
        threads: int | None = None,
    ) -> RadiusHits:
        """Return the rows within `radius`, inclusive, of those in the buckets that are looked into.

        Rows that are farther than a query's ten nearest are in fewer of its buckets: of a large
        radius a smaller share is found than `recall` says.

        Parameters
        ----------
        queries : array_like of float, shape (q, dim) or (dim,); or sets, or one set
        radius : float
            In the metric's terms; squared for l2.
        offsets, filter, recall, probes, attributes, threads
            As those of `search`; a recall is that of the ten nearest.

        Returns
        -------
        RadiusHits
            Nearest first, ties in the order of rows.

        Warns
        -----
        RuntimeWarning
            As `search`.
        """
        radius = to_radius(radius)
        share, wanted = _to_effort(recall, probes)
        count = to_threads(threads)
        rows, single = self._to_queries(queries, offsets)
        among = self._among(filter, self._count(rows))
        if filter is None:
            self._warn_of_scan(share, 10)
        found = self._core.search_radius(rows, radius, share, wanted, among, count)
        return self._with_radius_attributes(RadiusHits(*found, single=single), attributes)

    def _warn_of_scan(self, recall: float, nearest: int) -> None:
        if 0 < recall < 1 and len(self) > _FEW_ROWS and not self._core.probes_for(recall, nearest):
            warnings.warn(
                f"no number of buckets reached recall {recall:g} for {nearest} neighbours, so all "
                f"{len(self)} rows are looked at; more tables than {self.tables} or fewer hashes "
                f"than {self.hashes} would reach more, and probes= looks at fewer rows",
                RuntimeWarning,
                stacklevel=3,
            )

    def _to_queries(self, queries: Any, offsets: Any) -> tuple[Any, bool]:
        if self._metric == "jaccard":
            return to_sets(queries, offsets, "queries")
        if offsets is not None:
            raise InvalidArgumentError("offsets go with sets, metric='jaccard'")
        return to_rows(queries, "queries", self._core.dim)

    def _count(self, rows: Any) -> int:
        return len(rows[0]) - 1 if self._metric == "jaccard" else len(rows)

    def probes_for(self, recall: float, *, nearest: int = 10) -> int:
        """Return how many buckets a recall took on rows of its own; 0 where none was enough.

        Parameters
        ----------
        recall : float
            Above 0 and at most 1.
        nearest : int
            Of so many nearest neighbours: 10, 100 or 1,000, or the next of these.
        """
        return self._core.probes_for(_to_share(recall), to_int(nearest, "nearest", 1))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write rows, tables and attributes to a file, replacing one that is there in one step.

        `lanner.hashing.load` reads it.
        """
        self._core.save(to_path(path), self._attributes)

    @property
    def metric(self) -> str:
        """What near means."""
        return self._metric

    @property
    def tables(self) -> int:
        """Tables."""
        return self._core.tables

    @property
    def hashes(self) -> int:
        """Hashes that make a key."""
        return self._core.hashes

    @property
    def width(self) -> float | None:
        """Width of E2LSH's cells; None under another metric."""
        return self._core.width if self._metric == "l2" else None

    @property
    def nbytes(self) -> int:
        """The bytes held."""
        return self._core.nbytes + self._attributes.nbytes

    def __len__(self) -> int:
        return len(self._core)

    def __repr__(self) -> str:
        return (
            f"LSHIndex({len(self)} rows, metric={self._metric!r}, tables={self.tables}, "
            f"hashes={self.hashes})"
        )


def _to_share(recall: float) -> float:
    number = to_number(recall, "recall", 0, 1)
    if number == 0:
        raise InvalidArgumentError(f"recall must be above 0, got {recall}")
    return number


def _to_effort(recall: float | None, probes: int | None) -> tuple[float, int]:
    """Return a recall, or 0, and buckets."""
    if probes is None:
        return _to_share(0.95 if recall is None else recall), 0
    if recall is not None:
        raise InvalidArgumentError("recall and probes both say how hard to try; give one")
    return 0.0, to_int(probes, "probes", 1)
