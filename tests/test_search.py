"""Searching: exact answers against NumPy, edges, ties, radius, stored items as queries, recall."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from conftest import points
from hypothesis import given
from hypothesis import strategies as st

import lanner
from lanner import InvalidArgumentError, WrongTypeError

space = pytest.mark.parametrize(
    ("metric", "dtype"), reference.SPACES, ids=["-".join(each) for each in reference.SPACES]
)


@space
@pytest.mark.parametrize("dim", [1, 3, 33, 130, 384])
def test_exact_index_is_numpy(metric, dtype, dim, rng):
    if metric.startswith("snr"):
        dim = max(dim, 2)  # one feature has no variance
    rows = reference.random_vectors(rng, metric, dtype, 300, dim)
    queries = reference.random_vectors(rng, metric, dtype, 21, dim)
    index = lanner.Index(dim, metric, dtype, graph=None)
    ids = index.add(rows, rng.permutation(300)).tolist()
    for k in (1, 10, 300, 310):
        hits = index.search(queries, k=k)
        reference.check_hits(hits, queries, rows, ids, metric, k)


@space
def test_graph_finds_what_numpy_finds(metric, dtype, rng):
    # Indexes this small are scanned unless the walk asked for is a sixteenth as wide.
    rows = reference.random_vectors(rng, metric, dtype, 2500, 12)
    queries = reference.random_vectors(rng, metric, dtype, 40, 12)
    index = lanner.Index(12, metric, dtype)
    ids = index.add(rows, rng.permutation(2500)).tolist()
    index.search_stats(reset=True)
    hits = index.search(queries, k=20, ef=150)
    assert index.search_stats()["hops"] > 0
    reference.check_hits(hits, queries, rows, ids, metric, 20, complete=False)
    assert index.measure_recall(queries, k=20, ef=150) >= 0.95
    hits = index.search(queries, k=20, exact=True)
    reference.check_hits(hits, queries, rows, ids, metric, 20)


@given(
    metric=st.sampled_from(["l2", "ip"]),
    dtype=st.sampled_from(["float32", "float16", "bfloat16", "int8"]),
    dim=st.integers(1, 40),
    count=st.integers(0, 60),
    k=st.integers(1, 70),
    seed=st.integers(0, 2**32 - 1),
)
def test_ties_are_broken_by_id(metric, dtype, dim, count, k, seed):
    # Small whole numbers: float32 arithmetic is exact in any order, and ties abound.
    rng = np.random.default_rng(seed)
    rows = rng.integers(-2, 3, (count, dim)).astype(np.float32)
    queries = rng.integers(-2, 3, (5, dim)).astype(np.float32)
    ids = rng.permutation(1000)[:count] - 500
    ids[ids == -1] = 501
    index = lanner.Index(dim, metric, dtype, graph=None)
    index.add(rows, ids)
    hits = index.search(queries, k=k)
    for query, one in zip(queries, hits, strict=True):
        wanted = reference.nearest(query, rows, ids.tolist(), metric, k)
        assert [(distance, id) for id, distance in one] == wanted


def test_string_ids_break_ties_in_order_of_their_code_points(graph):
    names = ["b", "a", "ü", "Z", "aa", "", "10", "9"]
    index = lanner.Index(4, "l2", graph=graph)
    index.add(np.zeros((8, 4)), names)
    assert index.search([0, 0, 0, 0], k=8).ids.tolist() == sorted(names)


@space
@pytest.mark.parametrize("how", [{}, {"exact": True}, {"ef": 20}], ids=["plain", "exact", "walk"])
def test_one_query_is_bitwise_the_same_as_in_a_batch(metric, dtype, how, rng):
    rows = reference.random_vectors(rng, metric, dtype, 700, 50)
    queries = reference.random_vectors(rng, metric, dtype, 33, 50)
    index = lanner.Index(50, metric, dtype)
    index.add(rows)
    batch = index.search(queries, k=7, **how)
    two = index.search(queries[:2], k=7, threads=1, **how)
    assert two.distances.tobytes() == batch.distances[:2].tobytes()
    for row, query in enumerate(queries):
        # A plain array goes a shorter way than a list.
        for one in (index.search(query, k=7, **how), index.search(query.tolist(), k=7, **how)):
            assert one.ids.tolist() == batch.ids[row].tolist()
            assert one.distances.tobytes() == batch.distances[row].tobytes()


def test_one_query_is_the_same_through_the_graph_by_default(rng):
    index = lanner.Index(16)
    index.add(rng.standard_normal((3000, 16)))
    queries = rng.standard_normal((50, 16)).astype(np.float32)
    index.search_stats(reset=True)
    batch = index.search(queries, k=7)
    assert index.search_stats()["hops"] > 0
    for row, query in enumerate(queries):
        one = index.search(query, k=7)
        assert one.ids.tolist() == batch.ids[row].tolist()
        assert one.distances.tobytes() == batch.distances[row].tobytes()


def test_shapes(make_points):
    index = make_points(10)
    one = index.search(points(3)[2], k=4)
    assert (one.ids.shape, one.distances.shape, one.counts) == ((4,), (4,), 4)
    assert (one.ids.dtype, one.distances.dtype) == (np.int64, np.float32)
    many = index.search(points(3), k=4)
    assert (many.ids.shape, many.distances.shape) == ((3, 4), (3, 4))
    assert many.counts.tolist() == [4, 4, 4]
    none = index.search(np.empty((0, 4)), k=4)
    assert (none.ids.shape, len(none)) == ((0, 4), 0)


def test_k_beyond_the_size_leaves_empty_places(make_points):
    index = make_points(3)
    for exact in (False, True):
        hits = index.search(points(2), k=5, exact=exact)
        assert hits.ids.tolist() == [[0, 1, 2, -1, -1], [1, 0, 2, -1, -1]]
        assert hits.distances.tolist() == [[0, 1, 4, np.inf, np.inf], [0, 1, 1, np.inf, np.inf]]
        assert hits.counts.tolist() == [3, 3]
    assert index.search(points(1)[0], k=5).ids.tolist() == [0, 1, 2, -1, -1]


def test_k_beyond_the_size_with_string_ids(graph):
    index = lanner.Index(4, "l2", graph=graph)
    index.add(points(2), ["x", "y"])
    assert index.search(points(1), k=3).ids.tolist() == [["x", "y", None]]
    assert list(index.search(points(1)[0], k=3)) == [("x", 0.0), ("y", 1.0)]


def test_empty_index(graph):
    index = lanner.Index(4, "l2", graph=graph)
    hits = index.search(points(2), k=3)
    assert hits.ids.tolist() == [[-1] * 3] * 2
    assert hits.counts.tolist() == [0, 0]
    assert index.search(points(1)[0], k=3).counts == 0
    assert len(index.search_radius(points(1)[0], 1e9)) == 0
    assert index.search_radius(points(2), 1e9).counts.tolist() == [0, 0]
    with pytest.raises(InvalidArgumentError, match="dim 4, got 3"):
        index.search([1, 2, 3])


@pytest.mark.parametrize(
    ("k", "error", "message"),
    [
        (0, InvalidArgumentError, "k must be at least 1, got 0"),
        (-1, InvalidArgumentError, "k must be at least 1, got -1"),
        (2**31, InvalidArgumentError, "k must be at most 2147483647"),
        (True, WrongTypeError, "k must be an integer, got True"),
        (np.True_, WrongTypeError, "k must be an integer, got True"),
        (3.0, WrongTypeError, "k must be an integer, got float"),
        ("3", WrongTypeError, "k must be an integer, got str"),
        (None, WrongTypeError, "k must be an integer, got NoneType"),
    ],
)
def test_k_that_cannot_be(make_points, k, error, message):
    index = make_points(3)
    calls = [
        lambda: index.search(points(1)[0], k),
        lambda: index.search(points(2), k),
        lambda: index.search_by_id(1, k),
        lambda: index.measure_recall(points(2), k),
    ]
    for call in calls:
        with pytest.raises(error, match=message):
            call()


def test_k_of_numpy(make_points):
    assert make_points(5).search(points(1)[0], k=np.int64(2)).ids.shape == (2,)


def test_ef_where_there_is_no_walk_is_an_error():
    walked, exact = lanner.Index(4, "l2"), lanner.Index(4, "l2", graph=None)
    walked.add(points(9))
    exact.add(points(9))
    assert walked.search(points(1)[0], k=3, ef=50).ids.tolist() == [0, 1, 2]
    for wrong in (0, -5):
        with pytest.raises(InvalidArgumentError, match="ef must be at least 1"):
            walked.search(points(1)[0], ef=wrong)
    with pytest.raises(WrongTypeError, match="ef must be an integer"):
        walked.search(points(1)[0], ef=5.0)
    with pytest.raises(InvalidArgumentError, match=r"ef .* exact=True walks none"):
        walked.search(points(1)[0], ef=50, exact=True)
    for call in (exact.search, exact.measure_recall):
        with pytest.raises(InvalidArgumentError, match=r"ef .* this index has none"):
            call(points(1), ef=50)
    with pytest.raises(WrongTypeError, match="exact must be True or False"):
        walked.search(points(1)[0], exact=1)


def test_ef_below_k_still_gives_k(rng):
    index = lanner.Index(8, "l2")
    index.add(rng.standard_normal((500, 8)))
    assert index.search(rng.standard_normal((5, 8)), k=50, ef=1).counts.tolist() == [50] * 5


def test_wider_walks_compute_more_distances(rng):
    index = lanner.Index(16, "l2")
    index.add(rng.standard_normal((3000, 16)))
    queries = rng.standard_normal((50, 16))
    work = []
    for ef in (10, 100, 1000):
        index.search_stats(reset=True)
        index.search(queries, k=10, ef=ef)
        stats = index.search_stats()
        assert stats["queries"] == 50
        work.append(stats["distances"])
    assert work == sorted(set(work))


# Vectors without direction or variance


def test_zero_vector_is_at_cosine_distance_one(graph, rng):
    rows = rng.standard_normal((20, 6))
    rows[[3, 17]] = 0
    index = lanner.Index(6, "cosine", graph=graph)
    index.add(rows)
    zero = index.search(np.zeros(6), k=20)
    assert zero.ids.tolist() == list(range(20))
    assert (zero.distances == 1.0).all()
    hits = dict(index.search(rows[0], k=20))
    assert hits[3] == hits[17] == 1.0


def test_constant_query_is_an_error_under_snr(graph, rng):
    index = lanner.Index(6, "snr", graph=graph)
    index.add(rng.standard_normal((20, 6)))
    queries = rng.standard_normal((4, 6))
    queries[2] = 5
    with pytest.raises(InvalidArgumentError, match=r"quer.*\b2\b"):
        index.search(queries)
    with pytest.raises(InvalidArgumentError, match="varia"):
        index.search(np.full(6, 5.0, dtype=np.float32))


def test_constant_item_under_snr_is_an_item_like_others(graph, rng):
    rows = rng.standard_normal((20, 6))
    rows[4] = 3
    index = lanner.Index(6, "snr", graph=graph)
    index.add(rows)
    # var(q - x) / var(q) with x constant
    assert dict(index.search(rows[0], k=20))[4] == pytest.approx(1.0)


def test_constant_item_is_at_infinity_under_snr_item(graph, rng):
    rows = rng.standard_normal((20, 6))
    rows[[4, 9]] = 3
    index = lanner.Index(6, "snr_item", graph=graph)
    index.add(rows)
    hits = index.search(rows[0], k=20)
    assert hits.counts == 20
    assert hits.ids[-2:].tolist() == [4, 9]
    assert hits.distances[-2:].tolist() == [np.inf, np.inf]
    # A query of no variance is nobody's signal but anybody's noise: var(x) / var(x).
    flat = index.search(np.ones(6), k=20)
    np.testing.assert_allclose(flat.distances[:18], 1.0, rtol=1e-5)


def test_snr_is_asymmetric(graph):
    one, other = [0, 2, 0, 2], [0, 6, 0, 6]
    for metric, wanted in (("snr", 4.0), ("snr_item", 4 / 9)):
        index = lanner.Index(4, metric, graph=graph)
        index.add([other])
        assert index.search(one, k=1).distances.tolist() == [pytest.approx(wanted)]


def test_empty_sets_are_at_jaccard_distance_zero(graph):
    index = lanner.Index(16, "jaccard", "bits", graph=graph)
    index.add([[0, 0], [1, 0], [3, 1]])
    assert index.search([0, 0], k=3).distances.tolist() == [0, 1, 1]
    assert index.search([1, 0], k=3).distances.tolist() == [0, pytest.approx(2 / 3), 1]


# Stored items as queries


def test_search_by_id_leaves_the_item_out(make_points):
    index = make_points(10)
    hits = index.search_by_id([3, 0, 3], k=3)
    assert hits.ids.tolist() == [[2, 4, 1], [1, 2, 3], [2, 4, 1]]
    assert index.search_by_id(3, k=3).ids.tolist() == [2, 4, 1]
    everyone = index.search_by_id(3, k=20)
    assert everyone.counts == 9
    assert 3 not in everyone.ids.tolist()
    assert everyone.ids[9:].tolist() == [-1] * 11
    assert index.search_by_id([], k=3).ids.shape == (0, 3)


def test_search_by_id_keeps_duplicates_of_the_item(graph):
    index = lanner.Index(4, "l2", graph=graph)
    index.add(np.ones((40, 4)))
    hits = index.search_by_id(range(40), k=39, exact=True)
    for id, one in enumerate(hits):
        assert one.ids.tolist() == [other for other in range(40) if other != id]
    assert (index.search_by_id(range(40), k=10).counts == 10).all()


def test_search_by_id_with_string_ids(graph):
    index = lanner.Index(4, "l2", graph=graph)
    index.add(points(3), ["a", "b", "c"])
    assert list(index.search_by_id("a", k=2)) == [("b", 1.0), ("c", 4.0)]
    assert index.search_by_id(["c"], k=2).ids.tolist() == [["b", "a"]]


@space
def test_search_by_id_is_the_search_of_the_vector(metric, dtype, rng):
    rows = reference.random_vectors(rng, metric, dtype, 300, 40)
    index = lanner.Index(40, metric, dtype, graph=None)
    ids = index.add(rows)
    by_id = index.search_by_id(ids[:20], k=10)
    for id, one, found in zip(ids[:20], index.search(rows[:20], k=11), by_id, strict=True):
        others = [pair for pair in one if pair[0] != id][:10]
        assert list(found) == others


# Radius


@space
def test_radius_is_numpy(metric, dtype, rng):
    rows = reference.random_vectors(rng, metric, dtype, 200, 40)
    queries = reference.random_vectors(rng, metric, dtype, 9, 40)
    index = lanner.Index(40, metric, dtype, graph=None)
    index.add(rows)
    true = reference.distances(queries, rows, metric)
    slack = reference.tolerance(queries, rows, metric)
    radius = float(np.quantile(true, 0.1))
    hits = index.search_radius(queries, radius)
    assert len(hits) == 9
    assert hits.offsets.tolist() == [0, *np.cumsum(hits.counts).tolist()]
    for row, one in enumerate(hits):
        found = one.ids.tolist()
        assert set(np.flatnonzero(true[row] < radius - slack[row]).tolist()) <= set(found)
        assert set(found) <= set(np.flatnonzero(true[row] <= radius + slack[row]).tolist())
        pairs = [(distance, id) for id, distance in one]
        assert pairs == sorted(pairs)
        single = index.search_radius(queries[row], radius)
        assert single.ids.tolist() == found
        assert single.distances.tobytes() == one.distances.tobytes()


def test_border_of_the_radius_is_inside(make_points):
    index = make_points(10)
    for exact in (False, True):
        hits = index.search_radius([4, 0, 0, 0], 4.0, exact=exact)
        assert list(hits) == [(4, 0.0), (3, 1.0), (5, 1.0), (2, 4.0), (6, 4.0)]
    assert len(index.search_radius([4, 0, 0, 0], np.nextafter(4.0, 0))) == 3
    assert list(index.search_radius([4, 0, 0, 0], 0)) == [(4, 0.0)]
    for everything in (np.inf, 1e300, 10**30, 10**400, np.float64(3.5e38)):
        assert len(index.search_radius([4, 0, 0, 0], everything)) == 10
    assert len(index.search_radius([4, 0, 0, 0], -1)) == 0


@pytest.mark.parametrize(
    ("radius", "error"),
    [
        (np.nan, InvalidArgumentError),
        ("1", WrongTypeError),
        (True, WrongTypeError),
        (None, WrongTypeError),
        ([1.0, 2.0], WrongTypeError),
    ],
)
def test_radius_that_cannot_be(make_points, radius, error):
    with pytest.raises(error, match="radius must be a number"):
        make_points(3).search_radius(points(2), radius)


def test_radius_on_the_graph_finds_a_whole_neighbourhood(rng):
    # A cluster larger than the default walk is wide: the search goes on as long as it finds.
    cluster = rng.standard_normal((600, 16)) * 0.01
    far = rng.standard_normal((2000, 16)) + 5
    index = lanner.Index(16, "l2")
    index.add(np.concatenate([cluster, far]))
    hits = index.search_radius(np.zeros(16), 1.0)
    assert len(hits) >= 0.99 * 600
    assert set(hits.ids.tolist()) <= set(range(600))


# Recall


def test_recall_of_exact_search_is_one(rng):
    index = lanner.Index(16, graph=None)
    index.add(rng.standard_normal((500, 16)))
    assert index.measure_recall(rng.standard_normal((50, 16)), k=10) == 1.0


def test_recall_is_the_share_of_true_neighbours_found(rng):
    index = lanner.Index(32, "l2", M=4, ef_construction=10)
    index.add(rng.standard_normal((3000, 32)))
    queries = rng.standard_normal((100, 32))
    measured = index.measure_recall(queries, k=10, ef=10)
    found, true = index.search(queries, 10, ef=10), index.search(queries, 10, exact=True)
    both = sum(
        len(set(a) & set(b)) for a, b in zip(found.ids.tolist(), true.ids.tolist(), strict=True)
    )
    assert measured == pytest.approx(both / 1000)
    assert 0.1 < measured < 1
    assert index.measure_recall(queries, k=10, ef=3000) > 0.99


def test_ties_are_no_misses():
    index = lanner.Index(4, "l2")
    index.add(np.zeros((3000, 4)))
    assert index.measure_recall(np.zeros((1, 4)), k=10) == 1.0
    assert index.measure_recall(np.zeros(4), k=10) == 1.0


def test_recall_of_nothing_is_an_error(make_points):
    with pytest.raises(InvalidArgumentError, match="items and queries, got 0 and 2"):
        lanner.Index(4).measure_recall(points(2))
    with pytest.raises(InvalidArgumentError, match="items and queries, got 3 and 0"):
        make_points(3).measure_recall(np.empty((0, 4)))


# Distances without an index


@space
@pytest.mark.parametrize("dim", [2, 40, 129])
def test_distances_are_numpy(metric, dtype, dim, rng):
    rows = reference.random_vectors(rng, metric, dtype, 37, dim)
    queries = reference.random_vectors(rng, metric, dtype, 11, dim)
    got = lanner.distances(queries, rows, metric, dtype)
    true = reference.distances(queries, rows, metric)
    assert got.shape == (11, 37)
    assert got.dtype == np.float32
    reference.assert_close(got.astype(float), true, reference.tolerance(queries, rows, metric))
    one = lanner.distances(queries[0], rows, metric, dtype)
    assert one.tobytes() == got[0].tobytes()


@pytest.mark.parametrize(
    ("queries", "rows", "metric", "dtype", "message"),
    [
        ([1, 2], [[1, 2, 3]], "l2", "float32", "queries must have dim 3, got 2"),
        ([1, 2], [1, 2], "l2", "float32", r"rows must have two axes .* got shape \(2,\)"),
        ([1, 2], [[], []], "l2", "float32", "at least one feature"),
        ([1, np.nan], [[1, 2]], "l2", "float32", "queries must be finite, .* row 0"),
        ([1, 2], [[1, 2], [1, np.inf]], "l2", "bfloat16", "rows must be finite, .* row 1"),
        ([[1, 2], [2, 2]], [[1, 2]], "snr", "float32", "queries must have variance .* row 1"),
        ([[1, 2], [2, 2]], [[1, 2]], "snr", "bfloat16", "queries must have variance .* row 1"),
        ([1, 2], [[1, 2]], "hamming", "int8", "metric must be one of"),
    ],
)
def test_distances_that_cannot_be(queries, rows, metric, dtype, message):
    with pytest.raises(InvalidArgumentError, match=message):
        lanner.distances(queries, rows, metric, dtype)


def test_isa_is_one_of_those_available():
    assert lanner.isa().active in lanner.isa().available
    assert "scalar" in lanner.isa().available


def test_a_k_beyond_reason_is_refused_and_one_beyond_the_items_is_not():
    index = lanner.Index(4, "l2")
    index.add(np.eye(4, dtype=np.float32))
    assert index.search(np.zeros(4), k=100_000).counts == 4
    with pytest.raises(InvalidArgumentError, match="k must be at most the number of items, 4"):
        index.search(np.zeros((3, 4)), k=10_000_000)
