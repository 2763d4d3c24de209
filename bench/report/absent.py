"""Work without a result, or with a part of one, so that no method is silently left out."""

from __future__ import annotations

from collections.abc import Sequence

from bench.records import Record
from bench.report.rounds import data_name, kept, merged, settings
from bench.report.tables import Table, joined, name

WORDS = {
    "crashed": "crashed",
    "failed": "failed",
    "timeout": "timed out",
    "missing": "not installed",
    "unable": "cannot do this",
}

# Where a suite's figures are, where they are not points.
MEASURED = {"filtered": "filtered", "build": "build", "memory": "build", "kernels": "kernels"}


def reason(detail: str) -> str:
    """The first and the last line of what a process said."""
    lines = [line.strip() for line in detail.splitlines() if line.strip()]
    if len(lines) <= 2:
        return " / ".join(lines)
    return f"{lines[0]} \u2026 {lines[-1]}"


def table(records: Sequence[Record]) -> Table | None:
    """All work that did not end well, equal reasons of a method together; None: there is none."""
    found: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for record in records:
        if record["status"] != "ok":
            status = WORDS.get(record["status"], str(record["status"]))
            if kept(record):
                status += "; its figures up to then count"
            why = reason(str(record.get("detail") or ""))
            found.setdefault((record["method"], status, why), []).append(
                (_where(record), settings(record.get("build_parameters") or {}))
            )
    for record in merged(records):
        if record["status"] == "ok" and not record[MEASURED.get(record["suite"], "points")]:
            found.setdefault((record["method"], "nothing measured", ""), []).append(
                (_where(record), settings(record["build_parameters"]))
            )
    for method, place in _unseen(records):
        found.setdefault((method, "not run", "no record of it here"), []).append((place, ""))
    if not found:
        return None
    rows = [
        [
            name(method),
            name(status),
            name(joined(place for place, _ in places)),
            name(joined(chosen for _, chosen in places)),
            name(why),
        ]
        for (method, status, why), places in sorted(found.items())
    ]
    head = ("method", "what", "where", "settings", "reason")
    return Table("Work without a result, or with a part of one", head, rows)


def _where(record: Record) -> str:
    return " ".join(part for part in (record["suite"], data_name(record)) if part)


def _unseen(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Methods of a suite, each with the data sets of the suite that know nothing of it."""
    seen = {(record["suite"], data_name(record), record["method"]) for record in records}
    suites: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for suite, data, method in sorted(seen):
        sets, methods = suites.setdefault(suite, ({}, {}))
        sets[data] = methods[method] = None
    return [
        (method, f"{suite} {data}".strip())
        for suite, (sets, methods) in suites.items()
        for method in methods
        for data in sets
        if (suite, data, method) not in seen
    ]
