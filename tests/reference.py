"""Distances and nearest neighbours by brute force in float64: what every answer is held against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

FLOAT_METRICS = ("l2", "cosine", "ip", "snr", "snr_item")
BITS_METRICS = ("hamming", "jaccard")
FLOAT_DTYPES = ("float32", "float16", "bfloat16")
INTEGER_DTYPES = ("int8", "uint8")
SPACES = [
    *((metric, dtype) for dtype in FLOAT_DTYPES + INTEGER_DTYPES for metric in FLOAT_METRICS),
    *((metric, "bits") for metric in BITS_METRICS),
]


def random_vectors(
    rng: np.random.Generator, metric: str, dtype: str, count: int, dim: int
) -> np.ndarray:
    """Return random vectors that `dtype` holds exactly; bits come as bool."""
    if dtype == "bits":
        return rng.random((count, dim)) < 0.4
    if dtype == "int8":
        return rng.integers(-128, 128, (count, dim)).astype(np.int8)
    if dtype == "uint8":
        return rng.integers(0, 256, (count, dim)).astype(np.uint8)
    rows = rng.standard_normal((count, dim)).astype(np.float32)
    if dtype == "float16":
        return rows.astype(np.float16)
    if dtype == "bfloat16":
        return (rows.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
    return rows


def distances(queries: Any, rows: Any, metric: str) -> np.ndarray:
    """Return the (q, n) distances; vectors of bits are given as bool."""
    q = np.asarray(queries).astype(np.float64)
    x = np.asarray(rows).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        if metric == "l2":
            return _squares(q, x)
        if metric == "cosine":
            norms = np.sqrt(np.outer((q**2).sum(1), (x**2).sum(1)))
            return np.where(norms > 0, 1 - (q @ x.T) / norms, 1.0)
        if metric == "ip":
            return -(q @ x.T)
        if metric in ("snr", "snr_item"):
            constant = (x == x[:, :1]).all(axis=1)
            q = q - q.mean(axis=1, keepdims=True)
            x = x - x.mean(axis=1, keepdims=True)
            if metric == "snr":
                return _squares(q, x) / (q**2).sum(1)[:, None]
            return np.where(constant, np.inf, _squares(q, x) / (x**2).sum(1))
        both = q @ x.T
        if metric == "hamming":
            return q.sum(1)[:, None] + x.sum(1) - 2 * both
        either = q.sum(1)[:, None] + x.sum(1) - both
        return np.where(either > 0, 1 - both / either, 0.0)


def tolerance(queries: Any, rows: Any, metric: str) -> np.ndarray:
    """Return how far float32 arithmetic in any order may be from `distances`, (q, n).

    A sum of dim products of float32 errs by at most about dim * 2**-24 of the sum of their
    magnitudes; twice that, and a few roundings more for norms and quotients, is allowed.
    """
    q = np.asarray(queries).astype(np.float64)
    x = np.asarray(rows).astype(np.float64)
    unit = (q.shape[1] + 16) * 2.0**-23
    if metric == "hamming":
        return np.zeros((len(q), len(x)))
    if metric == "jaccard":
        return np.full((len(q), len(x)), 2.0**-23)
    if metric == "cosine":
        return np.full((len(q), len(x)), unit)
    if metric == "ip":
        return unit * np.sqrt(np.outer((q**2).sum(1), (x**2).sum(1)))
    scale = (np.sqrt((q**2).sum(1))[:, None] + np.sqrt((x**2).sum(1))) ** 2
    if metric == "l2":
        return unit * scale
    centred = q if metric == "snr" else x
    anchor = ((centred - centred.mean(axis=1, keepdims=True)) ** 2).sum(1)
    with np.errstate(divide="ignore"):
        return (
            unit
            * scale
            * (1 + scale / (anchor[:, None] if metric == "snr" else anchor))
            / (anchor[:, None] if metric == "snr" else anchor)
        )


def nearest(
    query: Any, rows: Any, ids: Sequence[Any], metric: str, k: int
) -> list[tuple[float, Any]]:
    """Return the k nearest as (distance, id), ties by id."""
    if len(ids) == 0:
        return []
    found = distances(np.atleast_2d(query), rows, metric)[0].tolist()
    return sorted(zip(found, ids, strict=True))[:k]


def check_hits(
    hits: Any,
    queries: Any,
    rows: Any,
    ids: Sequence[Any],
    metric: str,
    k: int,
    *,
    complete: bool = True,
) -> None:
    """Assert that the `Hits` of a batch are the k nearest, as far as float32 can tell.

    Without `complete` they may be others of the items, in order and at the right distances.
    """
    rows = np.asarray(rows)
    place = {id: row for row, id in enumerate(ids)}
    wanted = min(k, len(ids))
    assert hits.ids.shape == hits.distances.shape == (len(queries), k)
    assert hits.counts.tolist() == [wanted] * len(queries)
    if not len(queries):
        return
    assert (hits.distances[:, wanted:] == np.inf).all()
    if not wanted:
        return
    true = distances(queries, rows, metric)
    slack = tolerance(queries, rows, metric)
    for row, one in enumerate(hits):
        found = one.ids.tolist()
        got = one.distances.astype(np.float64)
        assert len(set(found)) == len(found), "an item is returned twice"
        slots = [place[id] for id in found]
        assert_close(got, true[row, slots], slack[row, slots])
        assert list(zip(got.tolist(), found, strict=True)) == sorted(
            zip(got.tolist(), found, strict=True)
        ), "hits are not in order of distance, then id"
        missed = np.setdiff1d(np.arange(len(ids)), slots)
        if complete and len(missed):
            nearer = true[row, missed] + slack[row, missed] < got[-1] - slack[row, slots[-1]]
            assert not nearer.any(), f"query {row} misses {[ids[slot] for slot in missed[nearer]]}"


def assert_close(got: np.ndarray, true: np.ndarray, slack: np.ndarray) -> None:
    finite = np.isfinite(true)
    assert (np.isfinite(got) == finite).all()
    assert (np.abs(got[finite] - true[finite]) <= slack[finite]).all()


def _squares(q: np.ndarray, x: np.ndarray) -> np.ndarray:
    # Differences first: the expanded form would lose digits where vectors are near each other.
    return np.stack([((one - x) ** 2).sum(1) for one in q]) if len(q) else np.empty((0, len(x)))
