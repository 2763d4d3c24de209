"""Graph search beside hnswlib: same data, same M and ef_construction, float32, no compression.

Each method builds in a process of its own, so that its memory is its own; the two then answer in
turn, pair by pair, one thread, and the medians are compared at the recall asked for.

    python bench/hnsw.py --sets papers mnist sift250k
"""

from __future__ import annotations

import argparse
import importlib.metadata
import itertools
import json
import multiprocessing
import os
import platform
import statistics
import threading
import time
from multiprocessing.connection import Connection
from typing import Any, Protocol

import numpy as np
import sets
from numpy.typing import NDArray

EFS = (10, 12, 16, 20, 24, 28, 32, 40, 48, 64, 80, 96, 128, 160, 200, 256, 320, 400, 512)


class Method(Protocol):
    """What is measured of a library."""

    name: str

    def build(self, data: sets.DataSet, m: int, ef_construction: int, threads: int) -> None:
        """Index the base vectors."""
        ...

    def search(self, query: NDArray[np.float32], k: int, ef: int) -> NDArray[np.int64]:
        """Ids of one query's hits."""
        ...

    def search_batch(self, queries: NDArray[np.float32], k: int, ef: int) -> NDArray[np.int64]:
        """Ids of all queries' hits, one thread."""
        ...


class Lanner:
    """lanner, through its public interface."""

    name = "lanner"

    def build(self, data: sets.DataSet, m: int, ef_construction: int, threads: int) -> None:
        import lanner

        self.index = lanner.Index(
            data.base.shape[1], data.metric, M=m, ef_construction=ef_construction
        )
        self.index.add(data.base, threads=threads)

    def search(self, query: NDArray[np.float32], k: int, ef: int) -> NDArray[np.int64]:
        return self.index.search(query, k, ef=ef).ids

    def search_batch(self, queries: NDArray[np.float32], k: int, ef: int) -> NDArray[np.int64]:
        return self.index.search(queries, k, ef=ef, threads=1).ids


class Hnswlib:
    """hnswlib, as its documentation uses it."""

    name = "hnswlib"

    def build(self, data: sets.DataSet, m: int, ef_construction: int, threads: int) -> None:
        import hnswlib

        self.index = hnswlib.Index(space=data.metric, dim=data.base.shape[1])
        self.index.init_index(len(data.base), M=m, ef_construction=ef_construction)
        self.index.set_num_threads(threads)
        self.index.add_items(data.base)
        self.index.set_num_threads(1)
        self.ef = 0

    def _use(self, ef: int) -> None:
        if ef != self.ef:
            self.index.set_ef(ef)
            self.ef = ef

    def search(self, query: NDArray[np.float32], k: int, ef: int) -> NDArray[np.int64]:
        self._use(ef)
        return self.index.knn_query(query, k)[0].astype(np.int64)

    def search_batch(self, queries: NDArray[np.float32], k: int, ef: int) -> NDArray[np.int64]:
        self._use(ef)
        return self.index.knn_query(queries, k)[0].astype(np.int64)


METHODS: dict[str, type[Method]] = {"lanner": Lanner, "hnswlib": Hnswlib}


def resident_bytes() -> int:
    """Resident memory of this process (Linux)."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class PeakMemory:
    """The greatest resident memory while the block runs."""

    def __enter__(self) -> PeakMemory:
        self.peak = 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def _watch(self) -> None:
        while not self.stop.wait(0.05):
            self.peak = max(self.peak, resident_bytes())

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()


def serve(name: str, data_name: str, m: int, ef_construction: int, pipe: Connection) -> None:
    """Build, then time whatever the parent asks for."""
    data = sets.load(data_name)
    method = METHODS[name]()
    before = resident_bytes()
    start = time.perf_counter()
    with PeakMemory() as memory:
        method.build(data, m, ef_construction, 2)
    built = time.perf_counter() - start
    pipe.send({"build": built, "resident": resident_bytes() - before, "peak": memory.peak - before})
    while True:
        request = pipe.recv()
        if request is None:
            return
        ef, k = request["ef"], request["k"]
        if request["what"] == "recall":
            pipe.send(data.recall(method.search_batch(data.queries, k, ef), k))
            continue
        start = time.perf_counter()
        if request["what"] == "one":
            for query in data.queries:
                method.search(query, k, ef)
        else:
            method.search_batch(data.queries, k, ef)
        pipe.send(len(data.queries) / (time.perf_counter() - start))


def at_recall(curve: list[tuple[float, float]], target: float) -> float | None:
    """Rate at a recall, linear in recall between the two settings around it."""
    for (low, fast), (high, slow) in itertools.pairwise(curve):
        if low <= target <= high and high > low:
            return fast + (slow - fast) * (target - low) / (high - low)
    return None


def ask(pipe: Connection, **request: object) -> Any:
    """One request and its answer."""
    pipe.send(request)
    return pipe.recv()


def measure(data_name: str, m: int, ef_construction: int, repeats: int, k: int) -> dict[str, Any]:
    """Figures of both methods on one data set."""
    context = multiprocessing.get_context("spawn")
    pipes, figures = {}, {}
    for name in METHODS:
        pipes[name], theirs = context.Pipe()
        context.Process(
            target=serve, args=(name, data_name, m, ef_construction, theirs), daemon=True
        ).start()
        figures[name] = pipes[name].recv()
    wanted: dict[str, list[tuple[int, float]]] = {}
    for name, pipe in pipes.items():
        recalls = [(ef, ask(pipe, what="recall", ef=ef, k=k)) for ef in EFS if ef >= k]
        # The settings around each target are enough.
        keep = {
            place
            for target in (0.90, 0.95, 0.99)
            for place in range(len(recalls) - 1)
            if recalls[place][1] <= target <= recalls[place + 1][1]
        }
        wanted[name] = [recalls[i] for i in sorted(keep | {i + 1 for i in keep})]
        figures[name]["recalls"] = recalls
    for what in ("one", "batch"):
        rates: dict[str, dict[int, list[float]]] = {
            name: {ef: [] for ef, _ in wanted[name]} for name in METHODS
        }
        for _ in range(repeats):
            for name, pipe in pipes.items():
                for ef, _ in wanted[name]:
                    rates[name][ef].append(ask(pipe, what=what, ef=ef, k=k))
        for name in METHODS:
            curve = [(recall, statistics.median(rates[name][ef])) for ef, recall in wanted[name]]
            figures[name][what] = {
                str(target): at_recall(curve, target) for target in (0.90, 0.95, 0.99)
            }
    for pipe in pipes.values():
        pipe.send(None)
    return figures


def main() -> None:
    """Measure the sets asked for and print a table with ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", default=list(sets.NAMES))
    parser.add_argument("--M", type=int, default=16)
    parser.add_argument("--ef-construction", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--json")
    args = parser.parse_args()
    import lanner

    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors, "
        f"lanner {lanner.__version__} ({lanner.isa().active}), "
        f"hnswlib {importlib.metadata.version('hnswlib')}, M={args.M}, "
        f"ef_construction={args.ef_construction}, recall@{args.k}"
    )
    everything = {}
    for data_name in args.sets:
        figures = measure(data_name, args.M, args.ef_construction, args.repeats, args.k)
        everything[data_name] = figures
        ours, theirs = figures["lanner"], figures["hnswlib"]
        print(f"\n{data_name}: build {ours['build']:.1f} s / {theirs['build']:.1f} s "
              f"= {ours['build'] / theirs['build']:.2f}; resident "
              f"{ours['resident'] / 2**20:.0f} / {theirs['resident'] / 2**20:.0f} MiB, peak "
              f"{ours['peak'] / 2**20:.0f} / {theirs['peak'] / 2**20:.0f} MiB")  # fmt: skip
        for what in ("one", "batch"):
            for target in ("0.9", "0.95", "0.99"):
                mine, other = ours[what][target], theirs[what][target]
                ratio = f"{mine / other:.2f}" if mine and other else "-"
                rates = f"{mine or 0:8.0f} / {other or 0:8.0f} queries/s"
                print(f"  {what:5} recall {target:4}: {rates} = {ratio}")
    if args.json:
        with open(args.json, "w") as file:
            json.dump(everything, file, indent=1)


if __name__ == "__main__":
    main()
