"""Calls beside one another that wait for locks: none waits for ever."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lanner

# A search takes some tenths of a second at least; whatever hangs is ended from outside.
SETTING = """
import os, signal, sys, threading
import numpy as np
import lanner

rng = np.random.default_rng(0)
rows = rng.random((20_000, 32), dtype=np.float32)
queries = rng.random((400, 32), dtype=np.float32)
"""

BY_A_HANDLER = """
index = lanner.Index(32, "l2", graph=None)
index.add(rows)
index.save(sys.argv[1])
index = lanner.open(sys.argv[1], durable=True)


def handler(*_):
    if sys.argv[3] == "close":
        index.close()
    else:
        index.add(rows[:1])
    print("handled", flush=True)
    os._exit(0)


signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.2)
while True:
    if sys.argv[2] == "search":
        index.search(queries, k=10)
    else:
        index.search_radius(queries, 1.5)
"""

BESIDE_WRITERS = """
index = lanner.Index(32, "l2", graph=None)
index.add(rows, attributes={"year": np.arange(len(rows))})
left = [30, 30]


def write(which):
    while left[which] > 0:
        index.add(rows[:1], attributes={"year": [1]})
        left[which] -= 1


writers = [threading.Thread(target=write, args=(each,)) for each in (0, 1)]
for each in writers:
    each.start()
while any(each.is_alive() for each in writers):
    if sys.argv[1] == "search":
        index.search(queries, k=10)
    else:
        index.search_radius(queries, 0.4)
    index.schema  # as a property of its own
print("done", len(index))
"""


def output_of(program: str, *arguments: str) -> str:
    """Return what a program prints; one that hangs fails."""
    done = subprocess.run(
        [sys.executable, "-c", SETTING + program, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.skipif(not hasattr(__import__("signal"), "setitimer"), reason="no timers here")
@pytest.mark.parametrize("call", ["search", "search_radius"])
@pytest.mark.parametrize("what", ["close", "add"])
def test_a_signal_handler_may_change_or_close_what_is_searched(
    tmp_path: Path, call: str, what: str
) -> None:
    assert output_of(BY_A_HANDLER, str(tmp_path / "x.lanner"), call, what) == "handled"


@pytest.mark.parametrize("call", ["search", "search_radius"])
def test_batches_go_on_beside_additions_with_attributes(call: str) -> None:
    assert output_of(BESIDE_WRITERS, call) == "done 20060"


def test_radius_searches_of_many_queries_are_those_of_each() -> None:
    rng = np.random.default_rng(3)
    rows = rng.random((300, 8), dtype=np.float32)
    queries = rng.random((700, 8), dtype=np.float32)
    for graph in (None, "hnsw"):
        index = lanner.Index(8, "l2", graph=graph)
        index.add(rows, [f"item {i}" for i in range(300)], attributes={"n": np.arange(300)})
        for filter in (None, "n < 200"):
            hits = index.search_radius(queries, 0.3, filter=filter, attributes=["n"], threads=1)
            assert hits.attributes is not None
            assert len(hits.ids) > 700
            for at in range(0, 700, 7):
                alone = index.search_radius(queries[at], 0.3, filter=filter, attributes=["n"])
                assert [*hits[at]] == [*alone]
                assert alone.attributes is not None
                here = slice(hits.offsets[at], hits.offsets[at + 1])
                assert hits.attributes["n"][here].tolist() == alone.attributes["n"].tolist()


@pytest.mark.parametrize("graph", [None, "hnsw"])
def test_an_array_that_changes_during_an_addition_is_journaled_as_it_came(
    tmp_path: Path, graph: str | None
) -> None:
    path = tmp_path / "x.lanner"
    lanner.Index(8, "l2", graph=graph, codec=None).save(path)
    # Long enough for the parts that are written one by one.
    given = np.random.default_rng(4).random((6000, 8), dtype=np.float32)
    buffer = given.copy()

    def refill(done: int, total: int) -> None:
        buffer.fill(np.nan)

    with lanner.open(path, durable=True) as index:
        index.add(buffer, range(6000), progress=refill)
        assert np.isnan(buffer).all()
        np.testing.assert_array_equal(index.get(range(6000)), given)
    with lanner.open(path, durable=True) as index:
        np.testing.assert_array_equal(index.get(range(6000)), given)
