"""What a user writes without a library: NumPy over all rows, or over the matching ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.dataset import Array, DataSet
from bench.filters import Filter
from bench.method import Method, unit


class NumPy(Method):
    """Matrix products and a partial sort; exact up to rounding."""

    name = "numpy"
    package = module = "numpy"
    suites = frozenset({"exact", "filtered"})
    exact = True

    def convert(self, data: DataSet, rows: Array) -> Array:
        return unit(rows) if data.metric == "cosine" else rows

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        self.rows = data.base
        squared = data.metric == "l2"
        self.offsets = (self.rows**2).sum(axis=1) / 2 if squared else np.zeros(len(self.rows), "f4")

    def _nearest(self, scores: Array) -> Array:
        if len(scores) <= self.k:
            return np.argsort(scores)
        near = np.argpartition(scores, self.k)[: self.k]
        return np.asarray(near[np.argsort(scores[near])])

    def search(self, query: Array) -> Array:
        return self._nearest(self.offsets - self.rows @ query)

    def prepare(self, filter: Filter) -> Array:
        return filter.rows

    def search_filtered(self, query: Array, prepared: Array) -> Array:
        scores = self.offsets[prepared] - self.rows[prepared] @ query
        return np.asarray(prepared[self._nearest(scores)])
