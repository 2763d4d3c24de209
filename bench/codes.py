"""Codes that stand alone beside FAISS: error, recall and rate of an exhaustive scan, on one thread.

Both see the same vectors (of unit length under cosine) and code them in as many bits. Scans take
turns; medians are printed, and ratios above 1 are in lanner's favour, errors below 1. lanner scores
what its registers have let through once more in float32, FAISS's fast scans return rounded sums.

    python -m bench.codes --set papers
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

import lanner
from bench import scoring, sets
from bench.dataset import DataSet
from lanner.quantization import OPQ, PQ, Binary

# Features a part of a 4-bit code; 8-bit codes have as many bytes.
PART = {"papers": 4, "mnist": 7, "sift250k": 4}


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def squared_error(base: NDArray[np.float32], decoded: NDArray[np.float32]) -> float:
    return float(((base - decoded) ** 2).sum(axis=1).mean())


def error_row(name: str, ours: Any, theirs: Any, base: NDArray[np.float32]) -> None:
    """Fit both, and print the errors of both."""
    seconds = timed(lambda: ours.fit(base, threads=1))
    their_seconds = timed(lambda: theirs.train(base))
    mine = squared_error(base, ours.decode(ours.encode(base, threads=1)))
    other = squared_error(base, theirs.sa_decode(theirs.sa_encode(base)))
    print(
        f"{name:<10} error {mine:12.5g} / {other:12.5g}, ratio {mine / other:.4f}; "
        f"fit {seconds:.1f} / {their_seconds:.1f} s",
        flush=True,
    )


def recall(data: DataSet, ids: NDArray[np.int64], k: int) -> float:
    assert data.truth is not None
    return float(scoring.recall(data, data.queries, data.truth, ids, k).mean())


def turn(
    packed: Any, index: Any, queries: NDArray[np.float32], few: NDArray[np.float32], k: int
) -> tuple[float, float, float, float]:
    """Seconds of a batch and of single queries, ours before theirs."""
    return (
        timed(lambda: packed.search(queries, k, threads=1)),
        timed(lambda: index.search(queries, k)),
        timed(lambda: [packed.search(each, k, threads=1) for each in few]),
        timed(lambda: [index.search(each[None], k) for each in few]),
    )


def scan_row(
    name: str, packed: Any, index: Any, data: DataSet, queries: NDArray[np.float32], args: Any
) -> None:
    """Print rates and recalls of both, for batches and for single queries."""
    few = queries[: args.single]
    for k in args.k:
        pairs = [turn(packed, index, queries, few, k) for _ in range(args.repeats)]
        batch, their_batch, one, their_one = (
            statistics.median(column) for column in zip(*pairs, strict=True)
        )
        mine = recall(data, packed.search(queries, k, threads=1).ids, k)
        other = recall(data, index.search(queries, k)[1], k)
        print(
            f"{name:<10} k={k:<4} batch {len(queries) / batch:8.0f} / "
            f"{len(queries) / their_batch:8.0f} q/s, ratio {their_batch / batch:.2f}; "
            f"single {len(few) / one:7.0f} / {len(few) / their_one:7.0f}, "
            f"ratio {their_one / one:.2f}; recall@{k} {mine:.4f} / {other:.4f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", default="papers", choices=list(PART))
    parser.add_argument("--k", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--single", type=int, default=200, help="queries that are asked one by one")
    parser.add_argument(
        "--codes",
        nargs="+",
        default=["pq4", "pq8", "opq4", "opq8", "binary"],
        help="of pq4, pq8, opq4, opq8, binary",
    )
    args = parser.parse_args()
    faiss.omp_set_num_threads(1)
    data = sets.load(args.set).with_truth()
    base, queries = data.base, data.queries
    if data.metric == "cosine":
        base = base / np.linalg.norm(base, axis=1, keepdims=True)
        queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    rows, dim = base.shape
    m4, m8 = dim // PART[args.set], dim // PART[args.set] // 2
    print(
        f"{platform.machine()}, lanner {lanner.__version__} ({lanner.isa().active}), faiss "
        f"{faiss.__version__}; {args.set}: {rows} x {dim}, {len(queries)} queries, one thread"
    )
    for code in args.codes:
        if code == "binary":
            for bits in (1, 2, 4):
                ours = Binary(bits).fit(base)
                index = faiss.IndexRaBitQFastScan(dim, faiss.METRIC_L2, 32, bits)
                index.train(base)
                index.add(base)
                packed = ours.pack(ours.encode(base, threads=1), threads=1)
                scan_row(f"binary{bits}", packed, index, data, queries, args)
            continue
        bits = int(code[-1])
        m = m4 if bits == 4 else m8
        quantizer: Any = PQ(m, bits=bits) if code.startswith("pq") else OPQ(m, bits=bits)
        fast = faiss.IndexPQFastScan(dim, m, 4) if bits == 4 else faiss.IndexPQ(dim, m, 8)
        index = fast
        if code.startswith("opq"):
            rotation = faiss.OPQMatrix(dim, m)
            rotation.pq = faiss.ProductQuantizer(dim, m, bits)
            index = faiss.IndexPreTransform(rotation, fast)
        error_row(code, quantizer, index, base)
        index.add(base)
        packed = quantizer.pack(quantizer.encode(base, threads=1), threads=1)
        scan_row(code, packed, index, data, queries, args)


if __name__ == "__main__":
    main()
