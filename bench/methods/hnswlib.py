"""hnswlib, as its documentation uses it."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np

from bench.dataset import Array, DataSet
from bench.filters import Filter
from bench.method import EF, GRAPHS, Method, Parameters


class HnswlibExact(Method):
    """Its brute force."""

    name = "hnswlib-exact"
    package = module = "hnswlib"
    suites = frozenset({"exact"})
    exact = True

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        import hnswlib

        self.index = hnswlib.BFIndex(space=data.metric, dim=data.dim)
        self.index.init_index(len(data.base))
        self.index.add_items(data.base)

    def search(self, query: Array) -> Array:
        return np.asarray(self.index.knn_query(query, self.k, num_threads=1)[0][0])

    def search_batch(self, queries: Array, threads: int) -> Array:
        return np.asarray(self.index.knn_query(queries, self.k, num_threads=threads)[0])


class Hnswlib(Method):
    """The HNSW graph of the paper's authors."""

    name = "hnswlib"
    package = module = "hnswlib"
    suites = frozenset({"plain", "filtered"})

    def grid(self, data: DataSet) -> list[Parameters]:
        return list(GRAPHS)

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        return [{"ef": ef} for ef in EF if ef >= k]

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        import hnswlib

        self.space, self.dim = data.metric, data.dim
        self.index = hnswlib.Index(space=self.space, dim=self.dim)
        self.index.init_index(len(data.base), **parameters)
        self.index.set_num_threads(threads)
        self.index.add_items(data.base)
        self.index.set_num_threads(1)

    def configure(self, k: int, **parameters: Any) -> None:
        self.k = k
        self.index.set_ef(parameters["ef"])
        self.index.set_num_threads(1)

    def search(self, query: Array) -> Array:
        return np.asarray(self.index.knn_query(query, self.k)[0][0])

    def search_batch(self, queries: Array, threads: int) -> Array:
        return np.asarray(self.index.knn_query(queries, self.k, num_threads=threads)[0])

    def save(self, path: pathlib.Path) -> None:
        self.index.save_index(str(path))

    def open(self, path: pathlib.Path) -> None:
        import hnswlib

        self.index = hnswlib.Index(space=self.space, dim=self.dim)
        self.index.load_index(str(path))

    def prepare(self, filter: Filter) -> Any:
        # It finds as many as asked for or none, and whoever has the mask can count.
        return filter.mask.tolist().__getitem__, min(self.k, int(filter.mask.sum()))

    def search_filtered(self, query: Array, prepared: Any) -> Array:
        admits, count = prepared
        try:
            ids = self.index.knn_query(query, count, filter=admits, num_threads=1)[0][0]
        except RuntimeError:  # fewer than k were found, and it gives none of them
            return np.empty(0, np.int64)
        return np.asarray(ids)
