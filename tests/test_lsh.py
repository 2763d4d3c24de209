"""Tables of hashes against brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lanner import InvalidArgumentError, WrongTypeError
from lanner.hashing import LSHIndex

METRICS = ("l2", "cosine", "jaccard")


def clustered(rows: int, dim: int, seed: int = 0) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(77).standard_normal((40, dim)) * 2
    return (centres[rng.integers(0, 40, rows)] + rng.standard_normal((rows, dim))).astype(
        np.float32
    )


def sets_of(rows: int, seed: int = 0) -> list[set[int]]:
    """Sets that share much with those of their kind, and little with others."""
    rng = np.random.default_rng(seed)
    kinds = [np.random.default_rng(k).integers(0, 5000, 40) for k in range(60)]
    return [
        set(kinds[rng.integers(0, 60)][rng.random(40) < 0.8].tolist())
        | set(rng.integers(0, 5000, 3).tolist())
        for _ in range(rows)
    ]


def items(metric: str, rows: int, seed: int = 0):
    return sets_of(rows, seed) if metric == "jaccard" else clustered(rows, 20, seed)


def exact(metric: str, queries, rows) -> NDArray[np.float64]:
    if metric == "jaccard":
        return np.array(
            [[1 - len(q & x) / len(q | x) if q | x else 0.0 for x in rows] for q in queries]
        ).reshape(len(queries), len(rows))
    q, x = queries.astype(np.float64), rows.astype(np.float64)
    if metric == "l2":
        return ((q[:, None] - x[None]) ** 2).sum(axis=2)
    lengths = np.linalg.norm(q, axis=1)[:, None] * np.linalg.norm(x, axis=1)[None]
    return 1 - (q @ x.T) / lengths


def found(hits, distances: NDArray[np.float64], k: int) -> float:
    """Share of the true neighbours, by distance."""
    bound = np.sort(distances, axis=1)[:, k - 1] + 1e-5
    good = [
        (row[ids[ids >= 0]] <= limit).sum() / k
        for row, ids, limit in zip(distances, hits.ids, bound, strict=True)
    ]
    return float(np.mean(good))


@pytest.fixture(params=METRICS, scope="module")
def world(request):
    metric = request.param
    rows, queries = items(metric, 4000), items(metric, 150, 1)
    return metric, rows, queries, exact(metric, queries, rows), LSHIndex(rows, metric=metric)


def test_a_recall_asked_for_is_reached(world):
    metric, _, queries, distances, index = world
    for recall in (0.5, 0.8, 0.95):
        hits = index.search(queries, 10, recall=recall)
        # Measured on 64 rows and asked of 150 others: means of recalls with a deviation of at most
        # 0.3 each, five standard errors of both together 0.21 apart.
        assert found(hits, distances, 10) > recall - 0.2, metric
    assert found(index.search(queries, 10), distances, 10) > 0.8


def test_more_probes_find_more_and_look_at_more(world):
    metric, _, queries, distances, index = world
    recalls = [
        found(index.search(queries, 10, probes=probes), distances, 10) for probes in (1, 4, 16, 200)
    ]
    assert all(a <= b + 1e-9 for a, b in itertools.pairwise(recalls))
    assert recalls[0] < recalls[2]
    if metric != "jaccard":
        assert recalls[3] > recalls[2]
        assert recalls[3] > 0.9
    probes = [index.probes_for(recall) for recall in (0.3, 0.6, 0.9)]
    assert probes == sorted(probes) or probes[-1] == 0


def test_hits_are_rows_with_their_true_distances_nearest_first(world):
    _, _, queries, distances, index = world
    for probes in (3, 40):
        hits = index.search(queries, 10, probes=probes)
        for query, (ids, near, count) in enumerate(
            zip(hits.ids, hits.distances, hits.counts, strict=True)
        ):
            assert (ids[count:] == -1).all()
            assert np.isinf(near[count:]).all()
            assert np.abs(near[:count] - distances[query, ids[:count]]).max(initial=0) < 1e-4
            assert (np.diff(near[:count]) >= 0).all()
            assert len(set(ids[:count].tolist())) == count


def test_a_recall_of_one_is_an_exact_answer_where_tables_miss_a_neighbour(world):
    metric, _, queries, distances, index = world
    if index.probes_for(1.0) == 0:
        assert found(index.search(queries, 10, recall=1.0), distances, 10) == 1.0
    single = LSHIndex(items(metric, 500), metric=metric, tables=1, hashes=30)
    assert single.probes_for(1.0) == 0
    model = exact(metric, queries, items(metric, 500))
    assert found(single.search(queries, 10, recall=1.0), model, 10) == 1.0


def test_threads_and_seeds(world):
    metric, rows, queries, _, _ = world
    few = rows[:1500]
    one = LSHIndex(few, metric=metric, threads=1)
    three = LSHIndex(few, metric=metric, threads=3)
    for probes in (2, 50):
        left = one.search(queries, 10, probes=probes, threads=1)
        right = three.search(queries, 10, probes=probes, threads=3)
        assert (left.ids == right.ids).all()
        assert (left.distances == right.distances).all()
    assert one.probes_for(0.9) == three.probes_for(0.9)
    other = LSHIndex(few, metric=metric, seed=5)
    assert (other.search(queries, 10, probes=1).ids != one.search(queries, 10, probes=1).ids).any()
    row = one.search(queries[0], 10, probes=50)
    assert (row.ids == one.search(queries[:1], 10, probes=50).ids[0]).all()


@settings(max_examples=25, deadline=None)
@given(
    metric=st.sampled_from(METRICS),
    rows=st.integers(0, 60),
    k=st.integers(1, 70),
    tables=st.integers(1, 5),
    hashes=st.sampled_from([None, 1, 3]),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_shape_finds_itself_and_recall_one_finds_all(metric, rows, k, tables, hashes, seed):
    held = items(metric, rows, seed)
    index = LSHIndex(held, metric=metric, tables=tables, hashes=hashes, seed=seed)
    assert len(index) == rows
    queries = items(metric, 3, seed + 1)
    if rows:
        own = index.search(held, 1, probes=1)
        assert (own.distances[:, 0] < 1e-5).all()
    if index.probes_for(1.0) == 0:
        hits = index.search(queries, k, recall=1.0)
        assert (hits.counts == min(k, rows)).all()
        distances = exact(metric, queries, held)
        order = np.sort(distances, axis=1)[:, : min(k, rows)]
        assert np.abs(hits.distances[:, : order.shape[1]] - order).max(initial=0) < 1e-4


def test_sets_in_an_array_and_tokens():
    tokens = [{"a", "b"}, {"b", "c"}, {"x", "y", "z"}, set()]
    index = LSHIndex(tokens, metric="jaccard")
    assert index.search({"x", "z"}, 1).ids.tolist() == [2]
    hits = index.search([{"b"}, set()], 2, recall=1.0)
    assert hits.ids.tolist() == [[0, 1], [3, 0]]
    assert hits.distances.tolist() == [[0.5, 0.5], [0.0, 1.0]]
    flat = LSHIndex([1, 2, 2, 3, 4], offsets=[0, 3, 5], metric="jaccard")
    assert flat.search([3, 4, 2, 1], 1, offsets=[0, 2, 4]).ids.tolist() == [[1], [0]]


def test_e2lsh_cells_are_four_times_as_wide_as_neighbours_are_far():
    rows = clustered(3000, 20)
    distances = np.sqrt(exact("l2", rows[:200], rows))
    tenth = np.median(np.sort(distances, axis=1)[:, 10])
    assert abs(LSHIndex(rows).width / tenth - 4) < 0.4
    assert LSHIndex(rows, width=2.5).width == 2.5
    assert LSHIndex(rows, metric="cosine").width is None
    assert (LSHIndex(np.ones((50, 4))).search(np.ones(4), 3).ids == [0, 1, 2]).all()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: LSHIndex(np.eye(4), metric="ip"), "metric must be one of l2, cosine, jaccard"),
        (lambda: LSHIndex(np.ones(4)), "rows must have two axes"),
        (lambda: LSHIndex(np.eye(4), tables=0), "tables must be at least 1"),
        (
            lambda: LSHIndex(np.eye(4), tables=1024, hashes=65),
            "must be at most 65536, got 1024 \\* 65",
        ),
        (lambda: LSHIndex(np.eye(4), width=0), "width must be above 0"),
        (lambda: LSHIndex(np.eye(4), metric="cosine", width=1), "is of l2 alone"),
        (lambda: LSHIndex(np.eye(4), offsets=[0]), "offsets go with sets"),
        (lambda: LSHIndex(np.full((2, 4), np.nan)), "vectors row 0 holds NaN"),
        (lambda: LSHIndex(np.eye(4)).search(np.full(4, np.inf)), "queries row 0 holds an infinite"),
        (lambda: LSHIndex(np.eye(4)).search(np.eye(3)), "queries must have dim 4, got 3"),
        (lambda: LSHIndex(np.eye(4)).search(np.eye(4), recall=0.9, probes=3), "give one"),
        (
            lambda: LSHIndex(np.eye(4)).search(np.eye(4), recall=1.5),
            "recall must be finite, at least 0",
        ),
        (lambda: LSHIndex(np.eye(4)).search(np.eye(4), recall=0), "recall must be above 0"),
        (lambda: LSHIndex(np.eye(4)).search(np.eye(4), probes=0), "probes must be at least 1"),
        (lambda: LSHIndex([1], offsets=[0, 2], metric="jaccard"), "end at the number of items"),
        (lambda: LSHIndex(np.zeros((2, 65537))), "rows must have at most 65536 features"),
        (lambda: LSHIndex(np.eye(4), width=10**400), "width must be finite"),
        (lambda: LSHIndex(np.eye(4)).search_radius(np.eye(4), 1, recall=0), "recall must be above"),
        (lambda: LSHIndex(np.eye(4)).probes_for(0.5, nearest=0), "nearest must be at least 1"),
    ],
)
def test_bad_values_are_refused(call, said):
    with pytest.raises(InvalidArgumentError, match=said):
        call()


def test_bad_types_are_refused():
    with pytest.raises(WrongTypeError, match="rows must be a sequence of sets"):
        LSHIndex("abc", metric="jaccard")
    with pytest.raises(WrongTypeError, match="sets must be collections of items"):
        LSHIndex([1, 2], metric="jaccard")


def test_a_recall_that_no_number_of_buckets_reaches_is_warned_of():
    rows = clustered(1500, 20)
    few = LSHIndex(rows, tables=1, hashes=30)
    assert few.probes_for(0.9) == 0
    for ask in (
        lambda: few.search(rows[:2], 3, recall=0.9),
        lambda: few.search(rows[:2], 3),
        lambda: few.search_radius(rows[:2], 1.0, recall=0.9),
    ):
        message = (
            r"reached recall 0\.9.* all 1500 rows are looked at; more tables than 1 .* 30 would"
        )
        with pytest.warns(RuntimeWarning, match=message) as warned:
            ask()
        assert [each.filename for each in warned] == [__file__]
    # Asked for, or a matter of a filter, or of few rows.
    few.search(rows[:2], 3, recall=1.0)
    few.search(rows[:2], 3, probes=1)
    few.search(rows[:2], 3, filter={1, 2, 3})
    LSHIndex(rows[:900], tables=1, hashes=30).search(rows[:2], 3)
    many = LSHIndex(rows)
    assert many.probes_for(0.9)
    many.search(rows[:2], 3, recall=0.9)
