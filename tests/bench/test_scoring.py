"""Recall, fronts and interpolation of the benchmark harness."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import dataset, scoring
from bench.dataset import DataSet


def small(metric="l2", rows=200, queries=20, dim=8, seed=0):
    generator = np.random.default_rng(seed)
    base = generator.standard_normal((rows, dim)).astype(np.float32)
    return DataSet(
        "small", metric, base, generator.standard_normal((queries, dim)).astype(np.float32)
    ).with_truth()


def nearest(data, k):
    distances = np.stack([data.distances(query[None], data.base) for query in data.queries])
    return np.argsort(distances, axis=1, kind="stable")[:, :k]


def mean_recall(data, ids, k):
    return scoring.recall(data, data.queries, data.truth, ids, k).mean()


@pytest.mark.parametrize("metric", ["l2", "cosine", "ip"])
def test_truth_is_that_of_a_plain_sort_in_float64(metric):
    data = small(metric)
    want = np.stack([data.distances(query[None], data.base) for query in data.queries])
    want.sort(axis=1)
    np.testing.assert_allclose(data.truth, want[:, :100], rtol=1e-6, atol=1e-6)


def test_truth_of_codes_is_the_count_of_differing_bits():
    generator = np.random.default_rng(3)
    base = generator.integers(0, 256, (150, 5), dtype=np.uint8)
    data = DataSet("bits", "hamming", base, base[:7] ^ 1).with_truth()
    bits = np.unpackbits(base, axis=1)
    want = np.sort((bits[None] != np.unpackbits(base[:7] ^ 1, axis=1)[:, None]).sum(axis=2), axis=1)
    np.testing.assert_array_equal(data.truth, want[:, :100])


def test_truth_is_kept_in_the_cache(tmp_path):
    data = small()
    truth, data.truth = data.truth, None
    np.testing.assert_array_equal(data.with_truth(tmp_path).truth, truth)
    (kept,) = tmp_path.iterdir()
    np.save(kept, truth + 1)
    data.truth = None
    np.testing.assert_array_equal(data.with_truth(tmp_path).truth, truth + 1)


@pytest.mark.parametrize("metric", ["l2", "cosine", "ip"])
@pytest.mark.parametrize("k", [1, 10, 100])
def test_perfect_answer_has_recall_one_in_any_order(metric, k):
    data = small(metric)
    ids = nearest(data, k)
    assert mean_recall(data, ids, k) == 1
    shuffled = np.random.default_rng(1).permuted(ids, axis=1)
    assert mean_recall(data, shuffled, k) == 1


def test_wrong_answer_has_recall_zero():
    data = small()
    farthest = np.stack(
        [np.argsort(-data.distances(query[None], data.base))[:10] for query in data.queries]
    )
    assert mean_recall(data, farthest, 10) == 0


def test_answers_of_other_queries_have_the_recall_of_chance():
    data = small(queries=50)
    ids = nearest(data, 10)
    rolled = np.roll(ids, 1, axis=0)
    want = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(ids, rolled, strict=True)])
    assert mean_recall(data, rolled, 10) == pytest.approx(want)
    assert want < 0.6


def test_missing_and_impossible_ids_are_no_hits():
    data = small()
    ids = nearest(data, 10)
    ids[:, 5:] = -1
    assert mean_recall(data, ids, 10) == 0.5
    ids[:, 4] = len(data.base)
    assert mean_recall(data, ids, 10) == pytest.approx(0.4)
    assert mean_recall(data, ids[:, :3], 10) == pytest.approx(0.3)


def test_repeated_row_counts_once():
    data = small()
    ids = np.repeat(nearest(data, 1), 10, axis=1)
    assert mean_recall(data, ids, 10) == pytest.approx(0.1)


def test_tied_rows_are_hits_whichever_they_are():
    base = np.zeros((30, 4), np.float32)
    base[:20] = 1
    data = DataSet("ties", "l2", base, np.ones((1, 4), np.float32)).with_truth()
    assert mean_recall(data, np.arange(10, 20)[None], 10) == 1
    assert mean_recall(data, np.arange(15, 25)[None], 10) == 0.5


def test_fewer_matches_than_k_lower_what_is_wanted():
    data = small(queries=2)
    ids = nearest(data, 10)
    truth = data.truth.copy()
    truth[0, 3:] = np.inf
    truth[1] = np.inf
    found = scoring.recall(data, data.queries, truth, np.where(np.arange(10) < 2, ids, -1), 10)
    assert found.tolist() == [pytest.approx(2 / 3), 1.0]
    nothing = scoring.recall(data, data.queries, np.empty((2, 0), np.float32), ids, 10)
    assert nothing.tolist() == [1.0, 1.0]


def test_truth_too_shallow_for_k_is_refused():
    data = small()
    with pytest.raises(ValueError, match="recall@100 needs 100 true distances, there are 10"):
        scoring.recall(data, data.queries, data.truth[:, :10], nearest(data, 100), 100)


def test_truth_holds_far_from_zero():
    generator = np.random.default_rng(0)
    base = (generator.standard_normal((2000, 16)) + 5000).astype(np.float32)
    data = DataSet("far", "l2", base, base[:20] + np.float32(0.01)).with_truth()
    want = np.stack([data.distances(query[None], data.base) for query in data.queries])
    want.sort(axis=1)
    np.testing.assert_allclose(data.truth, want[:, :100], rtol=1e-6)


def test_ids_of_another_shape_are_refused():
    data = small()
    with pytest.raises(ValueError, match=r"shape \(20, k\), got \(19, 10\)"):
        scoring.recall(data, data.queries, data.truth, nearest(data, 10)[1:], 10)


points = st.lists(st.tuples(st.floats(0, 1), st.floats(1, 1e6)), max_size=30)


@given(points)
def test_front_holds_what_nothing_beats(measured):
    front = scoring.front(measured)
    assert front == sorted(set(front))
    assert [rate for _, rate in front] == sorted((rate for _, rate in front), reverse=True)
    for recall, rate in measured:
        assert any(r >= recall and q >= rate for r, q in front)
    for recall, rate in front:
        beaten = [p for p in measured if p != (recall, rate) and p[0] >= recall and p[1] >= rate]
        assert not beaten


def test_rate_between_two_points_lies_on_a_line_of_its_logarithm():
    curve = [(0.9, 1000.0), (1.0, 10.0)]
    assert scoring.rate_at(curve, 0.95) == pytest.approx(100.0)
    assert scoring.rate_at(curve, 0.9) == 1000.0
    assert scoring.rate_at(curve, 1.0) == pytest.approx(10.0)


def test_rate_outside_of_the_points():
    curve = [(0.9, 1000.0), (0.97, 10.0)]
    assert scoring.rate_at(curve, 0.99) is None
    assert scoring.rate_at([], 0.5) is None
    assert scoring.rate_at(curve, 0.5) == 1000.0
    assert scoring.exceeds(curve, 0.5)
    assert not scoring.exceeds(curve, 0.9)


@given(points, st.floats(0, 1))
def test_rate_at_a_recall_is_that_of_some_point_around(measured, target):
    rate = scoring.rate_at(measured, target)
    reaching = [q for r, q in measured if r >= target]
    if not reaching:
        assert rate is None
    else:
        assert rate >= max(reaching) * (1 - 1e-9)
        assert rate <= max(q for _, q in measured) * (1 + 1e-9)


def test_nearest_leaves_out_what_is_masked():
    data = small()
    rough = dataset.rough_distances(data, data.queries)
    rough[:, 5:] = np.inf
    ids, distances = dataset.nearest(data, data.queries, rough, 10)
    assert set(ids[0, :5]) == set(range(5))
    assert (ids[:, 5:] == -1).all()
    assert np.isinf(distances[:, 5:]).all()
