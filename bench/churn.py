"""What complete turnovers do to an index: recall, memory and file beside those of a fresh build.

An index holds most rows of a set. A turnover removes as many rows as it holds and adds others in
their place, a chunk at a time: at random, or cluster by cluster, the order that hurts most, since
whole regions of the graph go and come. Afterwards the same rows are built anew, and both indexes
are asked the same queries at the same effort.

    python -m bench.churn --set papers --rows 100000 --turnovers 10 --order clusters

Exits with status 1 where the recall is more than 0.005 below that of the fresh build, or file or
memory differ by more than 5 %.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

import lanner
from bench import machine, sets

WIDTHS = (10, 20, 40, 80, 160)
MOST_RECALL_LOST = 0.005
MOST_GROWTH = 0.05
# Live rows are this share of the set; the rest waits to come in.
SHARE = 5 / 6


@dataclasses.dataclass(frozen=True)
class Outcome:
    """A turned-over index beside a fresh one of the same rows; pairs are in that order."""

    recall: dict[int, tuple[float, float]]  # recall@10 by ef
    memory: tuple[int, int]
    file: tuple[int, int]
    edges: tuple[int, int]
    rates: dict[str, float]  # rows a second

    @property
    def recall_lost(self) -> float:
        """At the width where the most is lost; negative where nothing is."""
        return max(fresh - turned for turned, fresh in self.recall.values())

    @property
    def growth(self) -> float:
        """Of memory or file, whichever differs more."""
        return max(abs(one / other - 1) for one, other in (self.memory, self.file))

    @property
    def holds(self) -> bool:
        return self.recall_lost <= MOST_RECALL_LOST and self.growth <= MOST_GROWTH


def in_clusters(
    vectors: NDArray[np.float32], rng: np.random.Generator, clusters: int
) -> NDArray[np.int64]:
    """Order rows so that those near the same one of some of them stand together."""
    centres = vectors[rng.choice(len(vectors), min(clusters, len(vectors)), replace=False)]
    nearest = np.concatenate(
        [
            np.argmax(part @ centres.T - (centres**2).sum(axis=1) / 2, axis=1)
            for part in np.array_split(vectors, max(1, len(vectors) // 4096))
        ]
    )
    return np.argsort(nearest, kind="stable")


def exchanges(
    count: int, live: int, turnovers: float, chunk: int, rng: np.random.Generator, *, shuffle: bool
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield places to remove and to add; the first `live` of `count` are there at the beginning."""
    inside, outside = np.arange(live), np.arange(live, count)
    for begin in range(0, round(live * turnovers), chunk):
        size = min(chunk, len(outside), round(live * turnovers) - begin)
        if shuffle:
            rng.shuffle(inside)
            rng.shuffle(outside)
        leaving, coming = inside[:size], outside[:size]
        yield leaving, coming
        inside = np.concatenate([inside[size:], coming])
        outside = np.concatenate([outside[size:], leaving])


def turn_over(
    index: lanner.Index,
    vectors: NDArray[np.float32],
    turnovers: float,
    chunk: int,
    *,
    shuffle: bool,
    seed: int = 0,
    report: bool = False,
) -> dict[str, float]:
    """Exchange the rows of an index, whose ids are the first places of `vectors`, for others."""
    spent = {"remove": 0.0, "add": 0.0}
    rows, rng, shown = 0, np.random.default_rng(seed), time.monotonic()
    for leaving, coming in exchanges(
        len(vectors), len(index), turnovers, chunk, rng, shuffle=shuffle
    ):
        start = time.perf_counter()
        index.remove(leaving)
        between = time.perf_counter()
        index.add(vectors[coming], coming)
        spent["add"] += time.perf_counter() - between
        spent["remove"] += between - start
        rows += len(leaving)
        if report and time.monotonic() - shown > 20:
            shown = time.monotonic()
            print(f"  {rows:,} rows exchanged", flush=True)
    return {name: rows / seconds for name, seconds in spent.items()}


def compare(
    turned: lanner.Index, fresh: lanner.Index, queries: NDArray[np.float32], rates: dict[str, float]
) -> Outcome:
    """Both hold the same rows under the same ids."""
    figures = [index.validate() for index in (turned, fresh)]
    return Outcome(
        {
            ef: (
                turned.measure_recall(queries, 10, ef=ef),
                fresh.measure_recall(queries, 10, ef=ef),
            )
            for ef in WIDTHS
        },
        (_memory(turned), _memory(fresh)),
        (len(turned.to_bytes()), len(fresh.to_bytes())),
        (figures[0].get("edges", 0), figures[1].get("edges", 0)),
        rates,
    )


def measure(
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32],
    metric: str,
    turnovers: float,
    chunk: int,
    order: str,
    *,
    codec: str | None = "auto",
    report: bool = False,
) -> Outcome:
    """Turn an index over and compare it with a fresh one. `order` is "random" or "clusters"."""
    rng = np.random.default_rng(3)
    if order == "clusters":
        vectors = vectors[in_clusters(vectors, rng, max(2, len(vectors) // 1000))]
    else:
        vectors = vectors[rng.permutation(len(vectors))]
    live = int(len(vectors) * SHARE)
    index = lanner.Index(vectors.shape[1], metric, codec=codec)
    start = time.perf_counter()
    index.add(vectors[:live], range(live))
    rates = {"build": live / (time.perf_counter() - start)}
    rates |= turn_over(index, vectors, turnovers, chunk, shuffle=order == "random", report=report)
    rates |= small_changes(index, vectors)
    ids = np.sort(index.ids)
    fresh = lanner.Index(vectors.shape[1], metric, codec=codec)
    fresh.add(vectors[ids], ids)
    return compare(index, fresh, queries, rates)


def small_changes(
    index: lanner.Index, vectors: NDArray[np.float32], rows: int = 300
) -> dict[str, float]:
    """Rows a second of changes of one row a call; the index is left with the rows that it had."""
    ids = np.random.default_rng(5).permutation(index.ids)[:rows]
    rates = {}
    for name, change in (
        ("remove one", lambda id: index.remove([id])),
        ("add one", lambda id: index.add(vectors[[id]], [id])),
        ("upsert one", lambda id: index.upsert(vectors[[id]], [id])),
    ):
        start = time.perf_counter()
        for id in ids:
            change(id)
        rates[name] = len(ids) / (time.perf_counter() - start)
    return rates


def _memory(index: lanner.Index) -> int:
    # Without what searches keep for themselves.
    use = index.memory()
    return use["total"] - use["scratch"]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.churn", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--set", default="papers")
    parser.add_argument("--rows", type=int, default=100_000, help="rows live at any time")
    parser.add_argument("--turnovers", type=float, default=10)
    parser.add_argument("--chunk", type=int, default=1000, help="rows a change")
    parser.add_argument("--order", choices=("random", "clusters", "both"), default="both")
    parser.add_argument("--codec", choices=("auto", "none", "SQ8", "SQ4"), default="auto")
    given = parser.parse_args(arguments)
    data = sets.load(given.set)
    total = min(len(data.base), round(given.rows / SHARE))
    vectors = data.base[:total]
    codec = None if given.codec == "none" else given.codec
    print(f"{machine.describe()['cpu']}, lanner {lanner.__version__}, isa {lanner.isa().active}")
    holds = True
    for order in ("random", "clusters") if given.order == "both" else (given.order,):
        outcome = measure(
            vectors,
            data.queries,
            data.metric,
            given.turnovers,
            given.chunk,
            order,
            codec=codec,
            report=True,
        )
        print(
            f"{given.set}, {int(total * SHARE):,} rows, {given.turnovers:g} turnovers, {order}, "
            f"{given.chunk} rows a change, codec {given.codec}"
        )
        for ef, (turned, fresh) in outcome.recall.items():
            print(
                f"  recall@10 at ef {ef:3}: {turned:.4f}, fresh {fresh:.4f}, {turned - fresh:+.4f}"
            )
        for what, pair in (
            ("memory bytes", outcome.memory),
            ("file bytes", outcome.file),
            ("edges", outcome.edges),
        ):
            print(f"  {what} {pair[0]:,}, fresh {pair[1]:,}, ratio {pair[0] / pair[1]:.4f}")
        for what, rate in outcome.rates.items():
            print(f"  {what}: {rate:,.0f} rows/s")
        print("  within bounds" if outcome.holds else "  OUT OF BOUNDS", flush=True)
        holds = holds and outcome.holds
    return 0 if holds else 1


if __name__ == "__main__":
    raise SystemExit(main())
