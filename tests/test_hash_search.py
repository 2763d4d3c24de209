"""Searches over codes of bits against brute force in NumPy."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from code_data import check_nearest, check_within, drawn, hamming, signs_of
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lanner import InvalidArgumentError, WrongTypeError
from lanner.hashing import (
    ITQ,
    BitSampling,
    Codes,
    CrossPolytope,
    HashedVectors,
    Hyperplanes,
    MinHash,
    NotFittedError,
    duplicate_groups,
    duplicates,
)

METHODS = ("auto", "scan", "multi_index")


# Hamming distance.


@settings(max_examples=120, deadline=None)
@given(
    rows=st.integers(0, 300),
    width=st.integers(1, 70),
    queries=st.integers(0, 5),
    k=st.integers(1, 320),
    radius=st.integers(0, 40),
    method=st.sampled_from(METHODS),
    flips=st.sampled_from([None, 0.0, 0.02, 0.2]),
    threads=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_shape_and_ties_by_row(rows, width, queries, k, radius, method, flips, threads, seed):
    codes = drawn(rows, width, seed, flips=flips)
    asked = drawn(queries + rows, width, seed, flips=flips)[:queries]
    index = Codes(codes, method=method, threads=threads)
    distances = hamming(asked, codes)
    assert len(index) == rows
    assert index.bits == 8 * width
    check_nearest(index.search(asked, k, threads=threads), distances, k)
    check_within(index.search_radius(asked, radius, threads=threads), distances, radius)


@pytest.mark.parametrize("width", [2, 4, 8, 12, 16, 30])
@pytest.mark.parametrize("flips", [None, 0.03])
def test_many_codes_by_every_method(width, flips):
    codes = drawn(40_000, width, 1, flips=flips)
    asked = drawn(40_000 + 25, width, 1, flips=flips)[-25:]
    asked[:5] = codes[:5]
    asked[5:9] = drawn(4, width, 3)  # unlike any code where these are alike
    distances = hamming(asked, codes)
    indexes = [Codes(codes, method=method) for method in METHODS]
    assert [index.tables > 0 for index in indexes] == [True, False, True]
    assert indexes[1].reach == -1
    for index in indexes:
        for k in (1, 10, 1000):
            check_nearest(index.search(asked, k), distances, k)
        for radius in sorted({0, 1, 3, 7, max(index.reach, 0), index.reach + 1, 4 * width}):
            check_within(index.search_radius(asked, radius), distances, radius)


def test_look_ups_are_used_where_codes_are_many_and_short():
    index = Codes(drawn(200_000, 8))
    assert index.tables == 4
    assert index.reach >= 0
    assert Codes(drawn(200_000, 8), method="multi_index").reach > 3
    assert Codes(drawn(100, 8)).tables == 0
    assert index.nbytes > 200_000 * (8 + 4 * 4)
    assert Codes(drawn(200_000, 8), method="scan").nbytes == 200_000 * 8


def test_long_codes():
    for bits in (2048, 4104, 65536):
        codes = drawn(70, bits // 8, bits, flips=0.1)
        index = Codes(codes)
        distances = hamming(codes[:3], codes)
        check_nearest(index.search(codes[:3], 20), distances, 20)
        check_within(index.search_radius(codes[:3], bits // 5), distances, bits // 5)
        values = np.random.default_rng(1).integers(-9, 9, (3, bits)).astype(np.float32)
        check_nearest(index.search(values, 20), asymmetric(values, codes), 20)
    with pytest.raises(InvalidArgumentError, match="from 8 to 65536, got 65544"):
        Codes(drawn(2, 8193))


def test_bool_codes_and_one_query():
    bits = np.random.default_rng(0).integers(0, 2, (50, 24)).astype(bool)
    packed = np.packbits(bits, axis=1, bitorder="little")
    index = Codes(bits)
    whole = index.search(packed, 5)
    for row in (0, 17):
        for query in (bits[row], packed[row]):
            hits = index.search(query, 5)
            assert hits.ids.shape == (5,)
            assert (hits.ids == whole.ids[row]).all()
            assert hits.ids[0] == row
            near = index.search_radius(query, 8)
            assert (near.ids == index.search_radius(packed, 8)[row].ids).all()


def test_threads_and_searches_side_by_side_do_not_show():
    codes = drawn(50_000, 8, 2, flips=0.05)
    index = Codes(codes)
    expected = index.search(codes[:64], 10, threads=1)
    values = signs_of(codes[:64]) * np.random.default_rng(0).random((64, 64))
    weighted = index.search(values, 10, threads=1)
    wrong = []

    def ask(threads: int) -> None:
        for _ in range(5):
            hits = index.search(codes[:64], 10, threads=threads)
            again = index.search(values, 10, threads=threads)
            if (hits.ids != expected.ids).any() or (again.ids != weighted.ids).any():
                wrong.append(threads)

    workers = [threading.Thread(target=ask, args=(1 + i % 3,)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


def test_the_codes_are_a_copy():
    codes = drawn(100, 8)
    index = Codes(codes)
    before = index.search(codes[:5], 3).ids
    asked = codes[:5].copy()
    codes[:] = 0
    assert (index.search(asked, 3).ids == before).all()


# Weighted and asymmetric distance.


def asymmetric(values: NDArray, codes: NDArray[np.uint8]) -> NDArray[np.float64]:
    signs = signs_of(codes)
    return np.array(
        [(np.abs(row) * (signs != np.where(row > 0, 1, -1))).sum(axis=1) for row in values]
    ).reshape(len(values), len(codes))


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(0, 200),
    width=st.integers(1, 40),
    queries=st.integers(1, 4),
    k=st.integers(1, 220),
    seed=st.integers(0, 2**32 - 1),
)
def test_weighted_and_asymmetric_distances_of_whole_numbers_are_exact(
    rows, width, queries, k, seed
):
    rng = np.random.default_rng(seed)
    codes = drawn(rows, width, seed, flips=0.1)
    asked = drawn(queries, width, seed + 1)
    index = Codes(codes)
    values = rng.integers(-20, 20, (queries, 8 * width)).astype(np.float32)
    check_nearest(index.search(values, k), asymmetric(values, codes), k)
    for weights in (rng.integers(0, 9, 8 * width), rng.integers(0, 9, (queries, 8 * width))):
        model = asymmetric(signs_of(asked) * weights, codes)
        check_nearest(index.search(asked, k, weights=weights.astype(np.float32)), model, k)
        one = index.search(asked[0], k, weights=np.atleast_2d(weights)[0].astype(np.float32))
        found = min(k, rows)
        assert (one.distances[:found] == np.sort(model[0])[:found]).all()


def test_weights_of_one_are_hamming_distance():
    codes = drawn(500, 16)
    asked = drawn(20, 16, 1)
    index = Codes(codes)
    plain, weighted = index.search(asked, 50), index.search(asked, 50, weights=np.ones(128))
    assert (plain.ids == weighted.ids).all()
    assert (plain.distances == weighted.distances).all()


def test_asymmetric_search_finds_more_of_the_true_neighbours():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((5000, 40)).astype(np.float32)
    queries = rng.standard_normal((200, 40)).astype(np.float32)
    family = Hyperplanes(40, 64)
    index = Codes(family.encode(rows))
    units = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (queries, rows)]
    truth = np.argsort(-(units[0] @ units[1].T), axis=1)[:, :10]

    def recall(ids):
        return np.mean([len(set(a) & set(b)) / 10 for a, b in zip(ids, truth, strict=True)])

    by_bits = recall(index.search(family.encode(queries), 10).ids)
    by_values = recall(index.search(family.values(queries), 10).ids)
    # Some 4 standard errors of the mean of 200 recalls apart.
    assert by_values > by_bits + 0.03


# Hash, then the metric.


def exact_distances(metric: str, queries: NDArray, rows: NDArray) -> NDArray[np.float64]:
    q, x = queries.astype(np.float64), rows.astype(np.float64)
    if metric == "l2":
        return ((q[:, None] - x[None]) ** 2).sum(axis=2)
    if metric == "ip":
        return -(q @ x.T)
    if metric == "cosine":
        lengths = np.linalg.norm(q, axis=1)[:, None] * np.linalg.norm(x, axis=1)[None]
        return 1 - (q @ x.T) / lengths
    return (q[:, None] - x[None]).var(axis=2) / q.var(axis=1)[:, None]


@pytest.mark.parametrize("metric", ["l2", "cosine", "ip", "snr"])
def test_candidates_are_the_nearest_codes_and_the_metric_orders_them(metric):
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((900, 20)).astype(np.float32)
    queries = rng.standard_normal((15, 20)).astype(np.float32)
    distances = exact_distances(metric, queries, rows)
    family = ITQ(16).fit(rows, rounds=5)
    index = Codes(family.encode(rows))
    hashed = HashedVectors(family, rows, metric=metric)
    assert len(hashed) == 900
    for by_values, asked in ((False, family.encode(queries)), (True, family.values(queries))):
        near = index.search(asked, 60).ids
        expected = np.take_along_axis(distances, near, axis=1)
        order = np.lexsort((near, expected), axis=1)[:, :10]
        for threads in (1, 3):
            hits = hashed.search(queries, 10, candidates=60, asymmetric=by_values, threads=threads)
            assert (hits.ids == np.take_along_axis(near, order, axis=1)).all()
            model = np.take_along_axis(expected, order, axis=1)
            assert np.abs(hits.distances - model).max() < 2e-5
    # All of them as candidates: the exact answer.
    exact = hashed.search(queries, 10, candidates=900)
    assert (exact.ids == np.argsort(distances, axis=1)[:, :10]).all()
    one = hashed.search(queries[3], 10, candidates=900)
    assert (one.ids == exact.ids[3]).all()


def test_more_neighbours_than_candidates_or_rows():
    rows = np.random.default_rng(0).standard_normal((30, 8)).astype(np.float32)
    hashed = HashedVectors(CrossPolytope(8, 32), rows, metric="cosine")
    assert (hashed.search(rows, 20, candidates=5).counts == 20).all()
    hits = hashed.search(rows, 50)
    assert (hits.counts == 30).all()
    assert (hits.ids[:, 0] == np.arange(30)).all()
    empty = HashedVectors(CrossPolytope(8, 32), rows[:0], metric="cosine")
    assert (empty.search(rows, 3).ids == -1).all()


@pytest.mark.parametrize("metric", ["hamming", "jaccard"])
def test_bits_are_reranked_by_their_own_metrics(metric):
    bits = np.random.default_rng(0).random((400, 100)) < 0.3
    hashed = HashedVectors(BitSampling(100, 64), bits, metric=metric)
    hits = hashed.search(bits[:20], 5, candidates=400)
    both = (bits[:20, None] & bits[None]).sum(axis=2)
    either = (bits[:20, None] | bits[None]).sum(axis=2)
    model = either - both if metric == "hamming" else 1 - both / either
    order = np.argsort(model, axis=1, kind="stable")[:, :5]
    assert np.abs(hits.distances - np.take_along_axis(model, order, axis=1)).max() < 1e-6


# What is refused, and how.


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Codes(drawn(3, 2)[0]), "codes must have two axes"),
        (lambda: Codes(np.empty((3, 0), np.uint8)), "from 8 to 65536, got 0"),
        (lambda: Codes(np.ones((3, 12), bool)), "multiple of 8 bits from 8 to 65536, got 12"),
        (
            lambda: Codes(drawn(3, 2), method="best"),
            "method must be one of auto, scan, multi_index",
        ),
        (lambda: Codes(drawn(3, 2)).search(drawn(1, 3)), "queries must have 2 bytes"),
        (
            lambda: Codes(drawn(3, 2)).search(np.ones((1, 8), bool)),
            "queries must have dim 16, got 8",
        ),
        (lambda: Codes(drawn(3, 2)).search(np.ones((1, 8))), "queries must have dim 16, got 8"),
        (
            lambda: Codes(drawn(3, 2)).search(np.full((2, 16), np.nan)),
            "queries must be finite.* row 0",
        ),
        (lambda: Codes(drawn(3, 2)).search(drawn(1, 2), k=0), "k must be at least 1"),
        (lambda: Codes(drawn(3, 2)).search_radius(drawn(1, 2), -1), "radius must be at least 0"),
        (
            lambda: Codes(drawn(3, 2)).search(drawn(2, 2), weights=np.full(16, -1.0)),
            "weights must not be below 0, got -1",
        ),
        (
            lambda: Codes(drawn(3, 2)).search(drawn(2, 2), weights=np.ones((3, 16))),
            "as many as queries, 2, got 3",
        ),
        (
            lambda: Codes(drawn(3, 2)).search(np.ones((1, 16)), weights=np.ones(16)),
            "weights go with codes",
        ),
        (lambda: duplicates(drawn(3, 2), -1), "radius must be at least 0"),
        (lambda: duplicate_groups(drawn(3, 2)[0], 1), "codes must have two axes"),
        (
            lambda: HashedVectors(Hyperplanes(4, 8), np.ones((2, 4)), metric="hamming"),
            r"metric must be one of l2, .* for Hyperplanes\(dim=4, bits=8\), got 'hamming'",
        ),
        (
            lambda: HashedVectors(CrossPolytope(4, 8), np.eye(4)).search(
                np.ones((1, 4)), asymmetric=True
            ),
            "asymmetric compares the values of a query",
        ),
        (lambda: HashedVectors(Hyperplanes(4, 8), np.ones(4)), "vectors must have two axes"),
        (
            lambda: HashedVectors(Hyperplanes(4, 8), np.full((2, 4), np.inf)),
            "vectors row 0 holds an infinite value",
        ),
        (
            lambda: HashedVectors(Hyperplanes(4, 8), np.eye(4)).search(np.full(4, np.nan)),
            "queries row 0 holds NaN",
        ),
        (
            lambda: HashedVectors(Hyperplanes(4, 8), np.eye(4), metric="snr").search(np.ones(4)),
            "queries row 0 has zero variance",
        ),
        (lambda: HashedVectors(ITQ(8), np.eye(8)), "call fit first"),
    ],
)
def test_bad_values_are_refused(call, said):
    with pytest.raises(
        InvalidArgumentError if "fit first" not in said else NotFittedError, match=said
    ):
        call()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Codes(np.zeros((3, 2), np.int64)), "codes must be packed uint8 or bool"),
        (lambda: Codes(drawn(3, 2)).search_radius(drawn(1, 2), 1.5), "radius must be an integer"),
        (
            lambda: Codes(drawn(3, 2)).search_radius(np.ones((1, 16)), 1),
            "queries must be packed uint8 or bool",
        ),
        (lambda: HashedVectors(MinHash(8), [{1}]), "family must be a hash of vectors or of bits"),
    ],
)
def test_bad_types_are_refused(call, said):
    with pytest.raises(WrongTypeError, match=said):
        call()
