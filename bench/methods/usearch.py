"""USearch: HNSW over several number types."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np

from bench.dataset import Array, DataSet
from bench.method import EF, Method, Parameters

METRICS = {"l2": "l2sq", "cosine": "cos", "ip": "ip", "hamming": "hamming"}


class USearch(Method):
    name = "usearch"
    package = "usearch"
    module = "usearch.index"
    suites = frozenset({"plain", "hashing"})
    metrics = frozenset({"l2", "cosine", "ip", "hamming"})

    def grid(self, data: DataSet) -> list[Parameters]:
        if data.metric == "hamming":
            return [{"dtype": "b1", "connectivity": 16, "expansion_add": 200}]
        return [
            {"dtype": dtype, "connectivity": 16, "expansion_add": 200} for dtype in ("bf16", "f32")
        ]

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        return [{"expansion_search": ef} for ef in EF if ef >= k]

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        from usearch.index import Index

        self.index = Index(ndim=data.dim, metric=METRICS[data.metric], **parameters)
        self.index.add(np.arange(len(data.base)), data.base, threads=threads)

    def configure(self, k: int, **parameters: Any) -> None:
        self.k = k
        self.index.expansion_search = parameters["expansion_search"]

    def search(self, query: Array) -> Array:
        return np.asarray(self.index.search(query, self.k, threads=1).keys)

    def search_batch(self, queries: Array, threads: int) -> Array:
        return np.asarray(self.index.search(queries, self.k, threads=threads).keys)

    def save(self, path: pathlib.Path) -> None:
        self.index.save(str(path))

    def open(self, path: pathlib.Path) -> None:
        from usearch.index import Index

        self.index = Index.restore(str(path))


class USearchExact(Method):
    """Its exact search over an array, without an index."""

    name = "usearch-exact"
    package = "usearch"
    module = "usearch.index"
    suites = frozenset({"exact"})
    exact = True

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        self.rows, self.metric = data.base, METRICS[data.metric]

    def search(self, query: Array) -> Array:
        return np.asarray(self.search_batch(query[None], 1)[0])

    def search_batch(self, queries: Array, threads: int) -> Array:
        from usearch.index import search

        found = search(self.rows, queries, self.k, self.metric, exact=True, threads=threads)
        return np.asarray(found.keys).reshape(len(queries), -1)
