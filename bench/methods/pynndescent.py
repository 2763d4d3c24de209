"""PyNNDescent: a neighbour graph by nearest-neighbour descent, compiled by Numba."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.dataset import Array, DataSet
from bench.method import Method, Parameters

_METRICS = {"l2": "sqeuclidean", "cosine": "cosine", "ip": "dot"}


class PyNNDescent(Method):
    name = "pynndescent"
    package = module = "pynndescent"
    metrics = frozenset({"l2", "cosine"})

    def grid(self, data: DataSet) -> list[Parameters]:
        return [{"n_neighbors": 40, "diversify_prob": 1.0, "pruning_degree_multiplier": 1.5}]

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        return [{"epsilon": each} for each in (0.0, 0.02, 0.05, 0.08, 0.12, 0.16, 0.2, 0.26, 0.34)]

    def rehearse(self, data: DataSet) -> None:
        few = DataSet("few", data.metric, data.base[:2000], data.queries[:10])
        self.build(few, 2, **self.grid(few)[0])
        self.configure(10, epsilon=0.1)
        self.search(few.queries[0])

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        from pynndescent import NNDescent

        self.index = NNDescent(
            data.base, metric=_METRICS[data.metric], n_jobs=threads, random_state=1, **parameters
        )
        self.index.prepare()

    def configure(self, k: int, **parameters: Any) -> None:
        self.k, self.epsilon = k, parameters["epsilon"]

    def search(self, query: Array) -> Array:
        return np.asarray(self.index.query(query[None], self.k, epsilon=self.epsilon)[0][0])
