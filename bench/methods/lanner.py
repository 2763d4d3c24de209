"""lanner, through its public interface."""

from __future__ import annotations

import pathlib
from typing import Any

from bench.dataset import Array, DataSet
from bench.method import EF, GRAPHS, Method, Parameters


class Lanner(Method):
    """The HNSW graph over the vectors themselves."""

    name = "lanner"
    package = module = "lanner"
    suites = frozenset({"plain", "hashing"})
    metrics = frozenset({"l2", "cosine", "ip", "hamming"})
    codec: str | None = None

    def grid(self, data: DataSet) -> list[Parameters]:
        return [{**parameters, "codec": self.codec} for parameters in GRAPHS]

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        return [{"ef": ef} for ef in EF if ef >= k]

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        import lanner

        dtype = "bits" if data.metric == "hamming" else "float32"
        self.index = lanner.Index(data.dim, data.metric, dtype, **parameters)
        self.index.add(data.base, threads=threads)

    def configure(self, k: int, **parameters: Any) -> None:
        self.k = k
        self.setting = parameters

    def search(self, query: Array) -> Array:
        return self.index.search(query, self.k, **self.setting).ids

    def search_batch(self, queries: Array, threads: int) -> Array:
        return self.index.search(queries, self.k, threads=threads, **self.setting).ids

    def save(self, path: pathlib.Path) -> None:
        self.index.save(path)

    def open(self, path: pathlib.Path) -> None:
        import lanner

        self.index = lanner.open(path)


class LannerSq8(Lanner):
    """The graph over codes of 8 bits a feature, the best candidates by the vectors."""

    name = "lanner-sq8"
    suites = frozenset({"plain"})
    metrics = frozenset({"l2", "cosine", "ip"})
    codec = "SQ8"


class LannerSq4(LannerSq8):
    """The same with 4 bits."""

    name = "lanner-sq4"
    codec = "SQ4"


class LannerExact(Lanner):
    """Every row compared."""

    name = "lanner-exact"
    suites = frozenset({"exact", "hashing"})
    exact = True

    def grid(self, data: DataSet) -> list[Parameters]:
        return [{"graph": None}]

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        return [{}]
