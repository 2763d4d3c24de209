"""Counts of the workloads, by valgrind, and what they are compared with."""

from __future__ import annotations

import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from typing import Any

import numpy as np

import lanner

FORMAT = 1
# Done once and so often: the difference is the work alone. Start-up differs by some ten thousand
# instructions from process to process, so what is short is done more often.
ONCE, OFTEN = 1, 11
OFTEN_OF = {"build": 3, "churn": 5}
ISA = "avx2"
_PROGRAM = pathlib.Path(__file__).with_name("workloads.py")

Baseline = dict[str, Any]


class NoValgrindError(Exception):
    """Valgrind is not installed."""


def count(names: Iterable[str], keep: pathlib.Path | None = None) -> Baseline:
    """Count the instructions of workloads; `keep` is a folder for callgrind's files."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise NoValgrindError("valgrind is not installed: apt-get install valgrind, or the like")
    version = _run([valgrind, "--version"]).strip()
    counts = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        _run([sys.executable, str(_PROGRAM), "prepare"], folder)
        for name in names:
            files = keep or folder
            times = OFTEN_OF.get(name, OFTEN)
            once, often = (_instructions(valgrind, folder, files, name, n) for n in (ONCE, times))
            counts[name] = (often - once) // (times - ONCE)
    return {
        "format": FORMAT,
        "conditions": {
            "isa": ISA,
            "valgrind": version,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "machine": platform.machine(),
        },
        "lanner": lanner.__version__,
        "counts": counts,
    }


def read(path: pathlib.Path) -> Baseline:
    """Read what was saved."""
    try:
        baseline: Baseline = json.loads(path.read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise SystemExit(f"cannot read {path}: {error}") from None
    if baseline.get("format") != FORMAT:
        raise SystemExit(f"{path} has format {baseline.get('format')}, this reads {FORMAT}")
    return baseline


def compare(before: Baseline, after: Baseline, tolerance: float) -> tuple[str, bool]:
    """Return a table of counts, and whether one rose by more than `tolerance` percent."""
    lines = [
        f"note: {name} was {before['conditions'].get(name)}, is {now}: counts may differ for it"
        for name, now in after["conditions"].items()
        if before["conditions"].get(name) != now
    ]
    lines.append(f"{'run':12} {'before':>15} {'now':>15} {'change':>9}")
    worse = False
    for name, now in after["counts"].items():
        was = before["counts"].get(name)
        if was is None:
            lines.append(f"{name:12} {'-':>15} {now:>15,}       new")
            continue
        change = 100 * (now / was - 1)
        above = change > tolerance
        worse |= above
        lines.append(
            f"{name:12} {was:>15,} {now:>15,} {change:>+8.2f}%{'  slower' if above else ''}"
        )
    return "\n".join(lines), worse


def _environment() -> dict[str, str]:
    fixed = {"LANNER_ISA": ISA, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
    return {**os.environ, **fixed}


def _run(command: list[str], folder: pathlib.Path | None = None) -> str:
    done = subprocess.run(
        command, env=_environment(), cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def _instructions(
    valgrind: str, folder: pathlib.Path, files: pathlib.Path, name: str, times: int
) -> int:
    out = files.resolve() / f"callgrind.{name}.{times}"
    command = [valgrind, "--tool=callgrind", f"--callgrind-out-file={out}", sys.executable]
    # Two digits, so that the arguments take the same room.
    _run([*command, str(_PROGRAM), name, f"{times:02}"], folder)
    found = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit(f"callgrind wrote no total for {name}")
    return int(found[1])
