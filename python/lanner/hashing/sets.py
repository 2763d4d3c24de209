"""Families over sets of tokens or integers, plain or weighted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanner import _core
from lanner._arrays import to_array
from lanner._core import InvalidArgumentError, WrongTypeError
from lanner.hashing.family import HashFamily, to_whole_list


def _listed(value: Any, name: str) -> list[Any]:
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise WrongTypeError(f"{name} must be a sequence of sets, got {type(value).__name__}")
    return list(value)


def to_sets(sets: Any, offsets: Any, name: str) -> tuple[Any, bool]:
    """Return sets as the core takes them, and whether it is one alone."""
    if offsets is not None:
        numbers = _core.integer_items(to_whole_list(sets, name))
        return (to_whole_list(offsets, "offsets"), numbers), False
    single = isinstance(sets, (set, frozenset))
    return _core.sets_of([sets] if single else _listed(sets, name), False), single


class MinHash(HashFamily, kind="minhash"):
    """Items of least random rank: for sets, and their Jaccard similarity.

    Number i of two sets is the same with probability ``J = |A & B| / |A | B|`` (Broder 1997), and
    bits of their codes with ``(1 + J) / 2``. Empty sets are equal to one another.

    Parameters
    ----------
    bits : int
        A multiple of 8 from 8 to 65,536.
    seed : int

    Examples
    --------
    >>> from lanner.hashing import MinHash
    >>> minhash = MinHash(bits=256)
    >>> a, b = minhash.symbols([{"to", "be", "or", "not"}, {"not", "to", "be"}])
    >>> bool(0.6 < (a == b).mean() < 0.9)  # 3 / 4
    True
    """

    __slots__ = ()

    def __init__(self, bits: int, *, seed: int = 0) -> None:
        self._make("minhash", bits, seed)

    def encode(
        self, sets: Any, *, offsets: Any = None, threads: int | None = None
    ) -> NDArray[np.uint8]:
        """Return the codes of sets.

        Parameters
        ----------
        sets : sequence of collections of str, bytes or int, or a set; or array of int, shape (m,)
            With `offsets`, an array: the items of all sets, one set behind another.
        offsets : array_like of int, shape (n + 1,), optional
            The items of set i are ``sets[offsets[i]:offsets[i + 1]]``.
        threads : int, optional
            Changes speed, never codes.

        Returns
        -------
        array of uint8, shape (n, bits / 8), or (bits / 8,) for one set
            Items that stand in a collection several times count once.
        """
        return self._made("encode", (sets, offsets), "sets", threads)

    def symbols(
        self, sets: Any, *, offsets: Any = None, threads: int | None = None
    ) -> NDArray[np.uint32]:
        """Return the numbers themselves; parameters as those of `encode`.

        Returns
        -------
        array of uint32, shape (n, bits), or (bits,) for one set
        """
        return self._made("symbols", (sets, offsets), "sets", threads)

    def _rows(self, items: Any, name: str) -> tuple[Any, bool]:
        sets, offsets = items
        return to_sets(sets, offsets, name)

    def __repr__(self) -> str:
        return f"MinHash(bits={self.bits})"


class SimHash(HashFamily, kind="simhash"):
    """Signs of sums of weighted features: for sparse vectors, and their cosine.

    Value i is the sum of the weights, each with a random sign of its feature's own. Bits differ
    with probability ``angle / pi`` of the weights as vectors, in the limit of many features
    (Charikar, STOC 2002; Manku, Jain, Das Sarma: Detecting Near-Duplicates for Web Crawling, WWW
    2007).

    Parameters
    ----------
    bits : int
        A multiple of 8 from 8 to 65,536.
    seed : int

    Examples
    --------
    >>> from lanner.hashing import SimHash
    >>> SimHash(bits=64).encode([{"tea": 2.0, "milk": 0.5}, {"coffee": 1}]).shape
    (2, 8)
    """

    __slots__ = ()

    def __init__(self, bits: int, *, seed: int = 0) -> None:
        self._make("simhash", bits, seed)

    def encode(
        self,
        features: Any,
        *,
        offsets: Any = None,
        weights: Any = None,
        threads: int | None = None,
    ) -> NDArray[np.uint8]:
        """Return the codes of weighted features.

        Parameters
        ----------
        features : sequence of dict, or a dict; or array of int, shape (m,)
            Weights by feature: str, bytes or int. With `offsets`, the features of all items.
        offsets : array_like of int, shape (n + 1,), optional
            The features of item i are ``features[offsets[i]:offsets[i + 1]]``.
        weights : array_like of float, shape (m,), optional
            With `offsets`, a weight each; 1 where not given.
        threads : int, optional
            Changes speed, never codes.

        Returns
        -------
        array of uint8, shape (n, bits / 8), or (bits / 8,) for one dict
        """
        return self._made("encode", (features, offsets, weights), "features", threads)

    def values(
        self,
        features: Any,
        *,
        offsets: Any = None,
        weights: Any = None,
        threads: int | None = None,
    ) -> NDArray[np.float32]:
        """Return the sums of which `encode` keeps the signs; parameters as those of `encode`.

        Returns
        -------
        array of float32, shape (n, bits), or (bits,) for one dict
        """
        return self._made("values", (features, offsets, weights), "features", threads)

    def _rows(self, items: Any, name: str) -> tuple[Any, bool]:
        features, offsets, weights = items
        if offsets is None:
            if weights is not None:
                raise InvalidArgumentError(
                    "weights go with offsets; without offsets features are dicts of weights"
                )
            single = isinstance(features, dict)
            return _core.sets_of([features] if single else _listed(features, name), True), single
        numbers = _core.integer_items(to_whole_list(features, name))
        given = np.ones(len(numbers)) if weights is None else to_array(weights, "weights")
        if given.ndim != 1 or given.dtype.kind not in "iuf":
            raise WrongTypeError(
                f"weights must be numbers along one axis, got {given.dtype.name} of {given.shape}"
            )
        starts = to_whole_list(offsets, "offsets")
        return (starts, numbers, np.ascontiguousarray(given, dtype=np.float64)), False

    def __repr__(self) -> str:
        return f"SimHash(bits={self.bits})"
