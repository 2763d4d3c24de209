"""Recall, fronts, and rates between measured points."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from bench.dataset import Array, DataSet

# How much farther than the k-th true distance still counts as tied: float32 arithmetic on both
# sides, of cosine between numbers near 1.
RELATIVE = 1e-5
ABSOLUTE = {"cosine": 1e-6}


def recall(data: DataSet, queries: Array, truth: Array, ids: Array, k: int) -> Array:
    """Recall@k of each query, shape (queries,).

    A row as near as the k-th true one is a hit, whichever its number; a row given twice counts
    once; ids out of range are none. `truth` holds ascending distances and may end early, or in inf,
    where fewer than k rows match: then so many are wanted, and a query that wants none has 1.
    """
    ids = np.asarray(ids)
    if ids.ndim != 2 or len(ids) != len(queries):
        raise ValueError(f"ids must have shape ({len(queries)}, k), got {ids.shape}")
    found = np.full((len(ids), k), -1, np.int64)
    width = min(k, ids.shape[1])
    found[:, :width] = ids[:, :width]
    valid = (found >= 0) & (found < len(data.base))
    ordered = np.sort(np.where(valid, found, -1), axis=1)
    first = np.ones_like(valid)
    first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    valid = first & (ordered >= 0)
    if truth.shape[1] < min(k, len(data.base)) and np.isfinite(truth).all() and truth.size:
        raise ValueError(f"recall@{k} needs {k} true distances, there are {truth.shape[1]}")
    known = np.isfinite(truth[:, :k]).sum(axis=1)
    out = np.ones(len(ids))
    for row in np.flatnonzero(known):
        hits = data.base[ordered[row][valid[row]]]
        distances = data.distances(queries[row][None], hits)
        bound = float(truth[row, known[row] - 1])
        near = (distances <= bound + abs(bound) * RELATIVE + ABSOLUTE.get(data.metric, 0.0)).sum()
        out[row] = min(near, known[row]) / known[row]
    return out


def front(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points (recall, rate) that none beats in both, by rising recall and falling rate."""
    best: list[tuple[float, float]] = []
    for point in sorted(points, key=lambda each: (-each[0], -each[1])):
        if not best or point[1] > best[-1][1]:
            best.append(point)
    return best[::-1]


def rate_at(points: Iterable[tuple[float, float]], target: float) -> float | None:
    """Rate at a recall: the front's, between two points along the logarithm of the rate.

    None where no point reaches it; where all exceed it, that of the fastest, which is a lower
    bound.
    """
    curve = front(points)
    if not curve or curve[-1][0] < target:
        return None
    if curve[0][0] >= target:
        return curve[0][1]
    for (low, fast), (high, slow) in itertools.pairwise(curve):
        if low <= target <= high:
            share = (target - low) / (high - low)
            return math.exp(math.log(fast) + (math.log(slow) - math.log(fast)) * share)
    raise AssertionError("the front has a gap")


def exceeds(points: Iterable[tuple[float, float]], target: float) -> bool:
    """Whether even the fastest point lies above a recall."""
    curve = front(points)
    return bool(curve) and curve[0][0] > target


def points_of(
    records: Iterable[dict[str, Any]], k: int, what: str = "one", recall_at: int | None = None
) -> list[tuple[float, float, dict[str, Any]]]:
    """(recall, rate, settings) of all points of records; `what`: "one", or a batch's threads."""
    found = []
    for record in records:
        for point in record.get("points", ()):
            timed = point["one"] if what == "one" else point["batch"].get(what)
            if point["k"] == k and timed is not None:
                settings = {**record["build_parameters"], **point["parameters"]}
                found.append((point["recall"][str(recall_at or k)], timed["rate"], settings))
    return found


def median_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """Median, and half the distance between the quartiles over it."""
    low, middle, high = np.percentile(np.asarray(values, np.float64), [25, 50, 75])
    return float(middle), float((high - low) / 2 / middle) if middle else 0.0
