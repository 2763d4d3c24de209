"""What is searched: vectors, queries, exact answers, and attributes to filter by."""

from __future__ import annotations

import abc
import dataclasses
import functools
import hashlib
import os
import pathlib
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Ids = NDArray[np.int64]

# Nearest rows known of each query, where there are as many.
DEPTH = 100
# Those of packed bits; the others are of float32.
BIT_METRICS = frozenset({"hamming"})
_BITS = np.array([value.bit_count() for value in range(256)], np.uint8)


@dataclasses.dataclass(frozen=True)
class FilterSpec:
    """One filtered query: rows of ``query`` that satisfy ``tree``; see `bench.filters`."""

    kind: str
    query: int
    tree: dict[str, Any]


@dataclasses.dataclass
class DataSet:
    """Vectors and queries, rows of float32 (or of packed bits, metric ``hamming``)."""

    name: str
    metric: str
    base: Array
    queries: Array
    # Distances of each query's nearest rows, ascending, shape (queries, up to DEPTH); worked out
    # when not given.
    truth: NDArray[np.float32] | None = None
    # Reads the columns, by name: arrays or lists of the length of base, Nones for nulls.
    read_attributes: Callable[[], dict[str, Any]] = dict
    filters: list[FilterSpec] = dataclasses.field(default_factory=list)

    @property
    def dim(self) -> int:
        """Features of a row."""
        return int(self.base.shape[1]) * (8 if self.metric == "hamming" else 1)

    @property
    def bytes(self) -> int:
        """Of the raw vectors."""
        return int(self.base.nbytes)

    @functools.cached_property
    def norms(self) -> NDArray[np.float32]:
        """Lengths of the base rows; inf for those of length zero."""
        norms = np.sqrt(np.einsum("ij,ij->i", self.base, self.base, dtype=np.float64))
        return np.asarray(np.where(norms == 0, np.inf, norms), np.float32)

    @functools.cached_property
    def mean(self) -> NDArray[np.float32]:
        """Of the base rows."""
        return np.asarray(self.base.mean(axis=0, dtype=np.float64), np.float32)

    @functools.cached_property
    def centred(self) -> NDArray[np.float32]:
        """Base rows less their mean."""
        return np.asarray(self.base - self.mean)

    @functools.cached_property
    def centred_squares(self) -> NDArray[np.float32]:
        """Squared lengths of those."""
        squares = np.einsum("ij,ij->i", self.centred, self.centred, dtype=np.float64)
        return np.asarray(squares, np.float32)

    def forget(self) -> None:
        """Drop what was worked out from the base rows: it is as large as they are."""
        for name in ("norms", "centred", "centred_squares"):
            self.__dict__.pop(name, None)

    def describe(self) -> dict[str, Any]:
        """What a record says of it."""
        return {
            "name": self.name,
            "rows": len(self.base),
            "queries": len(self.queries),
            "dim": self.dim,
            "metric": self.metric,
            "bytes": self.bytes,
            "fingerprint": self.fingerprint(),
        }

    def distances(self, queries: Array, rows: Array) -> NDArray[np.float64]:
        """Distances in float64 between rows of equal leading shape."""
        if self.metric == "hamming":
            return np.asarray(_BITS[queries ^ rows].sum(axis=-1, dtype=np.float64))
        left, right = queries.astype(np.float64), rows.astype(np.float64)
        if self.metric == "l2":
            return np.asarray(((left - right) ** 2).sum(axis=-1))
        products = (left * right).sum(axis=-1)
        if self.metric == "ip":
            return np.asarray(-products)
        norms = np.linalg.norm(left, axis=-1) * np.linalg.norm(right, axis=-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(norms > 0, 1.0 - products / norms, 1.0))

    def with_truth(self, cache: pathlib.Path | None = None) -> DataSet:
        """Work out the exact answers that are not known so deep; kept in the folder `cache`."""
        if self.truth is not None and self.truth.shape[1] >= min(DEPTH, len(self.base)):
            return self
        path = cache / f"{self.fingerprint()}.truth2.npy" if cache else None
        if path is not None and path.exists():
            self.truth = np.load(path)
            return self
        self.truth = exact_distances(self)
        self.forget()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f"{path.stem}.{os.getpid()}.npy")
            np.save(beside, self.truth)
            beside.replace(path)
        return self

    @functools.cached_property
    def _fingerprint(self) -> str:
        state = hashlib.sha256(f"{self.metric} {self.base.shape} {self.base.dtype}".encode())
        for part in (self.base, self.queries):
            state.update(np.ascontiguousarray(part).view(np.uint8).data)
        return state.hexdigest()[:32]

    def fingerprint(self) -> str:
        """Of the vectors, the queries and the metric."""
        return self._fingerprint


class DataSource(abc.ABC):
    """A data set by name. One subclass in a file of `bench.sets`; see `bench.sets.find`."""

    name: ClassVar[str]
    # One line for `python -m bench list`.
    about: ClassVar[str]

    @abc.abstractmethod
    def load(self) -> DataSet:
        """Read or make it."""

    def present(self) -> bool:
        """Whether it can be loaded here."""
        return True


class FileSource(abc.ABC):
    """Data sets by path. One subclass a format, in a file of `bench.sets`."""

    suffixes: ClassVar[tuple[str, ...]]

    @abc.abstractmethod
    def load(self, path: pathlib.Path) -> DataSet:
        """Read it."""


def rough_distances(data: DataSet, queries: Array) -> Array:
    """Of every row to each query, in float32, up to a constant of the query."""
    if data.metric == "hamming":
        return np.asarray(
            _BITS[queries[:, None, :] ^ data.base[None]].sum(axis=2, dtype=np.float32)
        )
    if data.metric != "l2":
        products = queries @ data.base.T
        return np.asarray(-products if data.metric == "ip" else -products / data.norms)
    # About the mean: far from zero, squares and products are long and nearly cancel.
    products = (queries - data.mean) @ data.centred.T
    return np.asarray(data.centred_squares - 2 * products)


def nearest(
    data: DataSet, queries: Array, rough: Array, depth: int
) -> tuple[Ids, NDArray[np.float64]]:
    """Ids and distances of the nearest rows, chosen by rough distances and settled in float64.

    Rows whose rough distance is inf are left out; a query with fewer than `depth` others gets -1
    and inf.
    """
    depth = min(depth, rough.shape[1])
    spare = min(rough.shape[1], depth + 50)
    near = np.argpartition(rough, spare - 1, axis=1)[:, :spare]
    near.sort(axis=1)
    exact = data.distances(queries[:, None], data.base[near])
    exact[np.isinf(np.take_along_axis(rough, near, axis=1))] = np.inf
    order = np.argsort(exact, axis=1, kind="stable")[:, :depth]
    ids = np.take_along_axis(near, order, axis=1)
    distances = np.take_along_axis(exact, order, axis=1)
    return np.where(np.isinf(distances), -1, ids), distances


def exact_distances(data: DataSet, depth: int = DEPTH) -> NDArray[np.float32]:
    """Distances of the nearest rows of all queries, ascending."""
    step = 8 if data.metric == "hamming" else 256
    parts = [data.queries[first : first + step] for first in range(0, len(data.queries), step)]
    found = [nearest(data, part, rough_distances(data, part), depth)[1] for part in parts]
    return np.concatenate(found).astype(np.float32)
