"""NGT: a neighbourhood graph with a tree for entry points."""

from __future__ import annotations

import pathlib
import shutil
import tempfile
from typing import Any

import numpy as np

from bench.dataset import Array, DataSet
from bench.method import Method, NotHereError, Parameters


class Ngt(Method):
    name = "ngt"
    package = "ngt"
    module = "ngtpy"
    metrics = frozenset({"l2", "cosine"})

    def grid(self, data: DataSet) -> list[Parameters]:
        return [{"edge_size_for_creation": 40, "edge_size_for_search": 40}]

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        return [
            {"epsilon": each}
            for each in (0.0, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.13, 0.17, 0.22, 0.3)
        ]

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        import ngtpy

        self.folder = tempfile.mkdtemp(prefix="lanner-bench-ngt-")
        path = f"{self.folder}/index"
        distance = {"l2": "L2", "cosine": "Cosine"}.get(data.metric)
        if distance is None:
            raise NotHereError(f"no metric {data.metric}")
        ngtpy.create(path, data.dim, distance_type=distance, **parameters)
        self.index = ngtpy.Index(path, log_disabled=True)
        self.index.batch_insert(data.base, num_threads=threads)

    def configure(self, k: int, **parameters: Any) -> None:
        self.k = k
        self.index.set(num_of_search_objects=k, epsilon=parameters["epsilon"])

    def search(self, query: Array) -> Array:
        return np.asarray(self.index.search(query, self.k, with_distance=False))

    def save(self, path: pathlib.Path) -> None:
        self.index.save()
        shutil.copytree(f"{self.folder}/index", path)

    def open(self, path: pathlib.Path) -> None:
        import ngtpy

        self.index = ngtpy.Index(str(path), log_disabled=True)

    def __del__(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder, ignore_errors=True)
