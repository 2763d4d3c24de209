"""What is measured of a library: one subclass of `Method` in a file of `bench.methods`.

A method is made anew in a process of its own, built once, and asked with one setting after another.
Its answers are row numbers of the data, nearest first; -1 where it found none.
"""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bench import machine
from bench.dataset import Array, DataSet

if TYPE_CHECKING:
    from bench.filters import Filter

Parameters = dict[str, Any]


class NotHereError(Exception):
    """The method cannot do this: a metric, a size, a machine."""


class Method:
    """A library, or one index type of a library. What is not overridden it cannot do."""

    name: ClassVar[str]
    # The distribution to install, whose version goes into the record.
    package: ClassVar[str]
    # Of "plain", "exact", "filtered", "hashing": what the method takes part in.
    suites: ClassVar[frozenset[str]] = frozenset({"plain"})
    metrics: ClassVar[frozenset[str]] = frozenset({"l2", "cosine", "ip"})
    # Answers are exact by construction: no sweep, and its recall is that of a perfect one.
    exact: ClassVar[bool] = False
    # The module to import before memory is first read, so that code is not counted as index.
    module: ClassVar[str]

    def grid(self, data: DataSet) -> list[Parameters]:
        """Build parameters to try, the usual ones first."""
        return [{}]

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        """Search parameters to try, from fast to accurate."""
        return [{}]

    def rehearse(self, data: DataSet) -> None:
        """Do once, on little data, what the library compiles at its first use; not timed."""

    def convert(self, data: DataSet, rows: Array) -> Array:
        """Bring rows, base or queries, into the form that the library takes; not timed."""
        return rows

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        """Index the base vectors, as `convert` made them."""
        raise NotImplementedError

    def build_filtered(
        self, data: DataSet, columns: dict[str, Any], threads: int, **parameters: Any
    ) -> None:
        """Index for filtered searches; the columns are for a library that filters by itself."""
        self.build(data, threads, **parameters)

    def configure(self, k: int, **parameters: Any) -> None:
        """Take a setting; searches that follow use it, one thread."""
        self.k = k

    def search(self, query: Array) -> Array:
        """Ids of one query's hits: the way a user of the library asks one question."""
        raise NotImplementedError

    # Ids of many queries' hits with so many threads; None where the library has no such call.
    search_batch: Any = None

    def save(self, path: pathlib.Path) -> None:
        """Write the index to a file or folder at `path`, which does not exist yet."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the index, before another is opened in its place."""
        if hasattr(self, "index"):
            del self.index
        machine.release_memory()

    def open(self, path: pathlib.Path) -> None:
        """Replace the index by the saved one, ready to search."""
        raise NotImplementedError

    def counters(self) -> dict[str, float]:
        """Work since the last call, of those that the library counts: ``distances``, ``hops``."""
        return {}

    # Filters: `prepare` is not timed, unless the method says so in `times_prepare`.
    times_prepare: ClassVar[bool] = False

    def prepare(self, filter: Filter) -> Any:
        """Bring a filter into the form that the library takes."""
        raise NotImplementedError

    def search_filtered(self, query: Array, prepared: Any) -> Array:
        """Ids of one query's hits among the rows that the filter admits."""
        raise NotImplementedError


def unit(rows: Array) -> Array:
    """Rows scaled to length one, for libraries whose cosine is an inner product."""
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.where(norms > 0, norms, 1), dtype=np.float32)


def padded(ids: Array, k: int) -> Array:
    """Ids of any integer type as int64, brought to the length k."""
    out = np.full(k, -1, np.int64)
    out[: len(ids)] = ids[:k]
    return out


# Shared by the graphs, so that none is tried harder than another.
EF = (10, 14, 20, 28, 40, 56, 80, 100, 112, 160, 224, 320, 448, 640, 1000, 2000)
GRAPHS: tuple[Parameters, ...] = (
    {"M": 16, "ef_construction": 200},
    {"M": 16, "ef_construction": 500},
    {"M": 24, "ef_construction": 300},
)


def list_counts(rows: int) -> tuple[int, ...]:
    """Numbers of lists of an inverted file: 4, 2 and 1 times the square root of the rows."""
    return tuple(max(1, round(factor * rows**0.5)) for factor in (4, 2, 1))
