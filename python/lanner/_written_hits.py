"""The hits of the command line: as a table to look at, and in files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from lanner.results import Hits

_HEAD = ("query", "rank", "id", "distance")


def hit_table(hits: Hits, names: list[str], most: int) -> Table:
    """Return a table of the first queries, a row each, with columns of attributes."""
    title = f"the first {min(len(hits), most)} of {len(hits)}"
    table = Table("query", "ids", "distances", *map(escape, names), title=title)
    for row, each in enumerate(hits[:most]):
        distances = " ".join(f"{distance:.4g}" for distance in each.distances.tolist())
        columns = [Text("; ".join(map(_text, column))) for column in _columns(each, names)]
        table.add_row(str(row), Text(" ".join(map(str, each.ids.tolist()))), distances, *columns)
    return table


def write_hits(out: Path, hits: Hits, names: list[str]) -> None:
    """Write the hits of several queries to an .npz or, of any other name, as CSV."""
    if out.suffix.lower() == ".npz":
        _write_arrays(out, hits, names)
        return
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        heads = [f"attributes.{name}" if name in _HEAD else name for name in names]
        writer.writerow((*_HEAD, *heads))
        for row, each in enumerate(hits):
            texts = [map(_text, column) for column in _columns(each, names)]
            columns = zip(*texts, strict=True) if texts else ((),) * len(each)
            for rank, (pair, values) in enumerate(zip(each, columns, strict=True)):
                writer.writerow((row, rank, *pair, *values))


def _write_arrays(out: Path, hits: Hits, names: list[str]) -> None:
    arrays = {"ids": hits.ids, "distances": hits.distances, "counts": hits.counts}
    if hits.ids.dtype == object:
        arrays["ids"] = _texts(hits.ids)
    for name, column in zip(names, _columns(hits, names), strict=True):
        nulls = np.array([_is_null(each) for each in column.ravel()], bool).reshape(column.shape)
        arrays[f"attributes.{name}"] = _without_objects(column, nulls)
        arrays[f"nulls.{name}"] = nulls
    np.savez(out, allow_pickle=False, **arrays)


def _columns(hits: Hits, names: list[str]) -> list[NDArray[Any]]:
    return [] if hits.attributes is None else [hits.attributes[name] for name in names]


def _without_objects(column: NDArray[Any], nulls: NDArray[np.bool_]) -> NDArray[Any]:
    """Return an array that needs no pickling; 0, False or '' stand for nulls of it."""
    if column.dtype != object:
        return column
    kinds = {type(each) for each in column[~nulls]}
    if kinds == {int}:
        return np.where(nulls, 0, column).astype(np.int64)
    if kinds == {bool}:
        return np.where(nulls, False, column).astype(np.bool_)
    return _texts(column)


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
