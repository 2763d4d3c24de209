"""Batches of an exact index answer as single queries do, bit for bit, whatever the numbers.

Batches are sifted by inner products first: nothing that rounding does to those may lose a row.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import lanner

METRICS = ("l2", "cosine", "ip")
KINDS = (
    "normal",
    "far from zero",
    "short",
    "shortest",
    "short and alike",
    "long",
    "unlike lengths",
    "sparse",
    "few",
    "clusters",
    "spikes",
    "nearly equal",
)
LARGEST = {"float32": 1e17, "bfloat16": 1e17, "float16": 100.0}


def vectors(rng: np.random.Generator, kind: str, dtype: str, count: int, dim: int) -> np.ndarray:
    """Rows and queries of one kind come from one draw, so that they lie near one another."""
    rows = rng.standard_normal((count, dim))
    if kind == "far from zero":
        rows = rows * 1e-3 + 50.0
    elif kind == "short":
        rows *= 1e-12
    elif kind == "shortest":
        rows *= 10.0 ** rng.uniform(-45, -15, (count, 1))
    elif kind == "short and alike":
        rows = (rows * 1e-3 + rng.standard_normal(dim)) * 10.0 ** rng.uniform(-22.5, -21.5)
    elif kind == "long":
        rows *= LARGEST[dtype]
    elif kind == "unlike lengths":
        top = np.log10(LARGEST[dtype])
        rows *= 10.0 ** rng.uniform(-top, top, (count, 1)) / np.sqrt(dim)
    elif kind == "sparse":
        rows *= rng.random((count, dim)) < 0.1
    elif kind == "few":
        rows = rng.integers(-1, 2, (count, dim)).astype(np.float64)
    elif kind == "spikes":
        rows[np.arange(count), rng.integers(0, dim, count)] *= -1e3
    elif kind == "nearly equal":
        rows = rng.standard_normal(dim) * (1 + rng.integers(-2, 3, (count, dim)) * 2.0**-23)
    elif kind == "clusters":
        rows = rows * 1e-4 + rng.standard_normal((5, dim))[rng.integers(0, 5, count)]
    return rows.astype(np.float32)


def check(
    kind: str, metric: str, dtype: str, dim: int, count: int, asked: int, k: int, seed: int
) -> None:
    """Compare one call for all queries with a call for each."""
    rng = np.random.default_rng(seed)
    drawn = vectors(rng, kind, dtype, count + asked, dim)
    drawn = drawn[rng.permutation(count + asked)]
    index = lanner.Index(dim, metric, dtype, graph=None)
    ids = index.add(drawn[asked:])
    index.remove(ids[rng.random(count) < 0.1])
    queries = drawn[:asked]
    batch = index.search(queries, k)
    for i, query in enumerate(queries):
        single = index.search(query, k)
        assert np.array_equal(batch.ids[i], single.ids)
        assert np.array_equal(batch.distances[i], single.distances)
    # Radii of which some rows are exactly at the border.
    radius = float(np.median(batch.distances[:, -1]))
    if not np.isfinite(radius):
        return
    within: Any = index.search_radius(queries, radius)
    for each, query in zip(within, queries, strict=True):
        single = index.search_radius(query, radius)
        assert np.array_equal(each.ids, single.ids)
        assert np.array_equal(each.distances, single.distances)


@settings(deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    metric=st.sampled_from(METRICS),
    dtype=st.sampled_from(["float32", "float16", "bfloat16"]),
    dim=st.one_of(st.integers(1, 40), st.integers(41, 300)),
    count=st.integers(0, 1500),
    asked=st.integers(1, 70),
    k=st.one_of(st.integers(1, 20), st.integers(21, 300)),
    seed=st.integers(0, 2**32 - 1),
)
@example(kind="normal", metric="l2", dtype="float32", dim=24, count=1500, asked=600, k=10, seed=1)
def test_a_batch_answers_as_its_queries_one_by_one(kind, metric, dtype, dim, count, asked, k, seed):
    check(kind, metric, dtype, dim, count, asked, k, seed)


@pytest.mark.parametrize("metric", METRICS)
def test_rows_as_long_as_can_be(metric):
    for kind in ("normal", "spikes", "few"):
        check(kind, metric, "float32", 65536, 250, 20, 3, 5)


@pytest.mark.parametrize("level", lanner.isa().available)
def test_batches_are_the_same_at_every_level(level):
    code = (
        "from test_batches import *\n"
        f"assert lanner.isa().active == {level!r}\n"
        "for kind in KINDS:\n"
        "    for metric in METRICS:\n"
        "        check(kind, metric, 'float32', 100, 900, 70, 10, 1)\n"
    )
    environment = {
        **os.environ,
        "LANNER_ISA": level,
        "PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), *sys.path]),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("metric", METRICS)
def test_batches_on_several_threads_are_those_on_one(metric, rng):
    rows = rng.standard_normal((20_000, 16)).astype(np.float32)
    index = lanner.Index(16, metric, graph=None)
    index.add(rows)
    queries = rng.standard_normal((130, 16)).astype(np.float32)
    one = index.search(queries, 10, threads=1)
    for threads in (2, 5):
        several = index.search(queries, 10, threads=threads)
        assert np.array_equal(one.ids, several.ids)
        assert np.array_equal(one.distances, several.distances)
