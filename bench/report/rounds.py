"""Records of equal work, told apart by their round alone, made into one."""

from __future__ import annotations

import json
import math
import re
import statistics
from collections.abc import Callable, Iterable
from typing import Any

from bench.records import Record
from bench.scoring import median_and_spread

# What is counted rather than timed: of several rounds the worst is told, not the middle.
COUNTS = frozenset({"short", "filters"})


def work(record: Record) -> str:
    """Name of the work: the key without its round."""
    return re.sub(r"\|round=\d+", "", str(record["key"]))


def merged(records: Iterable[Record]) -> list[Record]:
    """One record for each work that measured anything: figures are medians over its rounds.

    What a process measured before it failed counts too; the status is ok where a round of it was.
    A point's spread is the greater of that within rounds and that between them. Points without
    recall are left out, and timings without a rate are None. ``rounds`` tells how many records went
    in, and ``control`` holds the values of all.
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        if record["status"] == "ok" or kept(record):
            groups.setdefault(work(record), []).append(record)
    return [_merge(group) for group in groups.values()]


def kept(record: Record) -> int:
    """How many lines of figures there are, though it may have ended badly."""
    return sum(len(record.get(field) or ()) for field in ("points", "filtered", "kernels"))


def data_name(record: Record) -> str:
    """Of the data set; empty where the work has none."""
    return str((record.get("data") or {}).get("name") or "")


def raw_bytes(record: Record) -> int | None:
    """Size of the vectors; None where the record does not tell."""
    size: int | None = (record.get("data") or {}).get("bytes")
    return size


def settings(parameters: dict[str, Any]) -> str:
    """Parameters as one reads them: ``M=16 ef=40``."""
    return " ".join(f"{name}={_plain(value)}" for name, value in parameters.items())


def depth(records: Iterable[Record], k: int) -> int:
    """The deepest recall that was measured of points with k answers: k, where it was asked for."""
    depths = [
        int(at)
        for record in records
        for point in record["points"]
        if point["k"] == k
        for at in point["recall"]
        if int(at) <= k
    ]
    return max(depths, default=k)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _merge(group: list[Record]) -> Record:
    good = [record for record in group if record["status"] == "ok"]
    return {
        **(good or group)[-1],
        "rounds": len(group),
        "control": [value for each in group for value in each.get("control") or ()],
        "build_parameters": group[-1].get("build_parameters") or {},
        "build": _middle([each.get("build") for each in group]) or {},
        "points": _lines(group, "points", _point_name, _clean_point),
        "filtered": _lines(group, "filtered", _filtered_name, _clean_filtered),
        "kernels": _lines(group, "kernels", kernel_name, dict),
    }


def _lines(
    group: list[Record],
    field: str,
    name: Callable[[dict[str, Any]], str],
    clean: Callable[[dict[str, Any]], dict[str, Any] | None],
) -> list[dict[str, Any]]:
    """The lines of a field, equal ones of different rounds made into one."""
    found: dict[str, list[dict[str, Any]]] = {}
    for record in group:
        for line in record.get(field) or ():
            cleaned = clean(line)
            if cleaned is not None:
                found.setdefault(name(cleaned), []).append(cleaned)
    return [_middle(lines) for lines in found.values()]


def _point_name(point: dict[str, Any]) -> str:
    return json.dumps([point["k"], point["parameters"]], sort_keys=True)


def _filtered_name(line: dict[str, Any]) -> str:
    return json.dumps(
        [line["k"], line["parameters"], line["kind"], line["selectivity"]], sort_keys=True
    )


def kernel_name(line: dict[str, Any]) -> str:
    """What a line of a kernel measures: everything in it that is not a measured figure."""
    return json.dumps(
        {name: value for name, value in line.items() if isinstance(value, (str, int))},
        sort_keys=True,
    )


def _clean_point(point: dict[str, Any]) -> dict[str, Any] | None:
    recall = {at: value for at, value in (point.get("recall") or {}).items() if _finite(value)}
    if not recall:
        return None
    batch = {
        threads: timed
        for threads, timed in (point.get("batch") or {}).items()
        if _timed(timed) is not None
    }
    return {
        **point,
        "parameters": point.get("parameters") or {},
        "recall": recall,
        "one": _timed(point.get("one")),
        "batch": batch,
    }


def _clean_filtered(line: dict[str, Any]) -> dict[str, Any] | None:
    if _timed(line) is None or not _finite(line.get("recall")):
        return None
    return {**line, "parameters": line.get("parameters") or {}}


def _timed(timed: dict[str, Any] | None) -> dict[str, Any] | None:
    return timed if timed and _finite(timed.get("rate")) and timed["rate"] > 0 else None


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _middle(values: list[Any]) -> Any:
    """The median of numbers, and that of each field of dictionaries; else the last there is."""
    there = [value for value in values if value is not None]
    if len(there) <= 1 or all(value == there[0] for value in there):
        return there[-1] if there else None
    if all(isinstance(value, dict) for value in there):
        names = dict.fromkeys(name for value in there for name in value)
        found = {
            name: max(value.get(name) or 0 for value in there)
            if name in COUNTS
            else _middle([value.get(name) for value in there])
            for name in names
        }
        if "spread" in names:
            rates = [value["rate"] for value in there]
            found["spread"] = max(found["spread"] or 0.0, median_and_spread(rates)[1])
        return found
    if all(isinstance(value, (int, float)) for value in there):
        return statistics.median(there)
    return there[-1]
