"""What can be learned about an index: how well it searches, what it holds, what a search costs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanner._arguments import to_ef, to_flag, to_int, to_recall, to_rerank, to_threads
from lanner._arrays import Ids, to_ids, to_vectors
from lanner._core import InvalidArgumentError, WrongTypeError
from lanner._filtering import core_filter, core_filters
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
        those that satisfy it, all of them where they are fewer than k.

        Parameters
        ----------
        queries : array_like, shape (q, dim) or (dim,)
        k, filter, recall, ef, rerank, threads
            As for `search`.
        truth : array_like of int or of str, shape (q, at least k) or (at least k,), optional
            Ids of the nearest items of each query, the nearest first, as found elsewhere; the
            first k count. With a filter, of items that satisfy it. Here an item counts as found
            by its id alone: of two equally near, only the one that is named.

        Raises
        ------
        InvalidArgumentError
            The index is empty, there are no queries, no item satisfies the filter, or `truth` is
            of another shape or has an id among the first k of a row that is not in the index.
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
        found = Hits(*self._core.search(array, k, width, False, count, again, aim, which))
        if rows is not None:
            pairs = zip(found, rows, strict=True)
            return sum(len({*mine.ids.tolist()} & {*row}) for mine, row in pairs) / (len(rows) * k)
        exact = Hits(*self._core.search(array, k, 0, True, count, None, 0.0, which))
        wanted = int(np.sum(exact.counts))
        if not wanted:
            raise InvalidArgumentError("recall needs items that satisfy the filter, got none")
        hits = 0
        for mine, true in zip(found, exact, strict=True):
            near = mine.distances <= np.max(true.distances, initial=-np.inf)
            hits += int(np.count_nonzero(near | np.isin(mine.ids, true.ids)))
        return hits / wanted

    def _to_truth(self, truth: Any, queries: int, k: int) -> list[list[Any]]:
        """Return the ids of the k nearest of each query, which are in the index."""
        given = truth if isinstance(truth, np.ndarray) else np.array(truth, dtype=object)
        array = np.atleast_2d(given)
        if array.ndim != 2 or len(array) != queries or array.shape[1] < k:
            raise InvalidArgumentError(
                f"truth must have a row of at least {k} ids for each of {queries} queries, got "
                f"shape {given.shape}"
            )
        ids = to_ids(np.ascontiguousarray(array[:, :k]).ravel(), "truth")
        kind = "str" if isinstance(ids, list) else "int"
        if kind != self.id_kind:
            raise WrongTypeError(f"truth must be {self.id_kind} as ids in the index, got {kind}")
        flat: list[Any] = ids if isinstance(ids, list) else ids.tolist()
        for place, id in enumerate(flat):
            if not self._core.contains(id):
                raise InvalidArgumentError(
                    f"truth must be ids in the index, got {id!r} in row {place // k}"
                )
        return [flat[first : first + k] for first in range(0, len(flat), k)]

    def count(self, filter: Any) -> int:
        """Return how many items satisfy a filter, which is one that `search` takes."""
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
