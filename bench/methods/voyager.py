"""Voyager, the successor of Annoy at its maker: HNSW."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np

from bench.dataset import Array, DataSet
from bench.method import EF, GRAPHS, Method, Parameters


class Voyager(Method):
    name = "voyager"
    package = module = "voyager"

    def grid(self, data: DataSet) -> list[Parameters]:
        return list(GRAPHS)

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        return [{"query_ef": ef} for ef in EF if ef >= k]

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        import voyager

        space = {
            "l2": voyager.Space.Euclidean,
            "cosine": voyager.Space.Cosine,
            "ip": voyager.Space.InnerProduct,
        }[data.metric]
        self.index = voyager.Index(space, data.dim, max_elements=len(data.base), **parameters)
        self.index.add_items(data.base, num_threads=threads)

    def configure(self, k: int, **parameters: Any) -> None:
        self.k, self.ef = k, parameters["query_ef"]

    def search(self, query: Array) -> Array:
        return np.asarray(self.index.query(query, self.k, query_ef=self.ef)[0])

    def search_batch(self, queries: Array, threads: int) -> Array:
        found = self.index.query(queries, self.k, num_threads=threads, query_ef=self.ef)[0]
        return np.asarray(found)

    def save(self, path: pathlib.Path) -> None:
        self.index.save(str(path))

    def open(self, path: pathlib.Path) -> None:
        import voyager

        self.index = voyager.Index.load(str(path))
