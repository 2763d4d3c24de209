"""Filters of the benchmark harness, against Python's own comparison."""

import datetime

import numpy as np
import pytest

from bench import filters, sets
from bench.dataset import DataSet, FilterSpec

COLUMNS = {
    "year": [2020, None, 2021, 2022, 2020, 2019],
    "name": ["a", "b", None, "a", "c", "b"],
    "date": [datetime.date(2020, 1, day) for day in range(1, 6)] + [None],
    "tags": [["x", "y"], [], None, ["y"], ["y", "y"], ["z"]],
}


@pytest.fixture
def data():
    generator = np.random.default_rng(0)
    base = generator.standard_normal((6, 4)).astype(np.float32)
    return DataSet("six", "l2", base, base[:2] + 0.1, read_attributes=lambda: COLUMNS)


@pytest.mark.parametrize(
    ("tree", "rows"),
    [
        ({"op": "==", "column": "year", "value": 2020}, [0, 4]),
        ({"op": "==", "column": "name", "value": "b"}, [1, 5]),
        ({"op": "in", "column": "year", "values": [2019, 2022]}, [3, 5]),
        ({"op": "in", "column": "name", "values": ["a", "c"]}, [0, 3, 4]),
        ({"op": "in", "column": "name", "values": []}, []),
        ({"op": "between", "column": "year", "low": 2020, "high": 2021}, [0, 2, 4]),
        ({"op": "between", "column": "date", "low": "2020-01-02", "high": "2020-01-04"}, [1, 2, 3]),
        ({"op": "contains", "column": "tags", "value": "y"}, [0, 3, 4]),
        ({"op": "contains", "column": "tags", "value": "none"}, []),
    ],
)
def test_tree_admits_the_rows_that_satisfy_it(data, tree, rows):
    assert np.flatnonzero(filters.Columns(data).mask(tree)).tolist() == rows


def test_and_and_or_combine(data):
    year = {"op": "==", "column": "year", "value": 2020}
    name = {"op": "==", "column": "name", "value": "a"}
    columns = filters.Columns(data)
    both = columns.mask({"op": "and", "args": [year, name]})
    either = columns.mask({"op": "or", "args": [year, name]})
    assert np.flatnonzero(both).tolist() == [0]
    assert np.flatnonzero(either).tolist() == [0, 3, 4]


def test_unknown_column_and_operation_are_named(data):
    columns = filters.Columns(data)
    with pytest.raises(KeyError, match="'yaer'; there are date, name, tags, year"):
        columns.mask({"op": "==", "column": "yaer", "value": 1})
    with pytest.raises(ValueError, match="no operation 'near'"):
        columns.mask({"op": "near", "column": "year", "value": 1})


def test_exact_answers_are_those_among_the_matching_rows(data):
    data.filters = [FilterSpec("equal", 1, {"op": "==", "column": "name", "value": "a"})]
    found = [each for each in filters.of(data, 10) if each.kind == "equal"]
    (only,) = found
    assert only.rows.tolist() == [0, 3]
    want = np.sort(data.distances(data.queries[1][None], data.base[[0, 3]]))
    np.testing.assert_allclose(only.truth[:2], want, rtol=1e-9)
    assert np.isinf(only.truth[2:]).all()


def same(one, other):
    assert (one.kind, one.selectivity, one.query) == (other.kind, other.selectivity, other.query)
    np.testing.assert_array_equal(one.mask, other.mask)
    np.testing.assert_array_equal(one.truth, other.truth)


def test_filters_are_kept_in_the_cache_by_all_that_they_follow_from(data, tmp_path, monkeypatch):
    data.filters = [
        FilterSpec("range", 1, {"op": "between", "column": "year", "low": 2020, "high": 2021}),
        FilterSpec("equal", 0, {"op": "==", "column": "name", "value": "a"}),
    ]
    made = filters.of(data, 3, tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    with monkeypatch.context() as patch:
        patch.setattr(filters, "_answered", None)
        kept = filters.of(data, 3, tmp_path)
    assert len(kept) == len(made) == 2 + 9 * filters.PER_KIND
    for one, other in zip(made, kept, strict=True):
        same(one, other)
        assert one.tree["op"] == other.tree["op"]
    assert {each.tree["op"] for each in kept} == {"between", "==", "rows"}
    # Other columns under the same vectors, other filters, another depth: other answers.
    data.read_attributes = lambda: {**COLUMNS, "name": ["a"] * 6}
    (equal,) = [each for each in filters.of(data, 3, tmp_path) if each.kind == "equal"]
    assert equal.matches == 6
    filters.of(data, 4, tmp_path)
    data.filters.pop()
    filters.of(data, 4, tmp_path)
    assert len(list(tmp_path.iterdir())) == 4


def test_dates_are_drawn_and_match(data):
    data.read_attributes = lambda: {"date": COLUMNS["date"]}
    found = [each for each in filters.of(data, 3) if each.kind != "random"]
    by_kind = {kind: [each for each in found if each.kind == kind] for kind in ("equal", "range")}
    assert by_kind["equal"]
    assert by_kind["range"]
    for each in by_kind["equal"]:
        day = int(each.tree["value"][-2:])
        assert each.rows.tolist() == [day - 1]


def test_columns_may_be_arrays(data):
    data.read_attributes = lambda: {"year": np.array([2020, 2021, 2020, 2022, 2019, 2021])}
    found = filters.of(data, 3)
    assert {each.kind for each in found} >= {"equal", "in", "range"}
    tree = {"op": "==", "column": "year", "value": 2020}
    assert np.flatnonzero(filters.Columns(data).mask(tree)).tolist() == [0, 2]


def test_bands_are_symmetric():
    assert [filters.band(share) for share in filters.SELECTIVITIES] == list(filters.SELECTIVITIES)
    assert filters.band(0.0) == filters.SELECTIVITIES[0]
    assert filters.band(1.0) == filters.SELECTIVITIES[-1]
    assert filters.band(0.03) == 0.05
    assert filters.band(0.97) == 0.99


def test_drawn_filters_cover_kinds_and_selectivities():
    found = filters.of(sets.load("demo"), 10)
    kinds = {each.kind for each in found}
    assert kinds >= {"equal", "in", "range", "tag", "and", "or", "random", "positive", "negative"}
    random = [each for each in found if each.kind == "random"]
    assert {each.selectivity for each in random} >= {0.01, 0.05, 0.1, 0.2, 0.5, 0.9, 0.99}
    for each in found[::50]:
        assert each.mask.any()
        assert np.isfinite(each.truth[: min(10, each.mask.sum())]).all()


def test_correlated_filters_lie_near_and_far():
    found = filters.of(sets.load("demo"), 10)
    data = sets.load("demo")

    def distance(kind):
        some = [each for each in found if each.kind == kind and each.selectivity == 0.1]
        queries = data.queries[[each.query for each in some]]
        means = [
            data.distances(query[None], data.base[each.rows]).mean()
            for query, each in zip(queries, some, strict=True)
        ]
        return np.mean(means)

    assert distance("positive") < distance("random") < distance("negative")
