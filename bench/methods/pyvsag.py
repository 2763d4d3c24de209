"""VSAG's HGraph over scalar codes; its Python package has no batch call and no filter."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np

from bench.dataset import Array, DataSet
from bench.method import EF, Method, Parameters


class Vsag(Method):
    name = "vsag"
    package = module = "pyvsag"

    def grid(self, data: DataSet) -> list[Parameters]:
        return [
            {"base_quantization_type": code, "max_degree": 32, "ef_construction": 200}
            for code in ("sq8", "sq4_uniform", "fp32")
        ]

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        return [{"ef_search": ef} for ef in EF if ef >= k]

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        import pyvsag

        pyvsag.set_logger_off()
        if parameters["base_quantization_type"] != "fp32":
            parameters |= {"use_reorder": True, "precise_quantization_type": "fp32"}
        self.description = json.dumps(
            {
                "dtype": "float32",
                "metric_type": data.metric,
                "dim": data.dim,
                "index_param": {**parameters, "build_thread_count": threads},
            }
        )
        self.index = pyvsag.Index("hgraph", self.description)
        ids = np.arange(len(data.base), dtype=np.int64)
        self.index.build(data.base.ravel(), ids, len(data.base), data.dim)

    def configure(self, k: int, **parameters: Any) -> None:
        self.k = k
        self.setting = json.dumps({"hgraph": parameters})

    def search(self, query: Array) -> Array:
        return np.asarray(self.index.knn_search(query, self.k, self.setting)[0])

    def save(self, path: pathlib.Path) -> None:
        self.index.save(str(path))

    def open(self, path: pathlib.Path) -> None:
        import pyvsag

        self.index = pyvsag.Index("hgraph", self.description)
        self.index.load(str(path))
