"""Exact search beside FAISS: 60,000 x 784 float32, squared L2, 1,000 queries in a batch, then one.

The two take turns, pair by pair; medians and the median of the pairwise ratios are printed. A
single query is also held against the read bandwidth measured in the same run.

    python bench/exact.py
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import faiss
import numpy as np
import sets

import lanner
from lanner import _core


def timed(call: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def paired(
    ours: Callable[[], object], theirs: Callable[[], object], repeats: int
) -> tuple[float, float, float]:
    """Median seconds of both, and the median ratio theirs / ours."""
    ours(), theirs()
    pairs = [(timed(ours), timed(theirs)) for _ in range(repeats)]
    return (
        statistics.median(ours for ours, _ in pairs),
        statistics.median(theirs for _, theirs in pairs),
        statistics.median(theirs / ours for ours, theirs in pairs),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--set", default="mnist", help="a data set, or 'random' for uniform numbers"
    )
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--k", type=int, default=10)
    args = parser.parse_args()
    if args.set == "random":
        generator = np.random.default_rng(0)
        base = generator.random((60_000, 784), dtype=np.float32)
        queries = generator.random((1_000, 784), dtype=np.float32)
    else:
        data = sets.load(args.set)
        base, queries = data.base, data.queries
    rows, dim = base.shape
    index = lanner.Index(dim, "l2", graph=None)
    index.add(base)
    flat = faiss.IndexFlatL2(dim)
    flat.add(base)
    print(
        f"{platform.machine()}, lanner {lanner.__version__} ({lanner.isa().active}), "
        f"faiss {faiss.__version__}; {args.set}: {rows} x {dim}, {len(queries)} queries, k={args.k}"
    )
    for threads in (1, 2):
        faiss.omp_set_num_threads(threads)
        mine, other, ratio = paired(
            lambda threads=threads: index.search(queries, args.k, threads=threads),
            lambda: flat.search(queries, args.k),
            args.repeats,
        )
        print(
            f"batch, {threads} thread(s): {len(queries) / mine:8.0f} / {len(queries) / other:8.0f} "
            f"queries/s, ratio {ratio:.2f}"
        )
    faiss.omp_set_num_threads(1)
    some = queries[:20]
    mine, other, ratio = paired(
        lambda: [index.search(query, args.k, threads=1) for query in some],
        lambda: [flat.search(query[None], args.k) for query in some],
        args.repeats,
    )
    bytes_read = rows * dim * 4
    flat_bytes = base.reshape(-1).view(np.uint8)
    bandwidth = bytes_read / statistics.median(
        timed(lambda: _core.read_all(flat_bytes, "")) for _ in range(2 * args.repeats)
    )
    rate = bytes_read * len(some) / mine
    print(
        f"one query, 1 thread: {len(some) / mine:8.0f} / {len(some) / other:8.0f} queries/s, "
        f"ratio {ratio:.2f}; {rate / 1e9:.1f} GB/s of {bandwidth / 1e9:.1f} read bandwidth = "
        f"{rate / bandwidth:.2f}"
    )


if __name__ == "__main__":
    main()
