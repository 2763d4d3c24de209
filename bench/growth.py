"""What a query costs as an index grows: the first rows of one set, ten thousand to a million.

The set is `clustered` of `bench.sets`, with 96 dimensions; the true neighbours are those of
lanner's exact search. An index of each size is built as it comes, and asked with growing `ef`; what
a recall@10 costs lies between the two settings around it.
Distances and hops depend on the data alone, times also on how much of the index the caches hold.
A cost that grows with the logarithm of the size keeps `distances / log2(rows)` where it is.

    python -m bench.growth --rows 10000 100000 1000000
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import statistics
import time
from typing import Any

import numpy as np

import lanner
from bench import machine, scoring
from bench.dataset import DataSet
from bench.method import EF
from bench.sets.synthetic import Clustered

K = 10


@dataclasses.dataclass
class Cost:
    """Of a query, at one setting or between two."""

    recall: float
    distances: float
    hops: float
    one_us: float
    batch_us: float


def measured(index: lanner.Index, data: DataSet, ef: int, passes: int) -> Cost:
    """Ask all queries, one a call and as one batch, on one thread; medians of the passes."""
    queries = data.queries
    index.search_stats(reset=True)
    ids = index.search(queries, K, ef=ef, threads=1).ids
    work = index.search_stats(reset=True)
    assert data.truth is not None
    one, batch = [], []
    for _ in range(passes):
        start = time.perf_counter()
        for query in queries:
            index.search(query, K, ef=ef)
        middle = time.perf_counter()
        index.search(queries, K, ef=ef, threads=1)
        one.append(middle - start)
        batch.append(time.perf_counter() - middle)
    return Cost(
        float(scoring.recall(data, queries, data.truth, ids, K).mean()),
        work["distances"] / len(queries),
        work["hops"] / len(queries),
        statistics.median(one) / len(queries) * 1e6,
        statistics.median(batch) / len(queries) * 1e6,
    )


def cost_at(target: float, index: lanner.Index, data: DataSet, passes: int) -> Cost | None:
    """Interpolate between the settings whose recalls lie around the target."""
    below: Cost | None = None
    for ef in EF:
        above = measured(index, data, ef, passes)
        if above.recall < target:
            below = above
            continue
        if below is None:
            return above
        share = (target - below.recall) / (above.recall - below.recall)
        pairs = zip(dataclasses.astuple(below), dataclasses.astuple(above), strict=True)
        return Cost(*(low + share * (high - low) for low, high in pairs))
    return None


def main() -> None:
    """Measure each size, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sizes = [10_000, 31_623, 100_000, 316_228, 1_000_000]
    parser.add_argument("--rows", type=int, nargs="+", default=sizes)
    parser.add_argument("--of", type=int, default=1_000_000, help="rows of the whole set")
    parser.add_argument("--dim", type=int, default=96)
    parser.add_argument("--recall", type=float, default=0.95)
    parser.add_argument("--threads", type=int, default=2, help="of builds; searches take one")
    parser.add_argument("--passes", type=int, default=3)
    args = parser.parse_args()
    if max(args.rows) > args.of:
        parser.error(f"--rows must be at most --of, {args.of}, got {max(args.rows)}")
    whole = Clustered().with_options(f"{args.of}x{args.dim}").load()
    about: dict[str, Any] = {"cpu": machine.describe()["cpu"], "isa": lanner.isa().active}
    print(f"{about}, recall@{K} {args.recall}")
    print(
        f"{'rows':>9}{'build s':>9}{'recall':>8}{'distances':>11}{'hops':>7}{'one us':>8}"
        f"{'batch us':>10}{'distances/log2':>16}{'us/log2':>9}"
    )
    for rows in args.rows:
        base = np.ascontiguousarray(whole.base[:rows])
        exact = lanner.Index(args.dim, whole.metric, graph=None)
        exact.add(base)
        truth = exact.search(whole.queries, K).distances
        del exact
        data = DataSet(f"{whole.name}[:{rows}]", whole.metric, base, whole.queries, truth)
        index = lanner.Index(args.dim, whole.metric)
        start = time.perf_counter()
        index.add(base, threads=args.threads)
        seconds = time.perf_counter() - start
        with machine.pinned(1):
            cost = cost_at(args.recall, index, data, args.passes)
        if cost is None:
            print(f"{rows:>9}{seconds:>9.1f}  recall not reached", flush=True)
            continue
        doublings = math.log2(rows)
        print(
            f"{rows:>9}{seconds:>9.1f}{cost.recall:>8.3f}{cost.distances:>11.0f}{cost.hops:>7.1f}"
            f"{cost.one_us:>8.1f}{cost.batch_us:>10.1f}{cost.distances / doublings:>16.1f}"
            f"{cost.one_us / doublings:>9.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
