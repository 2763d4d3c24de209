"""Filters over codes, hashed vectors and tables of hashes, against brute force over the rows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from code_data import hamming
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lanner import InvalidArgumentError, WrongTypeError, col
from lanner.hashing import Codes, HashedVectors, Hyperplanes, LSHIndex


def table(rows: int, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "year": rng.integers(2000, 2020, rows),
        "kind": [f"k{number}" for number in rng.integers(0, 7, rows)],
        # The first one tells the type.
        "tags": [["t1"]] * min(rows, 1)
        + [[f"t{each}" for each in rng.integers(0, 5, n)] for n in rng.integers(0, 4, rows)[1:]],
    }


# Each form of a filter beside what it lets through.
def forms(columns: dict[str, Any]) -> list[tuple[Any, NDArray[np.bool_]]]:
    year = np.asarray(columns["year"])
    kind = np.array(columns["kind"])
    tagged = np.array(["t1" in tags for tags in columns["tags"]])
    rows = np.arange(len(year))
    few = rows[:: max(len(rows) // 3, 1)]
    return [
        (col("year") >= 2010, year >= 2010),
        ("year < 2003 and 't1' in tags", (year < 2003) & tagged),
        ({"kind": {"$in": ["k1", "k4"]}}, np.isin(kind, ["k1", "k4"])),
        (~(col("kind") == "k0"), kind != "k0"),
        (few.astype(np.int64), np.isin(rows, few)),
        (rows % 3 == 0, rows % 3 == 0),
        (lambda row: row % 50 == 7, rows % 50 == 7),
        (col("year") > 3000, rows < 0),
        (col.id.isin([1, 5, 10**9]), np.isin(rows, [1, 5])),
        ({}, rows >= 0),
    ]


def check_nearest(hits: Any, distances: NDArray[Any], masks: list[Any], k: int) -> None:
    """The k nearest of the rows that match, ties by row."""
    for query, mask in enumerate(masks):
        matching = np.flatnonzero(mask)
        order = matching[np.argsort(distances[query, matching], kind="stable")][:k]
        found = hits[query]
        assert (found.ids == order).all()
        assert len(found.ids) == min(k, len(matching))
        assert np.allclose(found.distances, distances[query, order], rtol=1e-5, atol=1e-5)


def check_within(hits: Any, distances: NDArray[Any], masks: list[Any], radius: float) -> None:
    for query, mask in enumerate(masks):
        matching = np.flatnonzero(mask & (distances[query] <= radius))
        order = matching[np.argsort(distances[query, matching], kind="stable")]
        assert (hits[query].ids == order).all()


@settings(max_examples=80, deadline=None)
@given(
    rows=st.integers(0, 400),
    width=st.sampled_from([1, 4, 8, 13, 32]),
    k=st.integers(1, 60),
    method=st.sampled_from(["auto", "scan", "multi_index"]),
    form=st.integers(0, 9),
    threads=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_codes_under_any_filter(rows, width, k, method, form, threads, seed):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 256, (rows, width), dtype=np.uint8) & 0x37
    asked = rng.integers(0, 256, (5, width), dtype=np.uint8) & 0x37
    columns = table(rows, seed)
    index = Codes(codes, method=method, attributes=columns if rows else None)
    by, mask = forms(columns)[form] if rows else ({}, np.zeros(0, bool))
    distances = hamming(asked, codes) if rows else np.zeros((5, 0))
    hits = index.search(asked, k, filter=by, threads=threads)
    check_nearest(hits, distances, [mask] * 5, k)
    check_within(
        index.search_radius(asked, 2 * width, filter=by, threads=threads),
        distances,
        [mask] * 5,
        2 * width,
    )
    # Sums of float32 in another order than NumPy's.
    weights = rng.integers(0, 8, 8 * width).astype(np.float32)
    bits = np.unpackbits(codes, axis=1, bitorder="little").astype(float)
    other = np.unpackbits(asked, axis=1, bitorder="little").astype(float)
    weighted = np.abs(other[:, None] - bits[None]) @ weights if rows else distances
    hits = index.search(asked, k, weights=weights, filter=by, threads=threads)
    check_nearest(hits, weighted, [mask] * 5, k)


@pytest.mark.parametrize("method", ["auto", "scan", "multi_index"])
@pytest.mark.parametrize("width", [3, 8])
def test_many_codes_with_a_filter_for_each_query(method, width):
    rows = 40_000
    rng = np.random.default_rng(width)
    few = rng.integers(0, 2, (300, 8 * width))
    bits = few[rng.integers(0, 300, rows + 10)] ^ (rng.random((rows + 10, 8 * width)) < 0.03)
    codes, asked = np.split(np.packbits(bits, axis=1, bitorder="little"), [rows])
    columns = table(rows)
    index = Codes(codes, method=method, attributes=columns)
    filters = [each for each, _ in forms(columns)]
    masks = [mask for _, mask in forms(columns)]
    distances = hamming(asked, codes)
    for k in (1, 10, 500):
        check_nearest(index.search(asked, k, filter=filters), distances, masks, k)
    for radius in (0, 1, 4, 9):
        check_within(index.search_radius(asked, radius, filter=filters), distances, masks, radius)
    values = (2.0 * bits[rows:] - 1) * rng.integers(1, 9, (10, 8 * width))
    signs = 2.0 * bits[:rows] - 1
    real = (np.abs(values).sum(axis=1)[:, None] - values @ signs.T) / 2
    for k in (10, 500):
        hits = index.search(values.astype(np.float32), k, filter=filters)
        check_nearest(hits, real, masks, k)
    alone = index.search(asked[0], 5, filter=filters[0], attributes=["year", "kind"])
    assert set(alone.attributes) == {"year", "kind"}
    assert (alone.attributes["year"] == columns["year"][alone.ids]).all()
    assert (alone.attributes["year"] >= 2010).all()


@pytest.mark.parametrize("asymmetric", [False, True])
def test_hashed_vectors_give_as_many_as_match(asymmetric):
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((3000, 24)).astype(np.float32)
    columns = table(3000)
    hashed = HashedVectors(Hyperplanes(24, 64), vectors, attributes=columns)
    queries = rng.standard_normal((10, 24)).astype(np.float32)
    distances = ((queries[:, None].astype(float) - vectors[None]) ** 2).sum(axis=2)
    pairs = forms(columns)
    # With as many candidates as rows the answer is exact.
    hits = hashed.search(
        queries, 20, filter=[f for f, _ in pairs], candidates=3000, asymmetric=asymmetric
    )
    check_nearest(hits, distances, [mask for _, mask in pairs], 20)
    for by, mask in pairs:
        hits = hashed.search(queries, 20, filter=by, candidates=1, asymmetric=asymmetric)
        assert (hits.counts == min(20, mask.sum())).all()
        assert mask[hits.ids[hits.ids >= 0]].all()


def spread(rows: int, seed: int) -> NDArray[np.float32]:
    """Rows about as hard as real ones: clusters with neighbours of their own."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(1).standard_normal((100, 16))
    chosen = centres[rng.integers(0, 100, rows)]
    return (chosen + 0.5 * rng.standard_normal((rows, 16))).astype(np.float32)


@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_tables_reach_the_recall_under_filters(metric):
    rows, queries = spread(20_000, 2), spread(100, 3)
    columns = table(len(rows))
    index = LSHIndex(rows, metric=metric, attributes=columns)
    if metric == "l2":
        distances = ((queries**2).sum(1)[:, None] - 2 * queries @ rows.T) + (rows**2).sum(1)
    else:
        unit = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in (queries, rows)]
        distances = 1 - unit[0] @ unit[1].T
    for by, mask in forms(columns):
        if not mask.any():
            assert not len(index.search(queries[0], filter=by))
            continue
        hits = index.search(queries, 10, filter=by, recall=0.9)
        assert (hits.counts == min(10, mask.sum())).all()
        assert mask[hits.ids[hits.ids >= 0]].all()
        bound = np.sort(distances[:, mask], axis=1)[:, : int(hits.counts[0])][:, -1:]
        near = np.where(hits.ids >= 0, hits.distances, np.inf) <= bound + 1e-4
        # 0.9 of 1,000 with a margin of three standard deviations, and that of 64 rows measured.
        assert near.sum() / hits.counts.sum() >= 0.85
        few = index.search(queries, 10, filter=by, probes=2)
        assert mask[few.ids[few.ids >= 0]].all()
        radius = float(np.median(bound))
        # A look at everything: more buckets than rows.
        within = index.search_radius(queries, radius, filter=by, probes=len(rows))
        sizes = (distances <= radius)[:, mask].sum(axis=1)
        assert abs(sum(len(each) for each in within) - sizes.sum()) <= 2
        some = index.search_radius(queries, radius, filter=by, recall=0.9)
        for found, all_ in zip(some, within, strict=True):
            assert set(found.ids.tolist()) <= set(all_.ids.tolist())
            assert mask[found.ids].all()
    assert index.probes_for(0.9) <= index.probes_for(0.9, nearest=1000) or not index.probes_for(
        0.9, nearest=1000
    )


def test_tables_of_sets_under_a_filter():
    rng = np.random.default_rng(0)
    sets = [set(rng.integers(0, 40, 12).tolist()) for _ in range(500)]
    index = LSHIndex(sets, metric="jaccard", attributes={"even": np.arange(500) % 2 == 0})
    hits = index.search(sets, 1, filter=col("even"))
    assert (hits.ids[::2, 0] == np.arange(0, 500, 2)).all()
    assert (hits.ids % 2 == 0).all()
    within = index.search_radius(sets[:4], 0.0, filter="not even")
    assert [each.ids.tolist() for each in within] == [[], [1], [], [3]]


def test_hits_within_a_radius_bring_attributes():
    codes, _, tables = indexes({"year": [5, 6, 7, 8] * 2, "kind": list("abcdefgh")})
    rows = np.arange(32, dtype=np.float32).reshape(8, 4)
    for hits in (
        codes.search_radius(rows.astype(np.uint8), 6, filter="year > 5", attributes=True),
        tables.search_radius(rows, 100.0, filter="year > 5", attributes=True, probes=10**6),
    ):
        assert list(hits.attributes) == ["year", "kind"]
        assert hits.attributes["year"].tolist() == (hits.ids % 4 + 5).tolist()
        assert [each.attributes["kind"].tolist() for each in hits] == [
            ["abcdefgh"[row] for row in each.ids] for each in hits
        ]
        assert len(hits.ids) > 8
    assert codes.search_radius(rows[0].astype(np.uint8), 6).attributes is None
    with pytest.raises(InvalidArgumentError, match="there is no column 'month'"):
        tables.search_radius(rows, 1.0, attributes="month")


def indexes(attributes: Any = None, **options: Any) -> list[Any]:
    rows = np.arange(32, dtype=np.float32).reshape(8, 4)
    return [
        Codes(rows.astype(np.uint8), attributes=attributes, **options),
        HashedVectors(Hyperplanes(4, 8), rows, attributes=attributes, **options),
        LSHIndex(rows, attributes=attributes, **options),
    ]


@pytest.mark.parametrize("which", [0, 1, 2])
def test_wrong_filters_say_what_is_wrong(which):
    index = indexes({"year": range(8)})[which]
    query = np.ones(4, np.uint8 if which == 0 else np.float32)
    cases: list[tuple[Any, type[Exception], str]] = [
        ("month == 3", InvalidArgumentError, "there is no column 'month'; there are 'year'"),
        ("year ==", InvalidArgumentError, "filter"),
        ([True] * 7, InvalidArgumentError, "filter must have one entry a row, 8, got 7 entries"),
        (["year > 1", "year > 2"], InvalidArgumentError, "1 queries, 2 filters"),
        (col.id == "x", WrongTypeError, "ids are the numbers of rows"),
        (3.5, WrongTypeError, "filter"),
    ]
    for by, kind, said in cases:
        with pytest.raises(kind, match=said):
            index.search(query, filter=by)
    with pytest.raises(InvalidArgumentError, match="there is no column 'month'"):
        index.search(query, attributes=["month"])


def test_attributes_are_checked_as_those_of_an_index():
    with pytest.raises(InvalidArgumentError, match="rows"):
        indexes({"year": range(7)})
    with pytest.raises(WrongTypeError, match="attributes"):
        indexes([1, 2])
    made = indexes({"year": [1] * 8}, schema={"year": "float64"})
    assert [dict(each.schema) for each in made] == [{"year": "float64"}] * 3
    assert [dict(each.schema) for each in indexes()] == [{}] * 3
    with pytest.raises(InvalidArgumentError, match="column 'month' is not in the schema"):
        indexes({"month": [1] * 8}, schema={"year": "int64"})


def test_filtered_searches_run_side_by_side():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 256, (30_000, 8), dtype=np.uint8)
    columns = table(len(codes))
    index = Codes(codes, attributes=columns)
    asked = codes[:20]
    pairs = [pair for pair in forms(columns) if not isinstance(pair[0], Callable)]  # type: ignore[arg-type]
    wanted = [index.search(asked, 10, filter=by).ids for by, _ in pairs]
    fresh = Codes(codes, attributes=columns)
    failures: list[int] = []

    def run(turn: int) -> None:
        for step in range(3 * len(pairs)):
            at = (turn + step) % len(pairs)
            if not (fresh.search(asked, 10, filter=pairs[at][0]).ids == wanted[at]).all():
                failures.append(at)

    threads = [threading.Thread(target=run, args=(turn,)) for turn in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not failures
