"""Methods that behave in ways that a harness must survive; see `test_runner.py`."""

from __future__ import annotations

import os
import pathlib
import time
from typing import Any

import numpy as np

from bench.dataset import Array, DataSet
from bench.filters import Filter
from bench.method import Method, NotHereError, Parameters


class Perfect(Method):
    name = "fake-perfect"
    package = module = "numpy"
    suites = frozenset({"plain", "filtered"})

    def grid(self, data: DataSet) -> list[Parameters]:
        return [{"size": 1}, {"size": 2}]

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        return [{"share": 0.5}, {"share": 1.0}]

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        self.data = data

    def configure(self, k: int, **parameters: Any) -> None:
        self.k, self.share = k, parameters["share"]

    def search(self, query: Array) -> Array:
        return self.search_filtered(query, np.arange(len(self.data.base)))

    def prepare(self, filter: Filter) -> Array:
        return filter.rows

    def search_filtered(self, query: Array, prepared: Array) -> Array:
        distances = self.data.distances(query[None], self.data.base[prepared])
        keep = max(1, round(self.k * self.share))
        return np.asarray(prepared[np.argsort(distances, kind="stable")[:keep]])

    def save(self, path: pathlib.Path) -> None:
        path.write_bytes(b"1234")


class Liar(Perfect):
    """Answers with rows that the filter does not admit."""

    name = "fake-liar"

    def prepare(self, filter: Filter) -> Array:
        return np.flatnonzero(~filter.mask)


class Killed(Perfect):
    """Dies in the middle of the second setting."""

    name = "fake-killed"

    def configure(self, k: int, **parameters: Any) -> None:
        super().configure(k, **parameters)
        if parameters["share"] == 1.0:
            os.abort()


class Quitter(Perfect):
    """Ends the process as if all were well."""

    name = "fake-quitter"

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        print("not on this machine", flush=True)
        os._exit(0)


class Hanging(Perfect):
    name = "fake-hanging"

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        time.sleep(600)


class Raising(Perfect):
    name = "fake-raising"

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        raise RuntimeError("no <such> thing")


class Unable(Perfect):
    name = "fake-unable"

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        raise NotHereError("rows are too few")


class Missing(Perfect):
    name = "fake-missing"
    package = module = "no_such_package"
