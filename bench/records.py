"""Results as JSON lines, one a piece of work: a method, a data set, its build parameters, a round.

A record::

    {
      "format": 1,
      "key": "plain|papers|hnswlib|{\\"M\\": 16}|k=10|threads=1|round=0",   # what is not run twice
      "suite": "plain",             # plain, exact, filtered, build, memory, hashing, kernels
      "status": "ok",               # or "crashed", "failed", "timeout", "missing", "unable"
      "detail": "",                 # why, where not ok: the end of what the process said
      "time": "2026-11-24T02:40:00+00:00",
      "revision": "70cafa5",        # of the harness's checkout; "+" at the end: with local changes
      "machine": {"cpu": ..., "processors": 2, "governor": ..., "memory_bytes": ..., "system": ...,
                  "python": ..., "numpy": ..., "lanner": ..., "isa": ...,
                  "installed": {"path": ..., "hash": ..., "differs": [...]}},   # machine.installed
      "control": [41.0, 40.5, 40.2],   # fixed work before the build, after it, and at the end, in
                                       # runs a second
      "data": {"name": ..., "rows": ..., "queries": ..., "dim": ..., "metric": ..., "bytes": ...,
               "fingerprint": ...},
      "method": "hnswlib",
      "library": {"name": "hnswlib", "version": "0.8.0"},
      "build_parameters": {"M": 16, "ef_construction": 200},
      "threads": 1,                 # of searches one at a time; batches state theirs
      "seconds": 1.0,               # measured at least, for each rate
      "round": 0,
      "build": {"seconds": ..., "threads": 2, "peak_bytes": ..., "resting_bytes": ...,
                "disk_bytes": ..., "save_seconds": ..., "open_seconds": ...},   # None: it cannot
      "points": [                   # one a search setting
        {"k": 10, "parameters": {"ef": 40},
         "recall": {"1": 0.99, "10": 0.95},
         "one": {"rate": 20000.0, "spread": 0.02,                        # or None
                 "p50_us": 45.0, "p95_us": 70.0, "p99_us": 90.0},
         "batch": {"1": {"rate": ..., "spread": ...}, "2": {...}},       # threads to rate
         "distances": 1200.0, "hops": 90.0}        # a query, where the method tells
      ],
      "filtered": [                 # suite filtered: one a setting, kind and band of selectivity
        {"k": 10, "parameters": {...}, "kind": "equal", "selectivity": 0.01, "filters": 25,
         "recall": 0.98, "short": 0,
         "rate": 5000.0, "spread": 0.01, "p50_us": ..., "p95_us": ..., "p99_us": ...}
      ],
      "kernels": [...]              # suite kernels: see bench.kernels.Figures
    }

Rates are queries a second, the median of passes; ``spread`` is half the distance between the
quartiles of the passes' rates over their median. Memory is growth of the resident set by the build,
the caller's copy of the data not counted. ``short`` counts answers with fewer than min(k, matches)
hits.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterable
from typing import Any

FORMAT = 1
Record = dict[str, Any]


def key(
    suite: str,
    data: str,
    method: str,
    build: dict[str, Any],
    ks: Iterable[int],
    threads: int,
    round: int,
) -> str:
    """Name a piece of work: equal for equal work."""
    return "|".join(
        (
            suite,
            data,
            method,
            json.dumps(build, sort_keys=True),
            "k=" + ",".join(map(str, ks)),
            f"threads={threads}",
            f"round={round}",
        )
    )


def read(paths: Iterable[pathlib.Path]) -> list[Record]:
    """Read the records of files; of a repeated key the last. A torn last line is left out."""
    found: dict[str, Record] = {}
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.endswith("\n"):
                    break
                try:
                    record = json.loads(line)
                except json.JSONDecodeError as error:
                    raise SystemExit(f"{path}, line {number}: not JSON: {error}") from None
                if record.get("format") != FORMAT:
                    raise SystemExit(
                        f"{path}, line {number}: record of format {record.get('format')}, "
                        f"this reads {FORMAT}"
                    )
                found.pop(record["key"], None)
                found[record["key"]] = record
    return list(found.values())


def append(path: pathlib.Path, record: Record) -> None:
    """Add a record; a torn last line is ended first, so that nothing is glued to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+b") as file:
        if file.tell() > 0:
            file.seek(-1, 2)
            if file.read(1) != b"\n":
                # What a run that was cut off left of its last line.
                file.seek(0)
                keep = file.read().rfind(b"\n") + 1
                file.truncate(keep)
        file.write((json.dumps(record) + "\n").encode())
