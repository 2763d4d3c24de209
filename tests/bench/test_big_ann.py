"""The class for the filter track of big-ann-benchmarks, driven through that runner's calls."""

from __future__ import annotations

import importlib.util
import pathlib
import sys
import types
from typing import ClassVar

import numpy as np
import pytest

FILE = pathlib.Path(__file__).parents[2] / "bench" / "big_ann" / "lanner.py"
GENERATOR = np.random.default_rng(5)
ROWS, QUERIES, TAGS, DIM, K = 3000, 60, 40, 32, 10
RANKS = np.arange(1, TAGS + 1)


class Csr:
    """The parts of a sparse matrix that the class reads."""

    def __init__(self, lists, columns):
        self.indptr = np.cumsum([0, *map(len, lists)]).astype(np.int64)
        self.indices = np.array([each for some in lists for each in some], np.int32)
        self.shape = (len(lists), columns)


class BaseFilterANN:
    """The calls that the runner makes, and what they do where an algorithm is silent."""

    def done(self):
        pass

    def get_memory_usage(self):
        return 1000.0

    def get_additional(self):
        return {}


class FilterTask:
    """u8 vectors with tags of unequal frequency, and queries that want one or two of them."""

    base = GENERATOR.integers(0, 256, (ROWS, DIM), np.uint8)
    queries = GENERATOR.integers(0, 256, (QUERIES, DIM), np.uint8)
    # In no order within a row, as a matrix may have them.
    tags: ClassVar = [
        GENERATOR.permutation(np.flatnonzero(GENERATOR.random(TAGS) < 0.6 / RANKS))
        for _ in range(ROWS)
    ]
    wanted: ClassVar = [
        GENERATOR.choice(TAGS // 2, size=1 + number % 2, replace=False) for number in range(QUERIES)
    ]
    kind = "knn_filtered"

    def get_dataset(self):
        return self.base

    def get_queries(self):
        return self.queries

    def get_dataset_metadata(self):
        return Csr(self.tags, TAGS)

    def get_queries_metadata(self):
        return Csr(self.wanted, TAGS)

    def search_type(self):
        return self.kind


class PlainTask(FilterTask):
    kind = "knn"


@pytest.fixture
def module(monkeypatch):
    """Import lanner.py with doubles of the modules that it finds in that project."""
    for name in ("benchmark", "benchmark.datasets", "neurips23", "neurips23.filter"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    base = types.ModuleType("neurips23.filter.base")
    base.BaseFilterANN = BaseFilterANN
    monkeypatch.setitem(sys.modules, "neurips23.filter.base", base)
    sys.modules["benchmark.datasets"].DATASETS = {"filtered": FilterTask, "plain": PlainTask}
    spec = importlib.util.spec_from_file_location("neurips23.filter.lanner.lanner", FILE)
    imported = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(imported)
    return imported


def drive(algorithm, name, task, arguments):
    """Answers, by the runner's calls in the runner's order."""
    before = algorithm.get_memory_usage()
    if not algorithm.load_index(name):
        algorithm.fit(name)
    assert algorithm.get_memory_usage() - before >= 0
    algorithm.set_query_arguments(arguments)
    queries = task.get_queries()
    for _ in range(2):
        if task.search_type() == "knn":
            algorithm.query(queries, K)
        else:
            algorithm.filtered_query(queries, task.get_queries_metadata(), K)
        results = algorithm.get_results()
        assert results.shape == (len(queries), K)
    assert str(algorithm)
    assert algorithm.get_additional() == {}
    algorithm.done()
    return results


def distances(query):
    return ((FilterTask.base.astype(np.int64) - query) ** 2).sum(axis=1)


def test_recall_among_rows_with_all_tags_is_one(module):
    results = drive(module.Lanner("euclidean", {}), "filtered", FilterTask(), {})
    assert results.dtype == np.int32
    sizes = set()
    for query, wanted, rows in zip(FilterTask.queries, FilterTask.wanted, results, strict=True):
        matching = np.array([set(wanted) <= set(tags) for tags in FilterTask.tags])
        away = np.where(matching, distances(query), np.iinfo(np.int64).max)
        count = min(K, int(matching.sum()))
        expected = np.argsort(away, kind="stable")[:count]
        assert rows[:count].tolist() == expected.tolist()
        assert (rows[count:] == -1).all()
        sizes.add(count)
    # Both happen: enough matches, and fewer than asked for.
    assert max(sizes) == K > min(sizes)


def test_tags_are_intersected_whatever_their_order(module):
    postings = module.Postings(Csr([[2, 0], [0], [1, 2, 0], []], 5))
    assert postings.rows_with_all(np.array([2, 0])).tolist() == [0, 2]
    assert postings.rows_with_all(np.array([0, 1])).tolist() == [2]
    assert postings.rows_with_all(np.array([0, 4])).tolist() == []
    assert postings.rows_with_all(np.array([], np.int32)).tolist() == [0, 1, 2, 3]


def test_real_sparse_matrices_are_read(module):
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.csr_matrix(np.array([[1, 0, 1], [0, 0, 1], [1, 1, 1]]))
    assert module.Postings(matrix).rows_with_all(np.array([0, 2])).tolist() == [0, 2]


def test_search_without_a_filter_goes_through_the_graph(module):
    algorithm = module.Lanner("euclidean", {"M": 16, "ef_construction": 200})
    results = drive(algorithm, "plain", PlainTask(), {"ef": 400})
    hits = [
        np.isin(rows, np.argsort(distances(query), kind="stable")[:K]).mean()
        for query, rows in zip(PlainTask.queries, results, strict=True)
    ]
    assert np.mean(hits) >= 0.97
