"""What can be learned about an index: how well it searches, what it holds, what a search costs."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanner import _core
from lanner._arguments import to_ef, to_flag, to_int, to_recall, to_rerank, to_threads
from lanner._arrays import INT64, Ids, is_utf8, to_ids, to_vectors
from lanner._core import InvalidArgumentError, WrongTypeError
from lanner._expressions import id_hint
from lanner._filtering import core_filter, core_filters, naming_columns
from lanner._properties import IndexProperties
from lanner.results import Explanation, Hits


class IndexInspection(IndexProperties):
    """The methods of an `Index` that measure and count."""

    __slots__ = ()

    def measure_recall(
        self,
        queries: Any,
        k: int = 10,
        *,
        truth: Any = None,
        filter: Any = None,
        recall: float | None = None,
        ef: int | None = None,
        rerank: int | None = None,
        threads: int | None = None,
    ) -> float:
        """Return the share of the k true nearest items that `search` finds, over all queries.

        Without `truth` the true ones are those of exact search. An index without its vectors
        (``keep=None``) then measures against its own codes only, which says nothing of what these
        lose: give it the truth, of exact search over the vectors. An item as near as the k-th true
        one counts as found: ties are no misses. With a filter, the true ones are the nearest of
        those that satisfy it, all of them where they are fewer than k. A query without any true one
        counts for nothing.

        Parameters
        ----------
        queries : array_like, shape (q, dim) or (dim,)
        k, filter, recall, ef, rerank, threads
            As for `search`.
        truth : array_like of ids, shape (q, at least k) or (at least k,), or Hits, optional
            Ids of the nearest items of each query, the nearest first, as found elsewhere; the
            first k count. With a filter, of items that satisfy it. Where these are fewer, empty
            places follow them, as in `Hits.ids`: None, or -1 or "" where that is no id of the
            index (where it is one, `Hits` tell which it is). Here an item counts as found by its id
            alone: of two equally near, only the one that is named.

        Raises
        ------
        InvalidArgumentError
            The index is empty, there are no queries, no item satisfies the filter, or `truth` is
            of another shape, names none, or has among the first k of a row an id that is not in the
            index, does not satisfy the filter, comes twice, or follows an empty place.
        WrongTypeError
            `truth` has ids of another kind than the index.

        Examples
        --------
        >>> import lanner, numpy as np
        >>> vectors = np.random.default_rng(0).standard_normal((2000, 64), dtype=np.float32)
        >>> small = lanner.Index(64, codec="SQ4", keep=None)
        >>> exact = lanner.Index(64, graph=None)
        >>> _ = exact.add(vectors), small.add(vectors)
        >>> truth = exact.search(vectors[:50], 10).ids
        >>> small.measure_recall(vectors[:50], 10, truth=truth) > 0.8
        True
        """
        k = to_int(k, "k", 1)
        width = self._to_ef(ef, False)
        count = to_threads(threads)
        array = np.atleast_2d(to_vectors(queries, "queries", self.dim, self.dtype))
        items = len(self._core)
        if not items or not len(array):
            raise InvalidArgumentError(
                f"recall needs items and queries, got {items} and {len(array)}"
            )
        again = self._to_rerank(rerank, False)
        aim = to_recall(recall, ef, rerank, False)
        which = core_filters(self._core, filter, len(array))
        rows = None if truth is None else self._to_truth(truth, len(array), k)
        if rows is not None and which is not None:
            with naming_columns(self._valueless):
                self._refuse_excluded(rows, which)
        with naming_columns(self._valueless):
            found = Hits(*self._core.search(array, k, width, False, count, again, aim, which))
        if rows is not None:
            pairs = zip(found, rows, strict=True)
            shared = sum(len(row.intersection(mine.ids.tolist())) for mine, row in pairs)
            return shared / sum(map(len, rows))
        exact = Hits(*self._core.search(array, k, 0, True, count, None, 0.0, which))
        wanted = int(np.sum(exact.counts))
        if not wanted:
            raise InvalidArgumentError("recall needs items that satisfy the filter, got none")
        hits = 0
        for mine, true in zip(found, exact, strict=True):
            near = mine.distances <= np.max(true.distances, initial=-np.inf)
            hits += int(np.count_nonzero(near | np.isin(mine.ids, true.ids)))
        return hits / wanted

    def _refuse_excluded(self, rows: list[set[Any]], which: list[_core.Filter]) -> None:
        """Refuse true ids that the filter of their query keeps every search from finding."""
        all_matching = functools.cache(lambda mask: frozenset(self._core.ids_where(mask).tolist()))
        for number, row in enumerate(rows):
            filter = which[number if len(which) > 1 else 0]
            if filter.op == "mask":  # which is part of no other condition
                excluded = row - all_matching(filter)
            elif row:
                named = _core.Filter("id_in", "", (), (), to_ids(list(row)))
                both = _core.Filter("and", "", (), (filter, named), None)
                excluded = row - set(self._core.ids_where(both).tolist())
            else:
                continue
            if excluded:
                raise InvalidArgumentError(
                    f"truth row {number} must name items that satisfy the filter, got "
                    f"{min(excluded)!r}, which does not"
                )

    def _to_truth(self, truth: Any, queries: int, k: int) -> list[set[Any]]:
        """Return the ids of the k nearest of each query, or of as many as it has."""
        given = truth.ids if isinstance(truth, Hits) else truth
        given = given if isinstance(given, np.ndarray) else np.array(given, dtype=object)
        array = np.atleast_2d(given)
        if array.ndim != 2 or len(array) != queries or array.shape[1] < k:
            raise InvalidArgumentError(
                f"truth must have a row of at least {k} ids for each of {queries} queries, got "
                f"shape {given.shape}"
            )
        if array.dtype.kind not in "iuUTO":
            to_ids(array.ravel(), "truth")  # which says why these are none
        nearest = array[:, :k].tolist()
        empty: Any = "" if self.id_kind == "str" else -1
        if isinstance(truth, Hits):
            counts = np.atleast_1d(truth.counts).tolist()
            nearest = [row[:count] for row, count in zip(nearest, counts, strict=True)]
            empty = None
        elif self._core.contains(empty):
            empty = None
        rows = [self._to_true_ids(row, number, empty) for number, row in enumerate(nearest)]
        if not any(rows):
            raise InvalidArgumentError("truth must name ids, got empty places alone")
        return rows

    def _to_true_ids(self, row: list[Any], number: int, empty: Any) -> set[Any]:
        ids: set[Any] = set()
        kind: type = str if self.id_kind == "str" else int
        kinds = (str,) if kind is str else (int, np.integer)
        for column, each in enumerate(row):
            alike = isinstance(each, kinds) and not isinstance(each, bool)
            if each is None or (alike and each == empty):
                continue
            where = f"truth row {number}, column {column}"
            if not alike:
                raise WrongTypeError(
                    f"{where} must be {self.id_kind} as ids in the index, got "
                    f"{type(each).__name__}{id_hint(each)}"
                )
            fits = is_utf8(each) if kind is str else INT64[0] <= each <= INT64[1]
            if not fits or not self._core.contains(kind(each)):
                raise InvalidArgumentError(f"{where} must be an id in the index, got {each!r}")
            if each in ids:
                hint = "; Hits tell it from an empty place" if each in ("", -1) else ""
                raise InvalidArgumentError(f"{where} must not repeat an id, got {each!r}{hint}")
            if len(ids) < column:
                raise InvalidArgumentError(
                    f"{where} must be empty, as one before it is, got {each!r}"
                )
            ids.add(kind(each))
        return ids

    def count(self, filter: Any) -> int:
        """Return how many items satisfy a filter, which is one that `search` takes."""
        with naming_columns(self._valueless):
            return self._core.count(core_filter(self._core, filter))

    def ids_where(self, filter: Any) -> NDArray[Any]:
        """Return the ids of all items that satisfy a filter, in the order of `Index.ids`.

        Parameters
        ----------
        filter : Filter, str, dict, mask, ids or callable
            One that `search` takes. Of ids, those come back that are in the index.

        Returns
        -------
        array of int64 or of str, shape (n,)
            New; of no entries where nothing matches.

        Raises
        ------
        InvalidArgumentError, WrongTypeError
            As of `search`, for a filter that is wrong.
        """
        with naming_columns(self._valueless):
            return self._core.ids_where(core_filter(self._core, filter))

    def explain(
        self,
        query: Any,
        filter: Any = None,
        k: int = 10,
        *,
        recall: float | None = None,
        ef: int | None = None,
        exact: bool = False,
        rerank: int | None = None,
    ) -> Explanation:
        """Answer one query and tell how: the plan, what it cost, and what others would have cost.

        With a filter, which plan is taken depends on times measured on this index and machine, when
        it was first searched so: two plans of nearly the same cost may change places elsewhere.
        Without one, the graph is walked unless there are few items for each candidate of the walk,
        or all of them are to be looked at; a scan is then one of all rows.

        Parameters
        ----------
        query : array_like, shape (dim,)
        filter, k, recall, ef, exact, rerank
            As for `search`.
        """
        array = to_vectors(query, "query", self.dim, self.dtype)
        if array.ndim != 1:
            raise InvalidArgumentError(f"query must be one vector, got shape {array.shape}")
        with naming_columns(self._valueless):
            return Explanation.of(
                self._core.explain(
                    array,
                    None if filter is None else core_filter(self._core, filter),
                    to_int(k, "k", 1),
                    self._to_ef(ef, exact),
                    exact,
                    self._to_rerank(rerank, exact),
                    to_recall(recall, ef, rerank, exact),
                )
            )

    def _to_ids(self, ids: Any) -> Ids:
        given = to_ids(ids)
        # Of no ids, nothing says of which kind they are.
        return [] if not len(given) and self.id_kind == "str" else given

    def _to_ef(self, ef: int | None, exact: bool) -> int:
        return to_ef(ef, to_flag(exact, "exact"), self._core.graph)

    def _to_rerank(self, rerank: int | None, exact: bool) -> int | None:
        return to_rerank(rerank, exact, self.codec, self.keep)

    def validate(self) -> dict[str, int]:
        """Check every invariant of the index and return figures about it (nodes, reachable, ...).

        Raises
        ------
        Error
            Naming the first invariant that does not hold.
        """
        return self._core.validate()

    def memory(self) -> dict[str, int]:
        """Return the bytes held, by part and in ``total``."""
        return self._core.memory()

    def search_stats(self, *, reset: bool = False) -> dict[str, int]:
        """Return the work of searches so far: distances, hops, queries; `reset` starts anew."""
        return self._core.search_stats(to_flag(reset, "reset"))
