"""NGT: neighbourhood graphs with a tree for entry points; ANNG, and ONNG made from it."""

from __future__ import annotations

import pathlib
import shutil
import tempfile
from typing import Any

import numpy as np

from bench.dataset import Array, DataSet
from bench.method import Method, NotHereError, Parameters

DISTANCES = {"l2": "L2", "cosine": "Cosine"}


class Ngt(Method):
    """The graph as it grows with the rows."""

    name = "ngt"
    package = "ngt"
    module = "ngtpy"
    metrics = frozenset(DISTANCES)

    def grid(self, data: DataSet) -> list[Parameters]:
        return [{"edge_size_for_creation": 40, "edge_size_for_search": 40}]

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        return [
            {"epsilon": each}
            for each in (0.0, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.13, 0.17, 0.22, 0.3)
        ]

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        import ngtpy
        import threadpoolctl

        if data.metric not in DISTANCES:
            raise NotHereError(f"no metric {data.metric}")
        self.pools = threadpoolctl.ThreadpoolController()
        self.folder = tempfile.mkdtemp(prefix="lanner-bench-ngt-")
        path = f"{self.folder}/index"
        ngtpy.create(path, data.dim, distance_type=DISTANCES[data.metric], **parameters)
        self.index = ngtpy.Index(path, log_disabled=True)
        self.index.batch_insert(data.base, num_threads=threads)

    def configure(self, k: int, **parameters: Any) -> None:
        self.k = k
        self.index.set(num_of_search_objects=k, epsilon=parameters["epsilon"])

    def search(self, query: Array) -> Array:
        return np.asarray(self.index.search(query, self.k, with_distance=False))

    def search_batch(self, queries: Array, threads: int) -> Array:
        import ngtpy

        # The call takes no number of threads: OpenMP is told it.
        found = ngtpy.BatchResults()
        with self.pools.limit(limits=threads, user_api="openmp"):
            self.index.batch_search(queries, found, self.k, with_distance=False)
        return np.asarray(found.get_ids())

    def save(self, path: pathlib.Path) -> None:
        self.index.save()
        shutil.copytree(f"{self.folder}/index", path)

    def open(self, path: pathlib.Path) -> None:
        import ngtpy

        self.index = ngtpy.Index(str(path), log_disabled=True)

    def __del__(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder, ignore_errors=True)


class NgtOnng(Ngt):
    """Of a wide graph so many outgoing and incoming edges a node, short cuts left out."""

    name = "ngt-onng"

    def grid(self, data: DataSet) -> list[Parameters]:
        # Those of its documentation.
        return [
            {"edge_size_for_creation": 100, "outgoing": 10, "incoming": 120},
            {"edge_size_for_creation": 100, "outgoing": 20, "incoming": 60},
        ]

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        import ngtpy

        outgoing, incoming = parameters.pop("outgoing"), parameters.pop("incoming")
        super().build(data, threads, edge_size_for_search=40, **parameters)
        self.index.save()
        self.close()
        wide = f"{self.folder}/wide"
        shutil.move(f"{self.folder}/index", wide)
        optimizer = ngtpy.Optimizer(
            num_of_outgoings=outgoing, num_of_incomings=incoming, log_disabled=True
        )
        # Its search of parameters is left out, for the harness sweeps them; so is its choice of how
        # far to prefetch, which took ten times the rest and made searches slower.
        optimizer.set_processing_modes(
            shortcut_reduction=True,
            search_parameter_optimization=False,
            prefetch_parameter_optimization=False,
            accuracy_table_generation=False,
        )
        optimizer.execute(wide, f"{self.folder}/index")
        shutil.rmtree(wide)
        self.index = ngtpy.Index(f"{self.folder}/index", log_disabled=True)
