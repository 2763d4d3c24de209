"""Recall against a truth that was found elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lanner
from lanner import InvalidArgumentError, WrongTypeError

DIM = 48


def drawn(names: bool = False) -> tuple[Any, Any, Any, Any]:
    """Return rows, ids, queries, and the ids of the 20 nearest rows of each, by NumPy."""
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(1500, DIM)).astype(np.float32)
    queries = rng.normal(size=(40, DIM)).astype(np.float32)
    distances = ((queries[:, None].astype(float) - rows[None]) ** 2).sum(axis=2)
    nearest = np.argsort(distances, axis=1)[:, :20]
    if not names:
        return rows, np.arange(1500) + 7, queries, nearest + 7
    ids = [f"n{i}" for i in range(1500)]
    return rows, ids, queries, np.array(ids, dtype=object)[nearest]


@pytest.mark.parametrize("names", [False, True])
@pytest.mark.parametrize("graph", ["hnsw", None])
def test_recall_of_codes_alone_is_measured_against_the_truth(names: bool, graph: Any) -> None:
    rows, ids, queries, truth = drawn(names)
    index = lanner.Index(DIM, "l2", codec="Binary1", keep=None, graph=graph)
    index.add(rows, ids)
    found = index.search(queries, 10, exact=True).ids.tolist()
    share = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, truth[:, :10], strict=True)])
    measured = index.measure_recall(queries, 10, truth=truth, recall=1)
    assert measured == pytest.approx(share, abs=1e-12)
    assert 0.2 < measured < 0.9
    # Against its own codes, an exact search of them has missed nothing.
    assert index.measure_recall(queries, 10, recall=1) == 1
    forms = [truth.tolist(), tuple(map(tuple, truth.tolist())), truth[:, :10], truth[:, ::1]]
    forms += [truth.astype(str)] if names else [truth.astype(np.int32), truth.astype(np.uint64)]
    for form in forms:
        assert index.measure_recall(queries, 10, truth=form, recall=1) == measured
    one = index.measure_recall(queries[0], 10, truth=truth[0], recall=1)
    assert one == len(set(found[0]) & set(truth[0, :10])) / 10


def test_recall_of_an_index_with_its_vectors_is_1_against_the_truth() -> None:
    rows, ids, queries, truth = drawn()
    index = lanner.Index(DIM, "l2", graph=None)
    index.add(rows, ids)
    assert index.measure_recall(queries, 20, truth=truth) == 1
    assert index.measure_recall(queries, 20, truth=truth[:, ::-1]) == 1
    assert index.measure_recall(queries, 5, truth=truth[:, ::-1]) < 0.5
    assert index.measure_recall(queries, 10, truth=truth[:, 10:]) == 0


def test_the_truth_is_that_of_the_filter() -> None:
    rows, ids, queries, truth = drawn()
    index = lanner.Index(DIM, "l2", graph=None)
    index.add(rows, ids)
    second = [row[1::2] for row in truth.tolist()]
    filters = [set(row) for row in second]
    assert index.measure_recall(queries, 10, truth=second, filter=filters) == 1
    assert index.measure_recall(queries, 10, truth=truth, filter=filters) == 0.5


@pytest.mark.parametrize(
    ("truth", "error", "message"),
    [
        (lambda t: t[:39], InvalidArgumentError, r"for each of 40 queries, got shape \(39, 20\)"),
        (lambda t: t[:, :9], InvalidArgumentError, r"at least 10 ids .* got shape \(40, 9\)"),
        (lambda t: t[0], InvalidArgumentError, r"got shape \(20,\)"),
        (lambda t: [*t[:39].tolist(), [1]], InvalidArgumentError, r"got shape \(40,\)"),
        (lambda t: t[None], InvalidArgumentError, r"got shape \(1, 40, 20\)"),
        (lambda t: np.where(t == t[3, 4], 6, t), InvalidArgumentError, "in the index, got 6 in"),
        (lambda t: t.astype(str), WrongTypeError, "truth must be int as ids in the index, got str"),
        (lambda t: t + 0.5, WrongTypeError, "truth must be integers or str, got float64"),
    ],
)
def test_truth_that_cannot_be_is_refused(truth: Any, error: type[Exception], message: str) -> None:
    rows, ids, queries, known = drawn()
    index = lanner.Index(DIM, "l2", graph=None)
    index.add(rows, ids)
    with pytest.raises(error, match=message):
        index.measure_recall(queries, 10, truth=truth(known))
