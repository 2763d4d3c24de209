"""Time one method on one data set, in this process."""

from __future__ import annotations

import pathlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from bench import machine, scoring
from bench.dataset import DEPTH, Array, DataSet
from bench.method import Method, Parameters, padded

# Passes over the queries go on until they took the time asked for, and there were this many; they
# end where they took so many times that time.
PASSES = 3
LIMIT = 6
# Above this recall a slower setting tells nothing.
ENOUGH = 0.9985


def build(once: Callable[[], None], threads: int) -> dict[str, Any]:
    """Build with so many threads by calling `once`, with its time and memory."""
    machine.release_memory()
    counted = machine.reset_peak()
    before = machine.resident_bytes()
    start = time.perf_counter()
    once()
    seconds = time.perf_counter() - start
    peak = machine.peak_bytes() if counted else None
    machine.release_memory()
    return {
        "seconds": seconds,
        "threads": threads,
        "peak_bytes": max(0, peak - before) if peak is not None else None,
        "resting_bytes": max(0, machine.resident_bytes() - before),
    }


def disk(method: Method, first_query: Array, k: int, setting: Parameters) -> dict[str, Any]:
    """Size on disk, times of saving and of opening up to a first answer; None: it cannot."""
    nothing = {"disk_bytes": None, "save_seconds": None, "open_seconds": None}
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lanner-bench-"))
    try:
        path = folder / "index"
        start = time.perf_counter()
        try:
            method.save(path)
        except (
            Exception
        ):  # It cannot, or fails at it: what was measured before counts all the same.
            return nothing
        saved = time.perf_counter() - start
        files = [path] if path.is_file() else list(folder.rglob("*"))
        size = sum(each.stat().st_size for each in files if each.is_file())
        opened = None
        method.close()
        start = time.perf_counter()
        try:
            method.open(path)
            method.configure(k, **setting)
            method.search(first_query)
            opened = time.perf_counter() - start
        except Exception:
            pass
        return {"disk_bytes": size, "save_seconds": saved, "open_seconds": opened}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def answers(method: Method, queries: Array, k: int) -> Array:
    """Ids of all queries, asked one at a time."""
    return np.stack([padded(np.asarray(method.search(query)), k) for query in queries])


def passes(once: Callable[[], tuple[int, float]], seconds: float) -> list[float]:
    """Rates of passes; `once` gives the queries done and the seconds that they took."""
    return passes_in_turn([once], seconds)[0]


def passes_in_turn(
    jobs: Sequence[Callable[[], tuple[int, float]]], seconds: float
) -> list[list[float]]:
    """Rates of passes of each job, which take turns, so that each meets the others' memory."""
    rates: list[list[float]] = [[] for _ in jobs]
    totals = [0.0] * len(jobs)
    waiting = list(range(len(jobs)))
    while waiting:
        for at in waiting:
            count, took = jobs[at]()
            rates[at].append(count / took)
            totals[at] += took
        waiting = [
            at
            for at in waiting
            if (len(rates[at]) < PASSES or totals[at] < seconds) and totals[at] < LIMIT * seconds
        ]
    return rates


def one_at_a_time(method: Method, queries: Array, seconds: float) -> dict[str, float]:
    """Rate and latencies of single calls from Python."""
    latencies: list[float] = []

    def once() -> tuple[int, float]:
        before = len(latencies)
        start = last = time.perf_counter()
        for query in queries:
            method.search(query)
            now = time.perf_counter()
            latencies.append(now - last)
            last = now
            if now - start > 1.5 * seconds:
                break
        return len(latencies) - before, last - start

    rate, spread = scoring.median_and_spread(passes(once, seconds))
    p50, p95, p99 = np.percentile(latencies, [50, 95, 99]) * 1e6
    return {
        "rate": rate,
        "spread": spread,
        "p50_us": float(p50),
        "p95_us": float(p95),
        "p99_us": float(p99),
    }


def in_batch(method: Method, queries: Array, threads: int, seconds: float) -> dict[str, float]:
    """Rate of batch calls."""

    def once() -> tuple[int, float]:
        start = time.perf_counter()
        method.search_batch(queries, threads)
        return len(queries), time.perf_counter() - start

    once()
    rate, spread = scoring.median_and_spread(passes(once, seconds))
    return {"rate": rate, "spread": spread}


def point(
    method: Method,
    data: DataSet,
    k: int,
    setting: Parameters,
    threads: tuple[int, ...],
    seconds: float,
) -> dict[str, Any]:
    """All measures of one search setting."""
    assert data.truth is not None
    queries = method.convert(data, data.queries)
    method.configure(k, **setting)
    with machine.pinned(1):
        method.counters()
        ids = answers(method, queries, k)
        work = method.counters()
    recall = {
        str(at): float(scoring.recall(data, data.queries, data.truth, ids, at).mean())
        for at in sorted({1, 10, 100, k})
        if at <= min(k, DEPTH)
    }
    with machine.pinned(1):
        one = one_at_a_time(method, queries, seconds)
    batch = {}
    if method.search_batch is not None:
        for count in threads:
            with machine.pinned(count):
                batch[str(count)] = in_batch(method, queries, count, seconds)
    return {"k": k, "parameters": setting, "recall": recall, "one": one, "batch": batch, **work}


def sweep(
    method: Method,
    data: DataSet,
    parameters: Parameters,
    ks: tuple[int, ...],
    threads: tuple[int, ...],
    seconds: float,
) -> Iterator[dict[str, Any]]:
    """Points of all search settings, until more effort finds no more."""
    for k in ks:
        for setting in method.sweep(data, parameters, k):
            measured = point(method, data, k, setting, threads, seconds)
            yield measured
            if measured["recall"][str(k)] >= ENOUGH:
                break


def warm_up(method: Method, data: DataSet, parameters: Parameters, k: int, seconds: float) -> None:
    """Search before the first measured one, so that code and data are where they will be."""
    method.configure(k, **method.sweep(data, parameters, k)[0])
    start = time.perf_counter()
    for query in method.convert(data, data.queries):
        method.search(query)
        if time.perf_counter() - start > seconds / 2:
            break
