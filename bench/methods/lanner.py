"""lanner, through its public interface."""

from __future__ import annotations

import inspect
import pathlib
from typing import Any

from bench.dataset import Array, DataSet
from bench.filters import Filter
from bench.method import EF, GRAPHS, Method, NotHereError, Parameters

# Of the trees of `bench.filters` that name a column, the words of a filter in the form of a dict.
COMPARISONS = {"==": ("$eq", "value"), "in": ("$in", "values"), "contains": ("$contains", "value")}


def as_dict(tree: dict[str, Any]) -> dict[str, Any]:
    """A filter as a user writes it."""
    op = tree["op"]
    if op in ("and", "or"):
        return {f"${op}": [as_dict(each) for each in tree["args"]]}
    if op == "between":
        return {tree["column"]: {"$gte": tree["low"], "$lte": tree["high"]}}
    word, operand = COMPARISONS[op]
    return {tree["column"]: {word: tree[operand]}}


class Lanner(Method):
    """The HNSW graph over the vectors themselves."""

    name = "lanner"
    package = module = "lanner"
    suites = frozenset({"plain", "filtered", "hashing"})
    metrics = frozenset({"l2", "cosine", "ip", "hamming"})
    codec: str | None = None
    index: Any

    def grid(self, data: DataSet) -> list[Parameters]:
        usual = {"M": 16, "ef_construction": 128}  # lanner's defaults
        return [{**parameters, "codec": self.codec} for parameters in (usual, *GRAPHS)]

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        return [{"ef": ef} for ef in EF if ef >= k]

    def make(self, data: DataSet, **parameters: Any) -> Any:
        """Return the empty index."""
        import lanner

        dtype = "bits" if data.metric == "hamming" else "float32"
        return lanner.Index(data.dim, data.metric, dtype, **parameters)

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        self.index = self.make(data, **parameters)
        self.index.add(data.base, threads=threads)

    def build_filtered(
        self, data: DataSet, columns: dict[str, Any], threads: int, **parameters: Any
    ) -> None:
        import lanner

        if "filter" not in inspect.signature(lanner.Index.search).parameters:
            raise NotHereError(f"no filters in this version, {lanner.__version__}")
        self.index = self.make(data, **parameters)
        self.index.add(data.base, attributes=columns, threads=threads)

    def prepare(self, filter: Filter) -> Any:
        # The dict, or the mask, goes into each search: it is read and planned within its time.
        return filter.mask if filter.tree["op"] == "rows" else as_dict(filter.tree)

    def search_filtered(self, query: Array, prepared: Any) -> Array:
        ids: Array = self.index.search(query, self.k, filter=prepared, **self.setting).ids
        return ids

    def configure(self, k: int, **parameters: Any) -> None:
        self.k = k
        self.setting = parameters

    def search(self, query: Array) -> Array:
        ids: Array = self.index.search(query, self.k, **self.setting).ids
        return ids

    def search_batch(self, queries: Array, threads: int) -> Array:
        ids: Array = self.index.search(queries, self.k, threads=threads, **self.setting).ids
        return ids

    def save(self, path: pathlib.Path) -> None:
        self.index.save(path)

    def open(self, path: pathlib.Path) -> None:
        import lanner

        self.index = lanner.open(path)


class LannerSq8(Lanner):
    """The graph over codes of 8 bits a feature, the best candidates by the vectors."""

    name = "lanner-sq8"
    suites = frozenset({"plain", "filtered"})
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
