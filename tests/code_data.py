"""Codes of bits, and what searches over them must find, for the tests of hashing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ONES = np.array([value.bit_count() for value in range(256)], np.uint8)


def hamming(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> NDArray[np.int64]:
    return np.array([_ONES[row ^ right].sum(axis=1, dtype=np.int64) for row in left]).reshape(
        len(left), len(right)
    )


def signs_of(codes: NDArray[np.uint8]) -> NDArray[np.float64]:
    return 2.0 * np.unpackbits(codes, axis=-1, bitorder="little") - 1


def drawn(rows: int, width: int, seed: int = 0, *, flips: float | None = None):
    """Random codes, or copies of a few with bits flipped here and there."""
    rng = np.random.default_rng(seed)
    if flips is None:
        return rng.integers(0, 256, (rows, width), dtype=np.uint8)
    few = rng.integers(0, 2, (max(rows // 50, 2), 8 * width))
    chosen = few[rng.integers(0, len(few), rows)]
    return np.packbits(chosen ^ (rng.random(chosen.shape) < flips), axis=1, bitorder="little")


def check_nearest(hits, distances: NDArray, k: int) -> None:
    found = min(k, distances.shape[1])
    order = np.argsort(distances, axis=1, kind="stable")[:, :found]
    assert (hits.counts == found).all()
    assert (hits.ids[:, :found] == order).all()
    assert (hits.distances[:, :found] == np.take_along_axis(distances, order, axis=1)).all()
    assert (hits.ids[:, found:] == -1).all()
    assert np.isinf(hits.distances[:, found:]).all()


def check_within(hits, distances: NDArray, radius: int) -> None:
    for query, row in enumerate(distances):
        order = np.argsort(row, kind="stable")
        order = order[row[order] <= radius]
        assert (hits[query].ids == order).all()
        assert (hits[query].distances == row[order]).all()
