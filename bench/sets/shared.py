"""Where the shared data sets lie: ``LANNER_DATA``, or ``shared/data`` beside the repository."""

from __future__ import annotations

import os
import pathlib
from typing import Any

import numpy as np

from bench.dataset import DataSet

FOLDER = pathlib.Path(
    os.environ.get("LANNER_DATA") or pathlib.Path(__file__).resolve().parents[3] / "shared" / "data"
)


def npz(name: str) -> pathlib.Path:
    """Where a set lies that is one file of arrays."""
    return FOLDER / name / f"{name}.npz"


def read_npz(name: str, metric: str, attributes: dict[str, str] | None = None) -> DataSet:
    """Read such a file: base, query and gt_dist, and arrays that are columns, by column."""
    arrays = np.load(npz(name))

    def columns() -> dict[str, Any]:
        return {column: arrays[key].tolist() for column, key in (attributes or {}).items()}

    base, queries, truth = (arrays[key].astype(np.float32) for key in ("base", "query", "gt_dist"))
    return DataSet(name, metric, base, queries, truth, read_attributes=columns)
