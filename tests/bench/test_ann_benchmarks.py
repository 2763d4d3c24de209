"""The module for ann-benchmarks, driven through the calls of that project's runner."""

from __future__ import annotations

import importlib
import pathlib
import sys
import types

import numpy as np
import pytest

from lanner import demo

FOLDER = pathlib.Path(__file__).parents[2] / "bench" / "ann_benchmarks"
EFS = (20, 200)
COUNT = 10


class BaseANN:
    """The calls that the runner makes, and what they do where an algorithm is silent."""

    def done(self):
        pass

    def get_memory_usage(self):
        return 1000.0

    def get_additional(self):
        return {}

    def __str__(self):
        return self.name


@pytest.fixture
def module(monkeypatch):
    """Import module.py where it would lie: `algorithms.lanner.module` beside `base.module`."""
    names = ("algorithms", "algorithms.base", "algorithms.base.module", "algorithms.lanner")
    for name in names:
        package = types.ModuleType(name)
        package.__path__ = [str(FOLDER)] if name == "algorithms.lanner" else []
        monkeypatch.setitem(sys.modules, name, package)
    sys.modules["algorithms.base.module"].BaseANN = BaseANN
    imported = importlib.import_module("algorithms.lanner.module")
    yield imported
    sys.modules.pop("algorithms.lanner.module", None)


def drive(algorithm, train, test, batch):
    """Yield the answers of each setting, by the runner's calls in the runner's order."""
    try:
        before = algorithm.get_memory_usage()
        algorithm.fit(train)
        assert algorithm.get_memory_usage() - before >= 0
        for ef in EFS:
            algorithm.set_query_arguments(ef)
            if batch:
                algorithm.batch_query(test, COUNT)
                answers = algorithm.get_batch_results()
            else:
                answers = [algorithm.query(each, COUNT) for each in test]
            assert len(answers) == len(test)
            assert str(ef) in str(algorithm)
            assert algorithm.get_additional() == {}
            yield [[int(row) for row in each] for each in answers]
    finally:
        algorithm.done()


def recall(answers, distances):
    """Share of answers that are as near as the tenth nearest row."""
    shares = []
    for rows, all_distances in zip(answers, distances, strict=True):
        assert len(set(rows)) == len(rows) == COUNT
        limit = np.sort(all_distances)[COUNT - 1] + 1e-6
        shares.append(np.mean(all_distances[rows] <= limit))
    return np.mean(shares)


def task(metric):
    papers = demo.load()
    base, queries = papers.vectors.astype(np.float32), papers.queries.astype(np.float32)[:100]
    if metric in ("angular", "euclidean"):
        # Of unit length: the order is the same under both.
        return base, queries, 1 - queries.astype(float) @ base.T.astype(float)
    train, test = base > 0.02, queries > 0.02
    if metric == "hamming":
        return train, test, (test[:, None] != train[None, :]).mean(axis=2)
    shared = test.astype(float) @ train.T.astype(float)
    union = test.sum(axis=1)[:, None] + train.sum(axis=1) - shared
    sets = [[np.flatnonzero(row) for row in rows] for rows in (train, test)]
    return *sets, 1 - shared / union


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("metric", ["angular", "euclidean", "hamming", "jaccard"])
def test_runner_gets_the_nearest_rows(module, metric, batch):
    train, test, distances = task(metric)
    algorithm = module.Lanner(metric, {"M": 16, "ef_construction": 200})
    low, high = (recall(each, distances) for each in drive(algorithm, train, test, batch))
    # 1,000 answers; none was missed when this was written, and 10 may be.
    assert high >= 0.99
    assert low <= high + 0.005


def test_members_that_no_item_has_count_in_the_union(module):
    algorithm = module.Lanner("jaccard", {})
    algorithm.fit([[0, 1], [0, 1, 2, 3, 4, 5]])
    # Of 2 + 40 members: 2/42 against 3/45.
    assert algorithm.query([0, 1, 5, *range(100, 139)], 2).tolist() == [1, 0]


def test_metric_that_lanner_lacks_is_refused(module):
    with pytest.raises(NotImplementedError, match="no metric manhattan"):
        module.Lanner("manhattan", {})


def test_config_names_the_class_and_parameters_that_it_takes(module):
    yaml = pytest.importorskip("yaml")
    config = yaml.safe_load((FOLDER / "config.yml").read_text())
    assert set(config) == {"float", "bit"}
    for metrics in config.values():
        for (entry,) in metrics.values():
            assert hasattr(module, entry["constructor"])
            for group in entry["run_groups"].values():
                assert set(group["arg_groups"][0]) == {"M", "ef_construction"}
