"""ScaNN: partitions (with SOAR where it has it), anisotropic 4-bit codes, re-ranking."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np

from bench.dataset import Array, DataSet
from bench.method import Method, Parameters, list_counts, unit


class Scann(Method):
    name = "scann"
    package = module = "scann"

    def grid(self, data: DataSet) -> list[Parameters]:
        # SOAR, which gives a row a second partition, is of inner products alone.
        lambdas = (None,) if data.metric == "l2" else (1.5, None)
        return [
            {"num_leaves": leaves, "dimensions_per_block": 2, "soar_lambda": each}
            for each in lambdas
            for leaves in list_counts(len(data.base))
        ]

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        leaves = build["num_leaves"]
        settings = []
        for share in (0.005, 0.01, 0.015, 0.02, 0.03, 0.045, 0.07, 0.1, 0.16, 0.25, 0.4):
            count = max(1, round(share * leaves))
            settings.append({"leaves": count, "reorder": 4 * k if share < 0.02 else 10 * k})
        return [each for i, each in enumerate(settings) if each not in settings[:i]]

    def convert(self, data: DataSet, rows: Array) -> Array:
        # Cosine is the inner product of unit vectors.
        return unit(rows) if data.metric == "cosine" else rows

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        import scann

        metric = "squared_l2" if data.metric == "l2" else "dot_product"
        builder = scann.scann_ops_pybind.builder(data.base, 10, metric)
        builder.set_n_training_threads(threads)
        builder.tree(
            num_leaves=parameters["num_leaves"],
            num_leaves_to_search=10,
            training_sample_size=min(len(data.base), 100_000),
            soar_lambda=parameters["soar_lambda"],
            overretrieve_factor=None if parameters["soar_lambda"] is None else 2.0,
        )
        if data.metric == "l2":
            builder.score_ah(parameters["dimensions_per_block"])
        else:
            builder.score_ah(
                parameters["dimensions_per_block"], anisotropic_quantization_threshold=0.2
            )
        self.index = builder.reorder(100).build()

    def configure(self, k: int, **parameters: Any) -> None:
        self.setting = {
            "final_num_neighbors": k,
            "pre_reorder_num_neighbors": parameters["reorder"],
            "leaves_to_search": parameters["leaves"],
        }

    def search(self, query: Array) -> Array:
        return np.asarray(self.index.search(query, **self.setting)[0])

    def search_batch(self, queries: Array, threads: int) -> Array:
        if threads == 1:
            found = self.index.search_batched(queries, **self.setting)
        else:
            self.index.set_num_threads(threads)
            found = self.index.search_batched_parallel(queries, **self.setting)
        return np.asarray(found[0])

    def save(self, path: pathlib.Path) -> None:
        path.mkdir()
        self.index.serialize(str(path))

    def open(self, path: pathlib.Path) -> None:
        import scann

        self.index = scann.scann_ops_pybind.load_searcher(str(path))
