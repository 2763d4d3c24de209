"""Embeddings of many categorical features in one memory, by hashes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanner import _core
from lanner._arguments import to_choice, to_int, to_threads
from lanner._arrays import to_array
from lanner._core import InvalidArgumentError, WrongTypeError
from lanner._learnt import UINT64_MAX
from lanner.hashing.family import to_whole, to_whole_list

_MOST = 2**40


class EmbeddingTable:
    """What the embedding tables share: `memory` is read by `gather` and added to by `scatter_add`.

    Training is the caller's: `scatter_add` of gradients, times a rate below 0, is a step of it.

    Attributes
    ----------
    memory : array of float32
        To be read, changed and replaced in place at will.
    """

    __slots__ = ("_core", "_features", "memory")

    _core: _core.EmbeddingTable
    _features: int
    memory: NDArray[np.float32]

    def _make(
        self,
        kind: str,
        features: int,
        rows: int,
        dim: int,
        *,
        lookups: int = 1,
        block: int = 1,
        concat: bool = True,
        remainders: int = 1,
        seed: int = 0,
    ) -> None:
        self._features = features
        self._core = _core.embedding_table(
            kind, features, rows, dim, lookups, block, concat, remainders, seed
        )
        shape = rows if kind == "blocks" else (rows, dim)
        self.memory = np.zeros(shape, np.float32)

    def gather(self, values: Any, *, threads: int | None = None) -> NDArray[np.float32]:
        """Return the embeddings of values.

        Parameters
        ----------
        values : array_like of int, shape (n, features); or (n,) where there is one feature
        threads : int, optional

        Returns
        -------
        array of float32, shape (n, features, width); or (n, width)
        """
        array, single = self._to_values(values)
        found = self._core.gather(self.memory, array, to_threads(threads))
        return found[:, 0] if single else found

    def scatter_add(self, values: Any, gradients: Any, *, scale: float = 1.0) -> None:
        """Add to the memory at the places of values: the transpose of `gather`.

        Places that several values share get the sum. In the order of values, on one thread: the
        same on every machine. Nothing guards `memory`: the caller keeps other threads from calling
        `scatter_add`, or `gather`, on the same memory meanwhile, or sums are lost.

        Parameters
        ----------
        values : array_like of int, shape (n, features); or (n,) where there is one feature
        gradients : array_like of float, of the shape that `gather` returns
        scale : float
            Times the gradients, such as minus a rate.
        """
        array, single = self._to_values(values)
        wanted = (len(array), *(() if single else (self._features,)), self.width)
        given = to_array(gradients, "gradients")
        if given.dtype.kind not in "iuf":
            raise WrongTypeError(f"gradients must be numbers, got {given.dtype.name}")
        if given.shape != wanted:
            raise InvalidArgumentError(
                f"gradients must have shape {wanted}, as gather returns, got {given.shape}"
            )
        scaled = np.ascontiguousarray(np.multiply(given, scale), dtype=np.float32)
        self._core.scatter_add(self.memory, array, scaled)

    def places(self, values: Any) -> NDArray[np.int64]:
        """Return where the slices of each value begin, in numbers of the flat memory.

        Parameters
        ----------
        values : array_like of int, shape (n, features); or (n,) where there is one feature

        Returns
        -------
        array of int64, shape (n, features, slices); or (n, slices)
        """
        array, single = self._to_values(values)
        found = self._core.places(array)
        return found[:, 0] if single else found

    def collisions(self, feature: int, values: Any) -> dict[str, float]:
        """Return how much of the memory a feature's values share with one another.

        Parameters
        ----------
        feature : int
            Its place, from 0 on.
        values : array_like of int, shape (n,)
            Different values count once.

        Returns
        -------
        dict
            ``values``: how many there are; ``slices``: the share of their slices at a place where
            another value of the feature has one in the same order; ``whole``: the share of values
            all of whose slices are those of another one, which nothing tells apart.
        """
        feature = to_int(feature, "feature", 0, self._features - 1)
        different = np.unique(to_whole_list(values, "values"))
        columns = np.zeros((len(different), self._features), np.int64)
        columns[:, feature] = different
        found = self._core.places(columns)[:, feature]
        if not len(different):
            return {"values": 0, "slices": 0.0, "whole": 0.0}
        shared = [
            counts[inverse.reshape(-1)] > 1
            for _, inverse, counts in (
                np.unique(column, return_inverse=True, return_counts=True) for column in found.T
            )
        ]
        _, inverse, counts = np.unique(found, axis=0, return_inverse=True, return_counts=True)
        return {
            "values": len(different),
            "slices": float(np.mean(shared)),
            "whole": float((counts[inverse.reshape(-1)] > 1).mean()),
        }

    @property
    def features(self) -> int:
        """Features that share the memory."""
        return self._features

    @property
    def width(self) -> int:
        """Numbers of an embedding."""
        return self._core.width

    def _to_values(self, values: Any) -> tuple[NDArray[np.int64], bool]:
        array = to_whole(values, "values")
        single = array.ndim == 1 and self._features == 1
        if single:
            array = array[:, np.newaxis]
        if array.ndim != 2 or array.shape[1] != self._features:
            raise InvalidArgumentError(
                f"values must have {self._features} columns, one a feature, got shape {array.shape}"
            )
        return np.ascontiguousarray(array), single


class MultiplexedEmbedding(EmbeddingTable):
    """Feature multiplexing: rows of one table for all features, each by seeds of its own.

    The embedding of a value is `lookups` rows, one behind another or added up (Coleman et al.:
    Unified Embedding: Battle-Tested Feature Representations for Web-Scale ML Systems, NeurIPS
    2023). With one feature and ``lookups=2, combine="sum"`` it is double hashing (Zhang et al.,
    RecSys 2020).

    Parameters
    ----------
    features, rows, dim : int
        Features, rows of the table, and numbers of a row.
    lookups : int
        Rows that make an embedding.
    combine : {"concat", "sum"}
    seed : int

    Examples
    --------
    >>> from lanner.hashing import MultiplexedEmbedding
    >>> table = MultiplexedEmbedding(features=3, rows=1000, dim=8, lookups=2)
    >>> table.gather([[7, 7, 7], [1, 2, 3]]).shape
    (2, 3, 16)
    """

    __slots__ = ()

    def __init__(
        self,
        features: int,
        rows: int,
        dim: int,
        *,
        lookups: int = 1,
        combine: str = "concat",
        seed: int = 0,
    ) -> None:
        self._make(
            "multiplex",
            to_int(features, "features", 1),
            to_int(rows, "rows", 1, _MOST),
            to_int(dim, "dim", 1, 65536),
            lookups=to_int(lookups, "lookups", 1, 65536),
            concat=to_choice(combine, "combine", ("concat", "sum")) == "concat",
            seed=to_int(seed, "seed", 0, UINT64_MAX),
        )


class QuotientRemainderEmbedding(EmbeddingTable):
    """Two small tables for many values: of ``v // remainders`` and of ``v % remainders``.

    No two of the values from 0 to ``quotients * remainders - 1`` share both rows (Shi et al.:
    Compositional Embeddings Using Complementary Partitions, KDD 2020); greater ones begin anew.
    `memory` holds the rows of quotients first.

    Parameters
    ----------
    quotients, remainders, dim : int
        Rows of the two tables, and numbers of a row.
    combine : {"sum", "concat"}

    Examples
    --------
    >>> from lanner.hashing import QuotientRemainderEmbedding
    >>> table = QuotientRemainderEmbedding(quotients=100, remainders=100, dim=8)
    >>> table.collisions(0, range(10_000))["whole"]
    0.0
    """

    __slots__ = ()

    def __init__(self, quotients: int, remainders: int, dim: int, *, combine: str = "sum") -> None:
        quotients = to_int(quotients, "quotients", 1)
        remainders = to_int(remainders, "remainders", 1)
        self._make(
            "quotient_remainder",
            1,
            quotients + remainders,
            to_int(dim, "dim", 1, 65536),
            lookups=2,
            concat=to_choice(combine, "combine", ("sum", "concat")) == "concat",
            remainders=remainders,
        )

    def _to_values(self, values: Any) -> tuple[NDArray[np.int64], bool]:
        array, single = super()._to_values(values)
        if array.size and array.min() < 0:
            raise InvalidArgumentError(f"values must be at least 0, got {array.min()}")
        return array, single


class BlockEmbedding(EmbeddingTable):
    """Random offset blocks: an embedding is blocks of one array of numbers, at hashed places.

    The array wraps around (Desai, Chou, Shrivastava: Random Offset Block Embedding Array, MLSys
    2022).

    Parameters
    ----------
    features, numbers, dim : int
        Features, numbers of the array, and of an embedding.
    block : int
        Numbers side by side; it must divide `dim`.
    seed : int

    Examples
    --------
    >>> from lanner.hashing import BlockEmbedding
    >>> BlockEmbedding(features=2, numbers=5000, dim=16, block=8).gather([[1, 1]]).shape
    (1, 2, 16)
    """

    __slots__ = ()

    def __init__(
        self, features: int, numbers: int, dim: int, *, block: int = 8, seed: int = 0
    ) -> None:
        dim = to_int(dim, "dim", 1, 65536)
        block = to_int(block, "block", 1, dim)
        if dim % block:
            raise InvalidArgumentError(f"block must divide dim, {dim}, got {block}")
        self._make(
            "blocks",
            to_int(features, "features", 1),
            to_int(numbers, "numbers", 1, _MOST),
            dim,
            block=block,
            seed=to_int(seed, "seed", 0, UINT64_MAX),
        )
