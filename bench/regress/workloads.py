"""What is counted. As a program: ``prepare``, or a name and how often.

Files lie in the working directory, so that no count depends on a path."""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Callable

import numpy as np

import lanner

ROWS, DIM, QUERIES, EF = 2000, 64, 50, 64
BITS = 256
_generator = np.random.default_rng(8)
VECTORS = _generator.standard_normal((ROWS, DIM), np.float32)
ASKED = _generator.standard_normal((QUERIES, DIM), np.float32)
CODES = _generator.integers(0, 256, (ROWS, BITS // 8), np.uint8)
CODES_ASKED = _generator.integers(0, 256, (QUERIES, BITS // 8), np.uint8)


def prepare(folder: pathlib.Path) -> None:
    """Save the indexes that the others open, so that they need not be built while counting."""
    graph = lanner.Index(DIM, "l2", codec=None)
    graph.add(VECTORS)
    graph.save(folder / "graph.lanner")
    codes = lanner.Index(BITS, "hamming", "bits", graph=None)
    codes.add(CODES)
    codes.save(folder / "codes.lanner")


def build(folder: pathlib.Path) -> Callable[[], None]:
    """Link 2,000 rows of 64 into a graph."""

    def work() -> None:
        lanner.Index(DIM, "l2", codec=None).add(VECTORS)

    return work


def search(folder: pathlib.Path) -> Callable[[], None]:
    """Ask the graph, one query a call."""
    index = lanner.open(folder / "graph.lanner")

    def work() -> None:
        for query in ASKED:
            index.search(query, k=10, ef=EF)

    return work


def exact(folder: pathlib.Path) -> Callable[[], None]:
    """Compare with every float32 row: one query a call, then all in one."""
    index = lanner.open(folder / "graph.lanner")

    def work() -> None:
        for query in ASKED:
            index.search(query, k=10, exact=True)
        index.search(ASKED, k=10, exact=True)

    return work


def hamming(folder: pathlib.Path) -> Callable[[], None]:
    """Compare with every code of 256 bits: one query a call, then all in one."""
    index = lanner.open(folder / "codes.lanner")

    def work() -> None:
        for query in CODES_ASKED:
            index.search(query, k=10)
        index.search(CODES_ASKED, k=10)

    return work


def churn(folder: pathlib.Path) -> Callable[[], None]:
    """Remove 50 items and add them again."""
    index = lanner.open(folder / "graph.lanner", writable=True)
    ids = np.arange(50)

    def work() -> None:
        index.remove(ids)
        index.add(VECTORS[ids], ids=ids)

    return work


def save_open(folder: pathlib.Path) -> Callable[[], None]:
    """Write the index, open it, check all of it."""
    index = lanner.open(folder / "graph.lanner")

    def work() -> None:
        index.save(folder / "again.lanner")
        lanner.open(folder / "again.lanner", verify=True)

    return work


WORKLOADS = {each.__name__: each for each in (build, search, exact, hamming, churn, save_open)}


def main() -> None:
    """Do one of them so many times."""
    lanner.set_threads(1)
    folder, name = pathlib.Path(), sys.argv[1]
    if name == "prepare":
        prepare(folder)
        return
    work = WORKLOADS[name](folder)
    for _ in range(int(sys.argv[2])):
        work()


if __name__ == "__main__":
    main()
