"""lanner for the filter track of big-ann-benchmarks: goes to ``neurips23/filter/lanner/`` there."""

from __future__ import annotations

from typing import Any

import numpy as np
from benchmark.datasets import DATASETS  # type: ignore[import-not-found]
from neurips23.filter.base import BaseFilterANN  # type: ignore[import-not-found]
from numpy.typing import NDArray

import lanner

_METRICS = {"euclidean": "l2", "ip": "ip", "angular": "cosine"}
_DTYPES = {"uint8": "uint8", "int8": "int8", "float32": "float32"}

Rows = NDArray[np.intp]


class Lanner(BaseFilterANN):  # type: ignore[misc]
    """Exact answers among the rows that have all tags of a query.

    lanner has no conditions on attributes yet. Until it has, this class intersects the postings of
    the tags and compares the query with every row that is left, by `lanner.distances`: recall is 1,
    and the time grows with the number of matching rows. A search without a filter, which the track
    has as well, goes through the graph. A query with fewer than k matches is filled up with -1.
    """

    def __init__(self, metric: str, index_params: dict[str, Any]):
        if metric not in _METRICS:
            raise NotImplementedError(f"lanner has no metric {metric}")
        self.metric = _METRICS[metric]
        self.parameters = dict(index_params)
        self.ef: int | None = None

    def fit(self, dataset: str) -> None:
        data = DATASETS[dataset]()
        self.vectors = np.ascontiguousarray(data.get_dataset())
        self.dtype = _DTYPES[self.vectors.dtype.name]
        self.filtered = data.search_type() == "knn_filtered"
        if self.filtered:
            self.postings = Postings(data.get_dataset_metadata())
            return
        self.index = lanner.Index(self.vectors.shape[1], self.metric, self.dtype, **self.parameters)
        self.index.add(self.vectors)

    def load_index(self, dataset: str) -> bool:
        """Nothing is kept on disk: what is filtered needs no index."""
        return False

    def set_query_arguments(self, query_args: dict[str, Any]) -> None:
        self.ef = query_args.get("ef")

    def query(self, X: NDArray[Any], k: int) -> None:
        ef = None if self.ef is None else max(self.ef, k)
        self.res = self.index.search(X, k=k, ef=ef).ids.astype(np.int32)

    def filtered_query(self, X: NDArray[Any], filter: Any, k: int) -> None:
        self.res = np.full((len(X), k), -1, np.int32)
        for number, query in enumerate(X):
            tags = filter.indices[filter.indptr[number] : filter.indptr[number + 1]]
            rows = self.postings.rows_with_all(tags)
            if len(rows):
                away = lanner.distances(query, self.vectors[rows], self.metric, self.dtype)
                # Rows are ascending, so the stable sort lets ties go by row.
                nearest = rows[np.argsort(away, kind="stable")[:k]]
                self.res[number, : len(nearest)] = nearest

    def get_results(self) -> NDArray[np.int32]:
        return self.res

    def __str__(self) -> str:
        return f"lanner({self.parameters}, ef={self.ef})"


class Postings:
    """The rows of each tag, ascending, from a CSR matrix with a row an item and a column a tag."""

    def __init__(self, tags: Any):
        self.count = int(tags.shape[0])
        rows = np.repeat(np.arange(self.count), np.diff(tags.indptr))
        self.rows = rows[np.argsort(tags.indices, kind="stable")]
        sizes = np.bincount(tags.indices, minlength=int(tags.shape[1]))
        self.starts = np.concatenate([[0], np.cumsum(sizes)])

    def rows_with_all(self, tags: NDArray[Any]) -> Rows:
        """Rows that have every tag; all rows if there is none."""
        lists = [self.rows[self.starts[tag] : self.starts[tag + 1]] for tag in np.unique(tags)]
        if not lists:
            return np.arange(self.count)
        found, *others = sorted(lists, key=len)
        for other in others:
            places = np.searchsorted(other, found)
            found = (
                found[other[np.minimum(places, len(other) - 1)] == found] if len(other) else other
            )
        return np.asarray(np.unique(found))
