"""Scalable Vector Search: Vamana graphs over vectors, and over LVQ codes."""

from __future__ import annotations

import pathlib
import tempfile
from typing import Any

import numpy as np

from bench.dataset import Array, DataSet
from bench.method import EF, Method, Parameters, unit


class Svs(Method):
    name = "svs"
    package = "scalable-vs"
    module = "svs"

    def grid(self, data: DataSet) -> list[Parameters]:
        return [
            {"graph_max_degree": 32, "window_size": 200},
            {"graph_max_degree": 32, "window_size": 500},
            {"graph_max_degree": 64, "window_size": 300},
        ]

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        return [{"search_window_size": ef} for ef in EF if ef >= k]

    def convert(self, data: DataSet, rows: Array) -> Array:
        # Cosine is the inner product of unit vectors.
        return unit(rows) if data.metric == "cosine" else rows

    def loader(self, rows: Array) -> Any:
        """What the graph is built over."""
        return rows

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        import svs

        distance = svs.DistanceType.L2 if data.metric == "l2" else svs.DistanceType.MIP
        # Published guidance: above 1 for L2, below 1 for inner products.
        alpha = 1.2 if data.metric == "l2" else 0.95
        self.index = svs.Vamana.build(
            svs.VamanaBuildParameters(alpha=alpha, **parameters),
            self.loader(data.base),
            distance,
            num_threads=threads,
        )
        self.index.num_threads = 1

    def configure(self, k: int, **parameters: Any) -> None:
        self.k = k
        self.index.search_window_size = parameters["search_window_size"]
        self.index.num_threads = 1

    def search(self, query: Array) -> Array:
        return np.asarray(self.index.search(query[None], self.k)[0][0])

    def search_batch(self, queries: Array, threads: int) -> Array:
        self.index.num_threads = threads
        found = self.index.search(queries, self.k)[0]
        self.index.num_threads = 1
        return np.asarray(found)

    def save(self, path: pathlib.Path) -> None:
        path.mkdir()
        for part in ("config", "graph", "data"):
            (path / part).mkdir()
        self.index.save(*(str(path / part) for part in ("config", "graph", "data")))


class SvsLvq(Svs):
    """With codes of 4 and 8 bits; only on processors of the package's maker."""

    name = "svs-lvq4x8"

    def loader(self, rows: Array) -> Any:
        import svs

        self.folder = tempfile.TemporaryDirectory(prefix="lanner-bench-svs-")
        path = f"{self.folder.name}/rows.fvecs"
        svs.write_vecs(rows, path)
        loader = svs.VectorDataLoader(path, svs.DataType.float32, dims=rows.shape[1])
        return svs.LVQLoader(loader, primary=4, residual=8)
