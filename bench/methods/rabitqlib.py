"""rabitqlib: SymphonyQG, a graph whose nodes hold packed codes of their neighbours."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np

from bench.dataset import Array, DataSet
from bench.method import EF, Method, Parameters, unit


class SymphonyQG(Method):
    name = "symphonyqg"
    package = module = "rabitqlib"
    metrics = frozenset({"l2", "cosine"})

    def grid(self, data: DataSet) -> list[Parameters]:
        return [
            {"max_degree": 32, "ef_construction": 200},
            {"max_degree": 32, "ef_construction": 500},
            {"max_degree": 64, "ef_construction": 400},
        ]

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        return [{"ef": ef} for ef in EF if ef >= k]

    def convert(self, data: DataSet, rows: Array) -> Array:
        # Between unit vectors squared L2 ranks as cosine does.
        return unit(rows) if data.metric == "cosine" else rows

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        import rabitqlib

        self.index = rabitqlib.SymqgIndex(data.dim, parameters["max_degree"], metric="l2")
        self.index.build(data.base, parameters["ef_construction"], num_threads=threads)

    def configure(self, k: int, **parameters: Any) -> None:
        self.k, self.ef = k, parameters["ef"]

    def search(self, query: Array) -> Array:
        found = self.index.search(query[None], self.k, self.ef, num_threads=1)
        return np.asarray(found[0][0])

    def search_batch(self, queries: Array, threads: int) -> Array:
        found = self.index.search(queries, self.k, self.ef, num_threads=threads)
        return np.asarray(found[0])

    def save(self, path: pathlib.Path) -> None:
        self.index.save(str(path))

    def open(self, path: pathlib.Path) -> None:
        import rabitqlib

        self.index = rabitqlib.SymqgIndex.load(str(path))
