"""Recall of the graph with its defaults, on real data, against exact search."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lanner

SHARED = Path(__file__).parents[2] / "shared" / "data"
# What is promised is 0.95. Recall over 200 queries of 10 neighbours has a standard error of some
# 0.004 at 0.98, so a threshold is put no nearer than five of those below what was measured.
PROMISED = 0.95


def test_recall_on_the_demo_data(papers):
    index = lanner.Index(384)
    index.add(papers.vectors)
    assert index.measure_recall(papers.queries, k=10) >= 0.95


@pytest.mark.parametrize("metric", ["l2", "ip", "snr", "snr_item"])
def test_recall_under_other_metrics(papers, metric):
    # Scaled at random, so that norms matter and the metrics rank differently.
    scales = np.exp(np.random.default_rng(0).normal(0, 0.3, (4000, 1)))
    index = lanner.Index(384, metric)
    index.add(papers.vectors * scales)
    assert index.measure_recall(papers.queries, k=10) >= PROMISED


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int8"])
def test_recall_of_other_dtypes(papers, dtype):
    index = lanner.Index(384, "cosine", dtype)
    scale = 300 if dtype == "int8" else 1
    index.add(np.round(papers.vectors * scale) if dtype == "int8" else papers.vectors)
    queries = np.round(papers.queries * scale) if dtype == "int8" else papers.queries
    assert index.measure_recall(queries, k=10) >= PROMISED


@pytest.mark.parametrize("metric", ["hamming", "jaccard"])
def test_recall_on_bits(papers, metric):
    index = lanner.Index(384, metric, "bits")
    index.add(papers.vectors > 0)
    assert index.measure_recall(papers.queries > 0, k=10) >= PROMISED


def test_recall_after_half_of_the_items_were_replaced(papers):
    index = lanner.Index(384)
    index.add(papers.vectors[:2000], range(2000))
    for start in range(0, 2000, 250):
        index.remove(range(start, start + 250))
        index.add(papers.vectors[2000 + start : 2250 + start], range(2000 + start, 2250 + start))
    assert sorted(index) == list(range(2000, 4000))
    index.validate()
    assert index.measure_recall(papers.queries, k=10) >= PROMISED


def test_recall_is_that_of_one_build_when_added_one_by_one(papers):
    index = lanner.Index(384)
    for row in range(1000):
        index.add(papers.vectors[row])
    assert index.measure_recall(papers.queries, k=10) >= PROMISED


def shared(name: str) -> tuple[np.ndarray, np.ndarray, str]:
    if name == "papers":
        folder = SHARED / "papers"
        if not folder.is_dir():
            pytest.skip("the data set is not here")
        base = np.load(folder / "base.f16.npy", mmap_mode="r")
        return base[:20_000], np.load(folder / "query.f16.npy")[:200], "cosine"
    path = SHARED / name / f"{name}.npz"
    if not path.is_file():
        pytest.skip("the data set is not here")
    with np.load(path) as arrays:
        return arrays["base"][:20_000], arrays["query"][:200], "l2"


@pytest.mark.parametrize(("name", "least"), [("papers", 0.95), ("mnist", 0.95), ("sift250k", 0.95)])
def test_recall_on_shared_data(name, least):
    base, queries, metric = shared(name)
    index = lanner.Index(base.shape[1], metric)
    index.add(base)
    assert index.measure_recall(queries, k=10) >= least
