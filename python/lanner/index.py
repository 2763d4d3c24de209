"""The index: add vectors under ids, find the nearest."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lanner import _core
from lanner._arguments import (
    DEFAULT_EF_CONSTRUCTION,
    DEFAULT_M,
    INT32_MAX,
    Names,
    to_budget,
    to_codec,
    to_graph,
    to_int,
    to_names,
    to_radius,
    to_recall,
    to_space,
    to_threads,
)
from lanner._arrays import INT64, Ids, is_single_id, is_utf8, to_vectors, widen_bfloat16
from lanner._changing import IndexChanging
from lanner._core import InvalidArgumentError, WrongTypeError
from lanner._expressions import id_hint
from lanner._filtering import core_filters, named_column, naming_columns
from lanner._hit_attributes import with_attributes
from lanner.progress import Progress, reporting
from lanner.results import Hits, RadiusHits
from lanner.schema import Schema

if TYPE_CHECKING:
    from lanner.quantization import Quantizer

_UINT64_MAX = 2**64 - 1


class Index(IndexChanging):
    """Vectors under ids, searched for the nearest ones.

    Searches from several threads run side by side, also while another thread adds or removes. A
    search sees every change that had returned before it began; of a bulk add still running it may
    see some rows already.

    Parameters
    ----------
    dim : int
        Features of a vector; for dtype ``bits``, bits.
    metric : str
        ``l2`` (squared), ``cosine``, ``ip`` (the inner product, negated), ``snr``, ``snr_item``; on
        bits ``hamming`` and ``jaccard``. Smaller is always nearer. A zero vector is at cosine
        distance 1 from everything; an item of no variance is at infinity under ``snr_item``, a
        query of no variance an error under ``snr``.
    dtype : str
        How a feature is stored: ``float32``, ``float16``, ``bfloat16``, ``int8``, ``uint8`` or
        ``bits``.
    graph : {"hnsw", None}
        With None every search compares with every item, and answers are exact.
    M : int
        Links of an item on each upper layer of the graph; twice as many on the lowest.
    ef_construction : int
        Candidates looked at to link an item: more make a better graph, slower.
    codec : str, quantizer or None
        Searches look at codes first, and at the vectors of the best candidates afterwards: on a few
        times less memory traffic. ``SQ8`` and ``SQ4`` are codes of 8 and 4 bits a feature, the
        quickest to walk over. `lanner.quantization.PQ`, `OPQ` and `Binary`, not fitted, or
        their names, ``PQ48x8``, ``OPQ96x4`` (parts, and bits of each: 4 or 8), ``Binary1`` to
        ``Binary4`` (bits a feature), are smaller. Codes adapt themselves to the first
        vectors that are enough, or to those given to `fit`: 256; for ``PQ`` and ``OPQ`` 624 with 4
        bits and 9,984 with 8, and until then rows are kept as float32. Not for dtype ``bits``.
        None searches the vectors themselves. ``auto`` is None without a graph, for dtypes of a byte
        or a bit, and below 64 features; ``SQ8`` below 128, else ``SQ4``. Where `keep` wants codes
        and there would be none, it is ``SQ8``, and ``SQ4`` for dtypes of a byte. `Index.codec` says
        which it was.
    keep : str or None
        What is kept beside the codes: ``dtype``, the vectors as they are; ``float16``, the vectors
        rounded, of dtype ``float32``; None, nothing. Then `get` returns what the codes stand for,
        and distances are estimates: their errors are some thousandths of the vectors' distance from
        the mean of all with ``SQ8``, some hundredths with ``SQ4``, and more with smaller codes.
    memory_budget : int or str, optional
        Bytes a vector, as a number or with a unit: ``"64 B"``. Chooses `codec` and `keep`: where
        vectors fit they are kept, as float16 if need be, beside the default codec if that fits too;
        otherwise the largest codes that fit are all there is. `Index.bytes_a_vector` says what they
        take, and `Index.codec_recall`, once they are fitted, what codes alone find. Ids, attributes
        and the links of a graph, some ``8 * M`` bytes an item, come on top. Not together with
        `codec` or `keep`.
    schema : Schema or mapping of names to types, optional
        The columns of attributes that items may have; tables with others are refused. Without it
        columns come with the tables, also with later ones, and of those the first value says the
        type; a new one whose name is nearly that of another is warned of.
    seed : int
        The same calls, parameters and seed make the same index, bit for bit, on any number of
        threads.

    Raises
    ------
    InvalidArgumentError
        A value out of range, a metric or codec that does not fit the dtype, `M` or
        `ef_construction` without a graph, `keep` with ``codec=None``, or a budget that nothing
        fits.

    Examples
    --------
    >>> import lanner
    >>> index = lanner.Index(dim=3, metric="cosine")
    >>> index.add([[1, 0, 0], [0, 1, 0], [1, 1, 0]], ids=["x", "y", "xy"])
    array(['x', 'y', 'xy'], dtype=object)
    >>> index.search([2, 1, 0], k=2).ids
    array(['xy', 'x'], dtype=object)
    """

    __slots__ = ()

    def __init__(
        self,
        dim: int,
        metric: str = "cosine",
        dtype: str = "float32",
        *,
        graph: str | None = "hnsw",
        M: int = DEFAULT_M,
        ef_construction: int = DEFAULT_EF_CONSTRUCTION,
        codec: str | Quantizer | None = "auto",
        keep: str | None = "dtype",
        memory_budget: int | str | None = None,
        schema: Mapping[str, str] | None = None,
        seed: int = 0,
    ) -> None:
        dim = to_int(dim, "dim", 1)
        metric, dtype = to_space(metric, dtype)
        budget = None if memory_budget is None else to_budget(memory_budget)
        if budget is not None and not (codec == "auto" and keep == "dtype"):
            raise InvalidArgumentError(
                "memory_budget chooses codec and keep; give either, or the two of them"
            )
        codec, keep = to_codec(codec, keep, dtype)
        shape = to_graph(graph, M, ef_construction)
        seed = to_int(seed, "seed", 0, _UINT64_MAX)
        columns = None if schema is None else list(Schema(schema).items())
        self._bind(_core.Index(dim, metric, dtype, *shape, seed, codec, keep, columns, budget))

    def fit(self, vectors: Any, *, threads: int | None = None, progress: Progress = None) -> None:
        """Adapt the codec to a sample of the vectors that will come, before there are enough.

        Without it the first vectors do: worth calling where these are unlike the rest.

        Parameters
        ----------
        vectors : array_like, shape (n, dim)
            At least 256. They are not added.
        threads : int, optional
            Changes speed, never codes.
        progress : bool or callable, optional
            True shows a bar. A callable gets ``(done, total)`` from time to time.

        Raises
        ------
        InvalidArgumentError
            The index has no codec, or it is fitted already; too few vectors, NaN or infinity.

        Warns
        -----
        UserWarning
            Fewer than 39 vectors a centroid of ``PQ`` or ``OPQ``: codes of others will be worse
            than need be.
        """
        count = to_threads(threads)
        rows = np.atleast_2d(to_vectors(vectors, "vectors", self.dim, self.dtype))
        least, ample = self._core.rows_to_fit
        if least <= len(rows) < ample:
            warnings.warn(
                f"vectors should have at least {ample} rows to fit {self.codec}, got {len(rows)}",
                stacklevel=2,
            )
        with reporting(progress, "fitting") as report:
            self._core.fit(rows, count, report)

    def add(
        self,
        vectors: Any,
        ids: Any = None,
        *,
        attributes: Any = None,
        threads: int | None = None,
        progress: Progress = None,
    ) -> NDArray[Any]:
        """Add vectors under new ids: all of them, or none if anything is wrong with one.

        Ctrl-C, or an exception from `progress`, stops the work and leaves the index as it was.

        Parameters
        ----------
        vectors : array_like, shape (n, dim) or (dim,)
            Buffers, arrays, DLPack tensors on the CPU, nested sequences, or a column of lists of
            numbers, as Arrow and data frames have them. Numbers are rounded to a floating dtype of
            the index; what does not fit it, and fractions where it is an integer, are refused. For
            dtype ``bits``: packed uint8, least significant bit first, or bool.
        ids : array_like of int or of str, shape (n,), optional
            Unique, and not in the index. Without them, integers that the index does not have are
            given.
        attributes : dict of arrays or lists, data frame, Arrow table or list of dicts, optional
            A row a vector; of one vector, single values too. None, NaN and NaT are nulls, and so
            are columns that are not there. Values are int64, float64, bool, str, dates and times
            (as microseconds, UTC), and lists of int64 or of str, with no nulls inside. Columns that
            the index does not have are added to it, unless it was made with a schema; one of
            nothing but nulls once a table has a value in it, which says its type, and until then
            conditions on it are refused.
        threads : int, optional
            Changes speed, never the index.
        progress : bool or callable, optional
            True shows a bar. A callable gets ``(done, total)`` from time to time.

        Returns
        -------
        array of int64 or of str, shape (n,)
            The ids of the vectors.

        Raises
        ------
        InvalidArgumentError
            Wrong dimension, NaN or infinity (the row is named), an id given twice or already there.
        WrongTypeError
            Data that are not numbers, or ids of the other kind than those in the index.
        ReadOnlyError
            The index was opened without ``writable=True``.

        Warns
        -----
        NewColumnWarning
            A column is new, also if it holds nothing but nulls, and another of nearly the same name
            is not in `attributes`. Made an error, it comes before any change.
        """
        return self._put(vectors, ids, attributes, False, threads, progress)

    def upsert(
        self,
        vectors: Any,
        ids: Any,
        *,
        attributes: Any = None,
        threads: int | None = None,
        progress: Progress = None,
    ) -> None:
        """Add vectors under ids, replacing those of ids that the index has: all of them or none.

        Parameters and errors are those of `add`; ids must be given. Attributes replace all those
        that an item had; without `attributes`, items keep them.
        """
        if ids is None:
            raise WrongTypeError("upsert needs ids, got None")
        self._put(vectors, ids, attributes, True, threads, progress)

    def _put(
        self,
        vectors: Any,
        ids: Any,
        attributes: Any,
        upsert: bool,
        threads: int | None,
        progress: Progress,
    ) -> NDArray[Any]:
        count = to_threads(threads)
        array = to_vectors(vectors, "vectors", self.dim, self.dtype)
        if array.ndim == 1:
            array = array[np.newaxis]
        given: Ids | None = None
        if ids is not None:
            given = self._to_ids(ids)
            if len(given) != len(array):
                raise InvalidArgumentError(
                    f"ids must have one entry a vector, {len(array)}, got {len(given)}"
                )
        columns = None if attributes is None else self._to_columns(attributes, len(array), 4)
        with reporting(progress, "upserting" if upsert else "adding") as report:
            added = self._core.add(array, given, upsert, count, report, columns)
        return np.array(added, dtype=object) if isinstance(added, list) else added

    def get(self, ids: Any, *, attributes: Names = None) -> Any:
        """Return the vectors of items as they are stored, unchanged by the metric.

        Parameters
        ----------
        ids : int or str, or array_like of them, shape (n,)
        attributes : list of str, str or True, optional
            Columns to return as well; True for all.

        Returns
        -------
        array, shape (n, dim), or (dim,) for one id
            In the index's dtype; float32 for ``bfloat16`` (which it holds exactly), packed uint8
            for ``bits``. With `attributes`, a pair of it and a dict of arrays of shape (n,): int64,
            float64, bool and datetime64[us] arrays, NaN and NaT for nulls of floats and times;
            object arrays, None for nulls, otherwise. For one id the dict has values of Python in
            place of arrays, and of times np.datetime64, with the same nulls.

        Raises
        ------
        NotFoundError
            An id is not in the index.
        """
        given = self._to_ids(ids)
        vectors = self._core.get(given)
        if vectors.dtype == np.uint16:
            vectors = widen_bfloat16(vectors)
        single = is_single_id(ids)
        if attributes is None:
            return vectors[0] if single else vectors
        with naming_columns(self._valueless):
            columns = self._core.attributes(given, to_names(attributes)).to_dict()
        if single:
            return vectors[0], {name: _plain(column[0]) for name, column in columns.items()}
        return vectors, columns

    def search(
        self,
        queries: Any,
        k: int = 10,
        *,
        filter: Any = None,
        recall: float | None = None,
        ef: int | None = None,
        exact: bool = False,
        rerank: int | None = None,
        attributes: Names = None,
        threads: int | None = None,
    ) -> Hits:
        """Return the k nearest items of each query, among those that satisfy a filter if given.

        Fewer are returned only if there are fewer. Results do not depend on how many queries go in
        one call.

        Parameters
        ----------
        queries : array_like, shape (q, dim) or (dim,)
        k : int
            At least 1.
        filter : Filter, str or dict, or a list with one of them for each query, optional
            Which items may be hits, by their attributes: ``col("year") >= 2020``,
            ``"year >= 2020 and 'cs.IR' in tags"`` or ``{"year": {"$gte": 2020}}``; see
            `lanner.filters`. Also ids, in a set, an array or, if integers, a list: a list of
            integers is ids for all queries, a list of lists or sets those of each query, and a str
            in a list is a condition, never an id. Slower: bools, one an item in the order of `ids`,
            or a function of an id. `explain` tells how a query is answered.
        recall : float, optional
            The share of the true neighbours to find, above 0 and at most 1: the index tries as hard
            as this took when rows of its own were looked for at the end of an `add`. 1 compares
            with every vector. Default: 0.95, where nothing else says how hard to try. Queries
            unlike anything in the index may fare worse: see `measure_recall`. Where no vectors are
            kept (``keep=None``), neighbours are those by the codes' estimates, here and for
            `exact`: how many of them are true ones is the codec's matter.
        ef : int, optional
            Candidates kept on the way through the graph, in place of `recall`: more find more of
            the true neighbours, slower. Less than k counts as k.
        exact : bool
            Compare with every vector instead of walking a graph or looking at codes.
        rerank : int, optional
            Of an index with a codec that keeps vectors: candidates whose distance is computed from
            the vectors in the end; less than k counts as k, and 0 returns the codes' estimates.
            Default: few enough to cost little, enough to lose next to no recall.
        attributes : list of str, str or True, optional
            Columns that come with the hits, in `Hits.attributes`; True for all.
        threads : int, optional
            Changes speed, never results.

        Returns
        -------
        Hits
            Arrays of shape (q, k), or (k,) for one query.

        Raises
        ------
        InvalidArgumentError
            Wrong dimension, NaN or infinity, k below 1, `recall` together with `ef`, `exact` or
            `rerank`, `ef` where no graph is walked, or `rerank` where there are no codes, or no
            vectors behind them.
        WrongTypeError
            Queries that are not numbers, or k that is not an integer.
        """
        if (
            type(queries) is np.ndarray
            and queries.dtype is self._query_dtype
            and queries.shape == self._query_shape
            and (flags := queries.flags).c_contiguous
            and flags.aligned
            and type(k) is int
            and 0 < k <= INT32_MAX
            and threads is None
            and exact is False
            and rerank is None
            and recall is None
            and attributes is None
        ):
            which = None if filter is None else core_filters(self._core, filter, 1)
            wide = 0 if ef is None else ef
            if ef is None or (type(ef) is int and 0 < ef <= INT32_MAX and self._has_graph):
                try:
                    return Hits(*self._core.search(queries, k, wide, False, 0, rerank, 0.0, which))
                except InvalidArgumentError as error:
                    raise named_column(error, self._valueless) from None
        k = to_int(k, "k", 1)
        width = self._to_ef(ef, exact)
        count = to_threads(threads)
        array = to_vectors(queries, "queries", self.dim, self.dtype)
        again = self._to_rerank(rerank, exact)
        aim = to_recall(recall, ef, rerank, exact)
        which = core_filters(self._core, filter, 1 if array.ndim == 1 else len(array))
        with naming_columns(self._valueless):
            if attributes is None:
                return Hits(*self._core.search(array, k, width, exact, count, again, aim, which))
            *found, columns = self._core.search(
                array, k, width, exact, count, again, aim, which, to_names(attributes)
            )
        return with_attributes(Hits(*found), columns)

    def search_by_id(
        self,
        ids: Any,
        k: int = 10,
        *,
        filter: Any = None,
        recall: float | None = None,
        ef: int | None = None,
        exact: bool = False,
        rerank: int | None = None,
        attributes: Names = None,
        threads: int | None = None,
    ) -> Hits:
        """Return the k nearest items of stored items, which are not among their own neighbours.

        Parameters
        ----------
        ids : int or str, or array_like of them, shape (q,)
        k, filter, recall, ef, exact, rerank, attributes, threads
            As for `search`.

        Raises
        ------
        NotFoundError
            An id is not in the index.
        """
        k = to_int(k, "k", 1)
        width = self._to_ef(ef, exact)
        given = self._to_ids(ids)
        names = None if attributes is None else to_names(attributes)
        with naming_columns(self._valueless):
            found, distances, counts, *columns = self._core.search_by_id(
                given,
                k,
                width,
                exact,
                to_threads(threads),
                self._to_rerank(rerank, exact),
                to_recall(recall, ef, rerank, exact),
                core_filters(self._core, filter, len(given)),
                names,
            )
        hits = Hits(found, distances, counts)
        if is_single_id(ids):
            hits = Hits(found[0], distances[0], int(counts[0]))
        return with_attributes(hits, columns[0]) if columns else hits

    def search_radius(
        self,
        queries: Any,
        radius: float,
        *,
        filter: Any = None,
        ef: int | None = None,
        exact: bool = False,
        attributes: Names = None,
        threads: int | None = None,
    ) -> RadiusHits:
        """Return the items at distance `radius` or nearer of each query.

        With a graph and without `exact`, items may be missed, as in `search`.

        Parameters
        ----------
        queries : array_like, shape (q, dim) or (dim,)
        radius : float
            In the unit of the metric (squared for ``l2``, negated for ``ip``); the border is
            inside.
        filter, ef, exact, attributes, threads
            As for `search`.
        """
        border = to_radius(radius)
        width = self._to_ef(ef, exact)
        count = to_threads(threads)
        array = to_vectors(queries, "queries", self.dim, self.dtype)
        which = core_filters(self._core, filter, 1 if array.ndim == 1 else len(array))
        names = None if attributes is None else to_names(attributes)
        with naming_columns(self._valueless):
            found, distances, offsets, *columns = self._core.search_radius(
                array, border, width, exact, count, which, names
            )
        hits = RadiusHits(found, distances, offsets, single=array.ndim == 1)
        if columns:
            hits.attributes = columns[0].to_dict()
        return hits

    @property
    def ids(self) -> NDArray[Any]:
        """The ids in the index, as a new array of int64 or of str.

        In the order in which they were added; `upsert` keeps the place of an item that is there,
        and an item that is added later may take the place of one that was removed. A mask given as
        a ``filter`` has an entry for each, in this order: take it from these very ids, as
        ``np.isin(index.ids, mine)``, once items were removed, or give the ids themselves, which is
        safe beside a writer too.
        """
        return self._core.ids()

    def __len__(self) -> int:
        return len(self._core)

    def __contains__(self, id: object) -> bool:
        if isinstance(id, str):
            return is_utf8(id) and self._core.contains(str(id))
        if isinstance(id, (int, np.integer)) and not isinstance(id, bool):
            return INT64[0] <= int(id) <= INT64[1] and self._core.contains(int(id))
        raise WrongTypeError(
            f"an id must be an integer or a str, got {type(id).__name__}{id_hint(id)}"
        )

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the ids that the index has at this moment."""
        return iter(self._core.ids().tolist())

    def __copy__(self) -> Index:
        return self.from_bytes(self.to_bytes())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_bytes, (self.to_bytes(),)

    def __repr__(self) -> str:
        core = self._core
        graph = (
            f"graph='hnsw', M={core.M}, ef_construction={core.ef_construction}"
            if core.graph
            else "graph=None"
        )
        codec = f"codec={core.codec!r}, keep={core.keep!r}, " if core.codec else ""
        return (
            f"Index(size={len(core)}, dim={core.dim}, metric={core.metric!r}, "
            f"dtype={core.dtype!r}, {graph}, {codec}seed={core.seed}, "
            f"memory={_megabytes(core.memory()['total'])!r}, isa={_core.active_isa()!r})"
        )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def _plain(value: Any) -> Any:
    """Return a value of a column as one of Python, but for times."""
    if isinstance(value, np.generic) and not isinstance(value, np.datetime64):
        return value.item()
    return value
