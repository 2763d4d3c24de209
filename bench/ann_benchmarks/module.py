"""lanner for ann-benchmarks: this folder goes to ``ann_benchmarks/algorithms/lanner/`` there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lanner

from ..base.module import BaseANN  # type: ignore[import-not-found,import-untyped,unused-ignore]

_METRICS = {"angular": "cosine", "euclidean": "l2", "hamming": "hamming", "jaccard": "jaccard"}
# Bits for members of a query's set that no item has: they count in the union, so they need a place.
_SPARE = 256

Ids = NDArray[np.int64]


class Lanner(BaseANN):  # type: ignore[misc]
    """HNSW over float32 rows or over bits; sets (jaccard) become bits."""

    def __init__(self, metric: str, parameters: dict[str, Any]):
        if metric not in _METRICS:
            raise NotImplementedError(f"lanner has no metric {metric}")
        self.metric = _METRICS[metric]
        self.parameters = parameters
        self.ef: int | None = None
        self.name = f"lanner ({parameters})"

    def fit(self, X: Any) -> None:
        if self.metric == "jaccard":
            self.members = self._members(X)
        rows = self._rows(X)
        bits = self.metric in ("hamming", "jaccard")
        self.dim = rows.shape[1]
        self.index = lanner.Index(
            self.dim, self.metric, "bits" if bits else "float32", **self.parameters
        )
        self.index.add(rows)

    def set_query_arguments(self, ef: int) -> None:
        self.ef = ef
        self.name = f"lanner ({self.parameters}, ef: {ef})"

    def query(self, q: Any, n: int) -> Ids:
        row = q if q.__class__ is np.ndarray and q.dtype == np.float32 else self._rows([q])[0]
        return np.asarray(self.index.search(row, k=n, ef=self._width(n), threads=1).ids)

    def batch_query(self, X: Any, n: int) -> None:
        self.res = self.index.search(self._rows(X), k=n, ef=self._width(n)).ids

    def get_batch_results(self) -> Ids:
        return np.asarray(self.res)

    def _width(self, n: int) -> int | None:
        return None if self.ef is None else max(self.ef, n)

    @staticmethod
    def _members(X: Any) -> int:
        """One more than the greatest member of sets that are given as lists of members."""
        if isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype == np.bool_:
            return int(X.shape[1])
        return 1 + max((int(np.max(each)) for each in X if len(each)), default=0)

    def _rows(self, X: Sequence[Any] | NDArray[Any]) -> NDArray[Any]:
        if self.metric in ("cosine", "l2"):
            return np.asarray(X, np.float32)
        if self.metric == "hamming" or np.asarray(X[0]).dtype == np.bool_:
            rows = np.asarray(X, np.bool_)
            return np.pad(rows, ((0, 0), (0, _SPARE))) if self.metric == "jaccard" else rows
        rows = np.zeros((len(X), self.members + _SPARE), np.bool_)
        for row, each in zip(rows, X, strict=True):
            ids = np.unique(np.asarray(each, np.int64))
            known = ids[ids < self.members]
            row[known] = True
            row[self.members :][: len(ids) - len(known)] = True
        return rows
