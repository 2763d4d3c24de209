"""What a user writes without a library: NumPy over all rows, or over the matching ones."""

from __future__ import annotations

import concurrent.futures
from typing import Any

import numpy as np

from bench.dataset import Array, DataSet
from bench.filters import Filter
from bench.method import Method, unit

BLOCK = 16


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

    def search_batch(self, queries: Array, threads: int) -> Array:
        # Products of this many queries are held at a time, so that they stay near the processor.
        parts = [queries[first : first + BLOCK] for first in range(0, len(queries), BLOCK)]
        # NumPy's own threads are set once a process: these are Python's, which it lets run.
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            return np.concatenate(list(pool.map(self._block, parts)))

    def _block(self, queries: Array) -> Array:
        scores = self.offsets - queries @ self.rows.T
        last = min(self.k, len(self.rows)) - 1
        near = np.argpartition(scores, last, axis=1)[:, : last + 1]
        order = np.argsort(np.take_along_axis(scores, near, axis=1), axis=1)
        return np.asarray(np.take_along_axis(near, order, axis=1))

    def prepare(self, filter: Filter) -> Array:
        return filter.rows

    def search_filtered(self, query: Array, prepared: Array) -> Array:
        scores = self.offsets[prepared] - self.rows[prepared] @ query
        return np.asarray(prepared[self._nearest(scores)])
