"""Time one method over filtered queries, each with a filter of its own, one at a time."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from bench import machine, scoring
from bench.dataset import Array, DataSet
from bench.filters import Filter
from bench.method import Method, Parameters, padded

PASSES = 3
# More effort is of no use to a method that is slower than this: queries a second.
SLOWEST = 30.0


def _ask(method: Method, queries: Array, each: Filter, prepared: Any) -> Array:
    if method.times_prepare:
        prepared = method.prepare(each)
    return np.asarray(method.search_filtered(queries[each.query], prepared))


def _group(
    method: Method,
    data: DataSet,
    filters: list[Filter],
    prepared: list[Any],
    k: int,
    seconds: float,
) -> dict[str, Any]:
    """Recall and rate over filters of one kind and band."""
    queries = method.convert(data, data.queries)
    recalls, short, latencies = [], 0, []
    asked = 0
    begin = time.perf_counter()
    for each, ready in zip(filters, prepared, strict=True):
        start = time.perf_counter()
        ids = padded(_ask(method, queries, each, ready), k)
        latencies.append(time.perf_counter() - start)
        asked += 1
        matches = int(each.mask.sum())
        admitted = (ids >= 0) & each.mask[np.maximum(ids, 0)]
        short += int(len(np.unique(ids[admitted])) < min(k, matches))
        ids = np.where(admitted, ids, -1)
        query = data.queries[each.query][None]
        recalls.append(scoring.recall(data, query, each.truth[None], ids[None], k)[0])
        if time.perf_counter() - begin > 8 * seconds:
            break
    # The first pass also warmed up; its times count only where there is no time for another.
    timed: list[float] = []
    while len(timed) < PASSES * asked and sum(timed) < 2 * seconds and sum(latencies) < 2 * seconds:
        for each, ready in zip(filters[:asked], prepared[:asked], strict=True):
            start = time.perf_counter()
            _ask(method, queries, each, ready)
            timed.append(time.perf_counter() - start)
    timed = timed or latencies
    p50, p95, p99 = np.percentile(timed, [50, 95, 99]) * 1e6
    return {
        "filters": asked,
        "recall": float(np.mean(recalls)),
        "rate": len(timed) / sum(timed),
        "p50_us": float(p50),
        "p95_us": float(p95),
        "p99_us": float(p99),
        "short": short,
    }


def sweep(
    method: Method,
    data: DataSet,
    filters: list[Filter],
    parameters: Parameters,
    ks: tuple[int, ...],
    seconds: float,
) -> Iterator[dict[str, Any]]:
    """Figures of all settings, kinds and bands; a group answered in full is not asked again."""
    groups: dict[tuple[str, float], list[Filter]] = defaultdict(list)
    for each in filters:
        groups[each.kind, each.selectivity].append(each)
    for (kind, selectivity), members in sorted(groups.items()):
        for k in ks:
            settings = method.sweep(data, parameters, k)
            method.configure(k, **settings[0])
            prepared = [None if method.times_prepare else method.prepare(each) for each in members]
            for setting in settings:
                method.configure(k, **setting)
                with machine.pinned(1):
                    figures = _group(method, data, members, prepared, k, seconds)
                yield {
                    "k": k,
                    "parameters": setting,
                    "kind": kind,
                    "selectivity": selectivity,
                    **figures,
                }
                found_all = figures["recall"] >= 0.999 and figures["short"] == 0
                if found_all or figures["rate"] < SLOWEST:
                    break
