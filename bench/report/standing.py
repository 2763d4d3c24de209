"""How methods stand to each other: rates at a recall, ratios, the setting that one would use."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from bench import scoring
from bench.records import Record
from bench.report.rounds import depth

TARGETS = (0.90, 0.95, 0.99)
# The recall at which settings, latencies and memory are told.
USUAL = 0.95


@dataclasses.dataclass(frozen=True)
class Rate:
    """Queries a second at a recall; ``bound``: even the fastest of several settings exceeds it."""

    value: float | None
    bound: bool = False


@dataclasses.dataclass(frozen=True)
class Chosen:
    """The build and the search setting that is fastest at or above a recall."""

    record: Record
    point: dict[str, Any]
    recall: float
    # False: the recall is not reached, and this is the most accurate setting.
    reached: bool


@dataclasses.dataclass
class Standing:
    """One method on one data set in one suite, over all its build and search parameters."""

    method: str
    records: list[Record]
    k: int
    own: bool

    def __post_init__(self) -> None:
        self.depth = depth(self.records, self.k)
        # A method without search settings, such as an exact one, has one rate: that is no bound.
        self.tunable = any(
            point["parameters"]
            for record in self.records
            for point in record["points"]
            if point["k"] == self.k
        )

    def modes(self) -> list[str]:
        """What was timed: ``one``, and the threads of batches."""
        threads = {
            each
            for record in self.records
            for point in record["points"]
            if point["k"] == self.k
            for each in point["batch"]
        }
        return ["one", *sorted(threads, key=int)]

    def points(self, mode: str) -> list[tuple[float, float]]:
        """(recall, rate) of all settings."""
        found = scoring.points_of(self.records, self.k, mode, self.depth)
        return [(recall, rate) for recall, rate, _ in found]

    def rate(self, mode: str, target: float) -> Rate:
        """That of the best build; interpolated between its settings, never between builds."""
        rates = []
        for record in self.records:
            points = [
                (recall, rate)
                for recall, rate, _ in scoring.points_of([record], self.k, mode, self.depth)
            ]
            bound = self.tunable and scoring.exceeds(points, target)
            rates.append(Rate(scoring.rate_at(points, target), bound))
        return max(rates, key=lambda each: each.value or 0.0)

    def best_recall(self) -> float | None:
        """The highest recall of any setting, timed or not."""
        return max(
            (
                point["recall"][str(self.depth)]
                for record in self.records
                for point in record["points"]
                if point["k"] == self.k
            ),
            default=None,
        )

    def chosen(self, target: float = USUAL) -> Chosen | None:
        """The point of the front that is nearest above a recall, or else the most accurate one."""
        found = [
            (point["recall"][str(self.depth)], speed(point), record, point)
            for record in self.records
            for point in record["points"]
            if point["k"] == self.k
        ]
        if not found:
            return None
        above = [each for each in found if each[0] >= target]
        if above:
            best = max(above, key=lambda each: (each[1], each[0]))
        else:
            best = max(found, key=lambda each: (each[0], each[1]))
        return Chosen(best[2], best[3], best[0], bool(above))


def speed(point: dict[str, Any]) -> float:
    """By which settings of a point are ranked: one query a call, else the first batch."""
    for timed in (point["one"], *point["batch"].values()):
        if timed is not None:
            return float(timed["rate"])
    return 0.0


def is_own(record: Record) -> bool:
    """Whether a record is of lanner, and not of a peer."""
    library = (record.get("library") or {}).get("name")
    return bool(library == "lanner" or (library is None and record["method"].startswith("lanner")))


def standings(records: Sequence[Record], k: int) -> list[Standing]:
    """Of merged records of one data set and suite, the fastest at the usual recall first."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        if any(point["k"] == k for point in record["points"]):
            groups.setdefault(record["method"], []).append(record)
    found = [Standing(name, group, k, is_own(group[0])) for name, group in groups.items()]
    return sorted(found, key=_rank)


def best_peer(found: Sequence[Standing], mode: str, target: float) -> tuple[str, Rate] | None:
    """The fastest method that is not lanner, with its rate; None where none reaches the recall."""
    rates = [(each.method, each.rate(mode, target)) for each in found if not each.own]
    reached = [each for each in rates if each[1].value is not None]
    return max(reached, key=lambda each: each[1].value or 0.0, default=None)


def ratio(rate: Rate, peer: Rate) -> tuple[float | None, str]:
    """Of a rate to that of a peer, and the mark that says where the true one lies."""
    if rate.value is None or not peer.value:
        return None, ""
    mark = {(True, False): ">", (False, True): "<", (True, True): "~"}.get(
        (rate.bound, peer.bound), ""
    )
    return rate.value / peer.value, mark


def _rank(standing: Standing) -> tuple[float, float, str]:
    rate = standing.rate("one", USUAL).value or standing.rate("1", USUAL).value
    return -(rate or 0.0), -(standing.best_recall() or 0.0), standing.method
