"""Adapters of the benchmark harness: what each asks of its library."""

from __future__ import annotations

import inspect
import pathlib
import re
from typing import Any

import numpy as np
import pytest

import lanner as library
from bench import cli, filtered, filters, measure, method, methods, records
from bench.dataset import DataSet
from bench.filters import Filter
from bench.methods import lanner as adapter

ROOT = pathlib.Path(__file__).parents[2]


def small(metric: str, rows: int = 500, dim: int = 16) -> DataSet:
    generator = np.random.default_rng(5)
    base = generator.standard_normal((rows, dim)).astype(np.float32)
    queries = generator.standard_normal((40, dim)).astype(np.float32)
    return DataSet("small", metric, base, queries).with_truth()


@pytest.mark.parametrize("metric", ["l2", "cosine", "ip"])
@pytest.mark.parametrize("name", ["numpy", "hnswlib-exact", "usearch-exact", "faiss-flat"])
def test_exact_batches_are_the_nearest_rows_with_any_number_of_threads(
    name: str, metric: str
) -> None:
    made = methods.make(name)
    pytest.importorskip(made.module)
    data = small(metric)
    rows = made.convert(data, data.base)
    made.build(DataSet("small", metric, rows, data.queries), 1)
    made.configure(10)
    queries = made.convert(data, data.queries)
    want = np.stack([made.search(query) for query in queries])
    distances = np.stack([data.distances(query[None], data.base) for query in data.queries])
    near = np.argsort(distances, axis=1)[:, :10]
    # Float32 may exchange neighbours that are nearly as far as each other.
    assert np.mean(want == near) > 0.98
    for threads in (1, 2):
        np.testing.assert_array_equal(made.search_batch(queries, threads), want)


def test_numpy_finds_all_rows_where_there_are_no_more_than_k() -> None:
    made = methods.make("numpy")
    data = small("l2", rows=10)
    made.build(data, 1)
    made.configure(10)
    assert np.sort(made.search_batch(data.queries, 2), axis=1).tolist() == [list(range(10))] * 40


def test_numbers_of_lists_grow_with_the_rows() -> None:
    assert method.list_counts(10_000) == (400, 200, 100)
    assert method.list_counts(250_000) == (2000, 1000, 500)
    faiss = methods.make("faiss-ivf")
    data = small("l2", rows=400)
    assert faiss.grid(data) == [{"nlist": 80}, {"nlist": 40}, {"nlist": 20}]
    probes = [each["nprobe"] for each in faiss.sweep(data, {"nlist": 80}, 10)]
    assert probes == sorted(set(probes))
    assert probes[-2:] == [64, 80]
    refined = methods.make("faiss-ivf-pq-fs").sweep(data, {"nlist": 80}, 10)
    assert refined[-1] == {"nprobe": 80, "k_factor": 128}


def test_passes_go_on_until_the_seconds_are_measured() -> None:
    assert measure.passes(lambda: (20, 0.0625), 1.0) == [320.0] * 16
    assert measure.passes(lambda: (20, 2.0), 1.0) == [10.0] * 3


def test_settings_next_to_the_recalls_that_are_told_are_timed() -> None:
    assert filtered.worth_timing([0.5, 0.8, 0.91, 0.96, 0.97, 0.98, 0.995]) == [1, 2, 3, 5, 6]
    assert filtered.worth_timing([1.0]) == [0]
    # What is not reached shows the best that there is.
    assert filtered.worth_timing([0.2, 0.6, 0.5]) == [1]
    assert filtered.worth_timing([0.2, 0.94, 0.93]) == [0, 1]


TREES = [
    ({"op": "==", "column": "year", "value": 2020}, {"year": {"$eq": 2020}}),
    ({"op": "in", "column": "year", "values": [1, 2]}, {"year": {"$in": [1, 2]}}),
    (
        {"op": "between", "column": "date", "low": "2020-01-01", "high": "2020-02-01"},
        {"date": {"$gte": "2020-01-01", "$lte": "2020-02-01"}},
    ),
    ({"op": "contains", "column": "tags", "value": "x"}, {"tags": {"$contains": "x"}}),
]


@pytest.mark.parametrize(("tree", "written"), TREES)
def test_tree_becomes_the_dict_that_a_user_writes(
    tree: dict[str, Any], written: dict[str, Any]
) -> None:
    assert adapter.as_dict(tree) == written
    both = {"op": "and", "args": [tree, {"op": "or", "args": [tree, tree]}]}
    assert adapter.as_dict(both) == {"$and": [written, {"$or": [written, written]}]}


def test_lanner_gets_the_columns_and_the_filter_as_a_dict_at_each_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[tuple[str, Any]] = []

    class Index:
        def __init__(self, *_: Any, **__: Any) -> None:
            pass

        def add(self, vectors: Any, *, attributes: Any, threads: int) -> None:
            calls.append(("add", attributes))

        def search(self, query: Any, k: int, *, filter: Any, ef: int) -> Any:
            calls.append(("search", filter))
            return library.Hits(np.arange(k), np.zeros(k, np.float32), k)

    monkeypatch.setattr(library, "Index", Index)
    made, data = methods.make("lanner"), small("l2")
    columns = {"year": [2020] * len(data.base)}
    made.build_filtered(data, columns, 1, M=16)
    made.configure(10, ef=20)
    mask = np.arange(len(data.base)) < 9
    for tree in (TREES[0][0], {"op": "rows", "mask": mask}):
        each = Filter("kind", 0.1, 0, tree, mask, np.zeros(9))
        assert made.search_filtered(data.queries[0], made.prepare(each)).tolist() == list(range(10))
    assert calls[:2] == [("add", columns), ("search", TREES[0][1])]
    assert calls[2][1] is mask


def test_lanner_without_filters_says_so() -> None:
    if "filter" in inspect.signature(library.Index.search).parameters:
        pytest.skip("this version has filters")
    with pytest.raises(method.NotHereError, match="no filters in this version"):
        methods.make("lanner").build_filtered(small("l2"), {}, 1)


def test_lanner_under_filters_finds_what_numpy_finds() -> None:
    if "filter" not in inspect.signature(library.Index.search).parameters:
        pytest.skip("this version has no filters")
    generator = np.random.default_rng(6)
    data = small("l2")
    years = generator.integers(2000, 2010, len(data.base)).tolist()
    data.read_attributes = lambda: {"year": years}
    ours, theirs = methods.make("lanner"), methods.make("numpy")
    ours.build_filtered(data, {"year": years}, 1, M=16, ef_construction=200)
    theirs.build(data, 1)
    ours.configure(10, ef=200)
    theirs.configure(10)
    for each in filters.of(data, 10)[::20]:
        query = data.queries[each.query]
        want = theirs.search_filtered(query, theirs.prepare(each))
        found = ours.search_filtered(query, ours.prepare(each))
        assert set(found[found >= 0]) == set(want[:10])


def test_example_of_the_readme_is_a_method(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
    (tmp_path / "projection.py").write_text(example, encoding="utf-8")
    monkeypatch.setenv("LANNER_BENCH_METHODS", "projection")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    monkeypatch.syspath_prepend(tmp_path)
    out = tmp_path / "mine.jsonl"
    command = f"run --data demo --methods projection --seconds 0.01 --out {out}"
    assert cli.main([*command.split(), "--cache", str(tmp_path / "cache")]) == 0
    assert "demo has 4,000 rows" in capsys.readouterr().out
    found = records.read([out])
    assert [record["status"] for record in found] == ["ok", "ok"]
    assert max(point["recall"]["10"] for point in found[0]["points"]) > 0.9
    machine = found[0]["machine"]
    assert machine["lanner"] == library.__version__
    assert machine["installed"]["hash"]
