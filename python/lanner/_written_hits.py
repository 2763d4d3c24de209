"""The hits of the command line: as a table to look at, and in files."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from lanner.results import Hits

_HEAD = ("query", "rank", "id", "distance")
# By type: what stands for a null in an array. Of other types arrays are of text.
_NULLS: dict[str, np.generic] = {
    "int64": np.int64(0),
    "float64": np.float64("nan"),
    "bool": np.bool_(False),
    "timestamp": np.datetime64("NaT", "us"),
}


def hit_table(hits: Hits, names: list[str], most: int) -> Table:
    """Return a table of the first queries, a row each, with columns of attributes."""
    title = f"the first {min(len(hits), most)} of {len(hits)}"
    table = Table("query", "ids", "distances", *map(escape, names), title=title)
    for row, each in enumerate(hits[:most]):
        distances = " ".join(f"{distance:.4g}" for distance in each.distances.tolist())
        columns = [Text("; ".join(map(_text, column))) for column in _columns(each, names)]
        table.add_row(str(row), Text(" ".join(map(str, each.ids.tolist()))), distances, *columns)
    return table


def write_hits(out: Path, hits: Hits, names: list[str], schema: Mapping[str, str]) -> None:
    """Write the hits of several queries to an .npz or, of any other name, as CSV."""
    if out.suffix.lower() == ".npz":
        _write_arrays(out, hits, names, schema)
        return
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow((*_HEAD, *(_head(name, names) for name in names)))
        for row, each in enumerate(hits):
            texts = [map(_text, column) for column in _columns(each, names)]
            columns = zip(*texts, strict=True) if texts else ((),) * len(each)
            for rank, (pair, values) in enumerate(zip(each, columns, strict=True)):
                writer.writerow((row, rank, *pair, *values))


def _head(name: str, names: list[str]) -> str:
    """Return what stands over a column, once: its name, where that is no other's."""
    head = name
    while head in _HEAD or (head != name and head in names):
        head = f"attributes.{head}"
    return head


def _write_arrays(out: Path, hits: Hits, names: list[str], schema: Mapping[str, str]) -> None:
    # Any: NumPy has parameters of its own among these names.
    arrays: dict[str, Any] = {"distances": hits.distances, "counts": hits.counts}
    arrays["ids"] = _texts(hits.ids) if hits.ids.dtype == object else hits.ids
    for name, column in zip(names, _columns(hits, names), strict=True):
        nulls = np.array([_is_null(each) for each in column.ravel()], bool).reshape(column.shape)
        arrays[f"attributes.{name}"] = _without_objects(column, nulls, schema[name])
        arrays[f"nulls.{name}"] = nulls
    with out.open("wb") as file:
        np.savez(file, **arrays)


def _columns(hits: Hits, names: list[str]) -> list[NDArray[Any]]:
    return [] if hits.attributes is None else [hits.attributes[name] for name in names]


def _without_objects(column: NDArray[Any], nulls: NDArray[np.bool_], kind: str) -> NDArray[Any]:
    """Return an array of the column's type, without objects; 0, False or '' stand for nulls."""
    if kind not in _NULLS:
        return _texts(column)
    null = _NULLS[kind]
    return np.where(nulls, null, column).astype(null.dtype)


def _texts(values: NDArray[Any]) -> NDArray[Any]:
    """Return an array of str, of which '' stands for None."""
    return np.array([_text(each) for each in values.ravel()], dtype=str).reshape(values.shape)


def _is_null(value: Any) -> bool:
    return value is None or (not isinstance(value, list) and bool(value != value))


def _text(value: Any) -> str:
    if _is_null(value):
        return ""
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    return str(value)
