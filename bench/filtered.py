"""Time one method over filtered queries, each with a filter of its own, one at a time."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench import machine, measure, scoring
from bench.dataset import Array, DataSet
from bench.filters import Filter
from bench.method import Method, Parameters, padded

# Recalls at which rates are wanted: settings that help none of them are not timed.
TARGETS = (0.90, 0.95, 0.99)
# More effort is of no use to a method that is slower than this: queries a second.
SLOWEST = 30.0


@dataclasses.dataclass
class Group:
    """Filters of one kind and band, in the form that a method takes, with their queries."""

    members: list[Filter]
    queries: Array
    prepared: list[Any]

    def ask(self, method: Method, at: int) -> Array:
        """One answer."""
        ready = method.prepare(self.members[at]) if method.times_prepare else self.prepared[at]
        return np.asarray(method.search_filtered(self.queries[at], ready))


def _answers(
    method: Method, data: DataSet, group: Group, k: int, seconds: float
) -> tuple[dict[str, Any], float]:
    """Recall of a setting, and the rate of asking for it the first time."""
    recalls: list[float] = []
    short, spent = 0, 0.0
    for at, each in enumerate(group.members):
        start = time.perf_counter()
        ids = padded(group.ask(method, at), k)
        spent += time.perf_counter() - start
        admitted = (ids >= 0) & each.mask[np.maximum(ids, 0)]
        short += int(len(np.unique(ids[admitted])) < min(k, each.matches))
        ids = np.where(admitted, ids, -1)
        query = data.queries[each.query][None]
        recalls.append(scoring.recall(data, query, each.truth[None], ids[None], k)[0])
        if spent > 8 * seconds:
            break
    found = {"filters": len(recalls), "recall": float(np.mean(recalls)), "short": short}
    return found, len(recalls) / spent


@dataclasses.dataclass
class Job:
    """A setting that is worth timing, over the filters of one group."""

    group: Group
    k: int
    setting: Parameters
    answered: dict[str, Any]
    latencies: list[float] = dataclasses.field(default_factory=list)

    def once(self, method: Method, seconds: float) -> tuple[int, float]:
        """One pass: how many filters were asked, and the seconds that it took."""
        method.configure(self.k, **self.setting)
        before = len(self.latencies)
        start = last = time.perf_counter()
        for at in range(self.answered["filters"]):
            self.group.ask(method, at)
            now = time.perf_counter()
            self.latencies.append(now - last)
            last = now
            if now - start > 1.5 * seconds:
                break
        return len(self.latencies) - before, last - start


def _timed(method: Method, jobs: list[Job], seconds: float) -> Iterator[dict[str, Any]]:
    """Rate, its spread and latencies of each job.

    The jobs take turns, so that a filter is asked again only after hundreds of others: what a
    library remembers of the last few filters and queries is no part of its rate.
    """
    turns = [functools.partial(each.once, method, seconds) for each in jobs]
    with machine.pinned(1):
        all_rates = measure.passes_in_turn(turns, seconds)
    for job, rates in zip(jobs, all_rates, strict=True):
        rate, spread = scoring.median_and_spread(rates)
        p50, p95, p99 = np.percentile(job.latencies, [50, 95, 99]) * 1e6
        first = job.group.members[0]
        yield {
            "k": job.k,
            "parameters": job.setting,
            "kind": first.kind,
            "selectivity": first.selectivity,
            **job.answered,
            "rate": rate,
            "spread": spread,
            "p50_us": float(p50),
            "p95_us": float(p95),
            "p99_us": float(p99),
        }


def worth_timing(recalls: Sequence[float]) -> list[int]:
    """Of settings from fast to accurate, those between which the rates at `TARGETS` lie.

    The first that reaches each target and the one before it, and the most accurate one where a
    target is not reached.
    """
    wanted = set()
    for target in TARGETS:
        reached = next((at for at, each in enumerate(recalls) if each >= target), None)
        if reached is None:
            wanted.add(int(np.argmax(recalls)))
        else:
            wanted |= {reached, max(0, reached - 1)}
    return sorted(wanted)


def sweep(
    method: Method,
    data: DataSet,
    filters: list[Filter],
    parameters: Parameters,
    ks: tuple[int, ...],
    seconds: float,
) -> Iterator[dict[str, Any]]:
    """Figures of all kinds and bands, of the settings that a rate at a recall hangs on."""
    groups: dict[tuple[str, float], list[Filter]] = defaultdict(list)
    for each in filters:
        groups[each.kind, each.selectivity].append(each)
    queries = method.convert(data, data.queries)
    of_groups: list[list[Job]] = []
    for _, members in sorted(groups.items()):
        for k in ks:
            settings = method.sweep(data, parameters, k)
            method.configure(k, **settings[0])
            group = Group(
                members,
                queries[[each.query for each in members]],
                [] if method.times_prepare else [method.prepare(each) for each in members],
            )
            tried = []
            for setting in settings:
                method.configure(k, **setting)
                with machine.pinned(1):
                    answered, rate = _answers(method, data, group, k, seconds)
                tried.append(answered)
                found_all = answered["recall"] >= 0.999 and answered["short"] == 0
                if found_all or rate < SLOWEST:
                    break
            of_groups.append(
                [
                    Job(group, k, settings[at], tried[at])
                    for at in worth_timing([each["recall"] for each in tried])
                ]
            )
    # The first settings of all groups, then the second ones: neighbours share no filter.
    rounds = itertools.zip_longest(*of_groups)
    jobs = [job for each in rounds for job in each if job is not None]
    yield from _timed(method, jobs, seconds)
