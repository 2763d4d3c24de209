"""How figures of equal work differ between two merged records, and what of it is noise."""

from __future__ import annotations

import dataclasses
import json
import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from bench import scoring
from bench.records import Record
from bench.report.rounds import depth, kernel_name, settings
from bench.report.standing import TARGETS, USUAL

# Noise is never taken for less than this: code moves in memory from build to build.
LEAST = 0.01
# That of figures without repetition: sizes, and times that were taken once.
LEAST_ONCE = 0.03
# How many spreads (half the distance of the quartiles) away a rate is no longer chance: about two
# standard deviations of a normal distribution.
SPREADS = 3.0
# Recalls closer than this are equal, however many the queries.
LEAST_RECALL = 0.0005

T = TypeVar("T")
SIDES = ("before", "after")
RATE, TIME, SIZE, RECALL = "rate", "time", "size", "recall"
VERDICTS = {
    RATE: ("faster", "slower"),
    TIME: ("slower", "faster"),
    SIZE: ("larger", "smaller"),
    RECALL: ("higher", "lower"),
}
WITHIN = "within noise"
UNCLEAR = "unclear"


@dataclasses.dataclass(frozen=True)
class Change:
    """One figure before and after; ratios are after to before, of recall the difference."""

    what: str
    kind: str
    before: float
    after: float
    noise: float
    note: str = ""
    # Sides whose rate at the recall may be higher still, as all their points lie beyond it.
    bounds: tuple[bool, bool] = (False, False)

    @property
    def change(self) -> float:
        """Ratio, or difference."""
        if self.kind == RECALL:
            return self.after - self.before
        return self.after / self.before

    @property
    def verdict(self) -> str:
        """In words."""
        if self.kind == RECALL:
            up, down = self.change > self.noise, self.change < -self.noise
        else:
            up, down = self.change > 1 + self.noise, self.change < 1 / (1 + self.noise)
        more, less = VERDICTS[self.kind]
        if (up and self.bounds == (True, False)) or (down and self.bounds == (False, True)):
            return UNCLEAR
        return more if up else less if down else WITHIN


def changes(before: Record, after: Record) -> Iterator[Change]:
    """Compare two merged records of the same work."""
    steadiness = _steadiness([before, after])
    yield from _rates(before, after, steadiness)
    yield from _recalls(before, after)
    yield from _filtered(before, after, steadiness)
    once = math.hypot(LEAST_ONCE, steadiness)
    for what, kind, field, scale in (
        ("build s", TIME, "seconds", 1.0),
        ("open ms", TIME, "open_seconds", 1e3),
        ("peak MiB", SIZE, "peak_bytes", 2**-20),
        ("resting MiB", SIZE, "resting_bytes", 2**-20),
        ("disk MiB", SIZE, "disk_bytes", 2**-20),
    ):
        one, other = before["build"].get(field), after["build"].get(field)
        if one and other:
            noise = once if kind == TIME else LEAST_ONCE
            yield Change(what, kind, one * scale, other * scale, noise)
    kernels = {kernel_name(line): line for line in after["kernels"]}
    for line in before["kernels"]:
        other_line = kernels.get(kernel_name(line), {})
        for field, value in line.items():
            other = other_line.get(field)
            if field.endswith("_ns") and value and other:
                words = settings({k: v for k, v in line.items() if isinstance(v, (str, int))})
                yield Change(f"{words} {field}", TIME, value, other, once)


def _rates(before: Record, after: Record, steadiness: float) -> Iterator[Change]:
    """Rates at a recall, of every way of asking that both sides timed."""
    for k in _shared(_ks(before), _ks(after)):
        at = depth([before], k)
        if at != depth([after], k):
            continue
        for mode in _shared(_modes(before), _modes(after)):
            lines = [
                [(recall, rate) for recall, rate, _ in scoring.points_of([record], k, mode, at)]
                for record in (before, after)
            ]
            seen: set[tuple[float, float]] = set()
            for target in TARGETS:
                one, other = (scoring.rate_at(line, target) for line in lines)
                if one is None or other is None or (one, other) in seen:
                    continue
                # Where all points lie beyond a recall, the next one up tells nothing new.
                seen.add((one, other))
                beyond = [
                    _tunable(record, k) and scoring.exceeds(line, target)
                    for record, line in zip((before, after), lines, strict=True)
                ]
                spreads = [_spread(record, k, mode) for record in (before, after)]
                noise = math.hypot(SPREADS * spreads[0], SPREADS * spreads[1], steadiness, LEAST)
                words = "one query a call" if mode == "one" else f"batch, threads {mode}"
                sides = [side for side, is_beyond in zip(SIDES, beyond, strict=True) if is_beyond]
                note = f"at a higher recall {' and '.join(sides)}" if sides else ""
                what = f"rate, {words}, recall@{at} {target:.2f}"
                if k != at:
                    what += f", k {k}"
                yield Change(what, RATE, one, other, noise, note, (beyond[0], beyond[1]))


def _recalls(before: Record, after: Record) -> Iterator[Change]:
    """Recall at equal search settings: the mean of all, and the one that changed most."""
    queries = (after.get("data") or {}).get("queries") or 1
    others = {_setting(point): point for point in after["points"]}
    pairs: dict[int, list[tuple[float, float, str]]] = {}
    for point in before["points"]:
        other = others.get(_setting(point))
        deepest = max(point["recall"], key=int)
        if other is not None and deepest in other["recall"]:
            pair = point["recall"][deepest], other["recall"][deepest]
            words = settings(point["parameters"])
            pairs.setdefault(int(deepest), []).append((*pair, words))
    for at, found in sorted(pairs.items()):
        one = statistics.fmean(pair[0] for pair in found)
        two = statistics.fmean(pair[1] for pair in found)
        most = max(found, key=lambda pair: abs(pair[1] - pair[0]))
        chance = 2 * math.sqrt(one * (1 - one) / (queries * at))
        note = f"mean of {len(found)} equal settings"
        if most[0] != most[1]:
            note += f"; most {most[1] - most[0]:+.4f}" + (f" at {most[2]}" if most[2] else "")
        yield Change(f"recall@{at}", RECALL, one, two, max(chance, LEAST_RECALL), note)


def _filtered(before: Record, after: Record, steadiness: float) -> Iterator[Change]:
    """Filtered rates, a kind at a time: geometric means over the selectivities that both reach."""
    found: dict[tuple[int, str], dict[float, list[list[tuple[float, float]]]]] = {}
    for side, record in enumerate((before, after)):
        for line in record["filtered"]:
            shares = found.setdefault((line["k"], line["kind"]), {})
            points = shares.setdefault(line["selectivity"], [[], []])
            points[side].append((line["recall"], line["rate"]))
    for (k, kind), shares in found.items():
        rates = [
            (one, other)
            for points in shares.values()
            if (one := scoring.rate_at(points[0], USUAL))
            and (other := scoring.rate_at(points[1], USUAL))
        ]
        if not rates:
            continue
        one_mean, other_mean = (
            math.exp(statistics.fmean(math.log(pair[side]) for pair in rates)) for side in (0, 1)
        )
        ratios = sorted(other / one for one, other in rates)
        note = f"{len(rates)} selectivities, {ratios[0]:.2f} to {ratios[-1]:.2f}"
        what = f"filtered, {kind}, recall@{k} {USUAL:.2f}"
        noise = math.hypot(LEAST_ONCE, steadiness)
        yield Change(what, RATE, one_mean, other_mean, noise, note)


def _spread(record: Record, k: int, mode: str) -> float:
    """Of the rates of a record, in the middle."""
    spreads = []
    for point in record["points"]:
        timed = point["one"] if mode == "one" else point["batch"].get(mode)
        if point["k"] == k and timed is not None:
            spreads.append(timed.get("spread") or 0.0)
    return statistics.median(spreads) if spreads else 0.0


def _steadiness(records: Iterable[Record]) -> float:
    """How far apart the runs of the control work of some records are, as a share of the median."""
    control = [value for record in records for value in record.get("control") or () if value]
    if not control:
        return 0.0
    return float((max(control) - min(control)) / statistics.median(control))


def _tunable(record: Record, k: int) -> bool:
    """Whether the points differ by a setting; one rate alone is that of every recall."""
    return any(point["parameters"] for point in record["points"] if point["k"] == k)


def _setting(point: Record) -> str:
    return json.dumps([point["k"], point["parameters"]], sort_keys=True)


def _ks(record: Record) -> list[int]:
    return sorted({point["k"] for point in record["points"]})


def _modes(record: Record) -> list[str]:
    threads = {each for point in record["points"] for each in point["batch"]}
    return ["one", *sorted(threads, key=int)]


def _shared(one: Sequence[T], other: Sequence[T]) -> list[T]:
    return [each for each in one if each in other]
