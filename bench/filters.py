"""Filters as trees, evaluated over columns, and the exact answers among the rows they admit.

A tree: ``{"op": "==", "column": c, "value": v}``, ``in`` with ``values``, ``between`` with ``low``
and ``high`` (both inclusive), ``contains`` with ``value`` on a column of lists, ``and`` and ``or``
with ``args``; ``rows`` with ``mask`` stands for a random choice that no column explains.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import hashlib
import json
import os
import pathlib
from typing import Any

import numpy as np

from bench.dataset import Array, DataSet, FilterSpec, nearest, rough_distances

SELECTIVITIES = (0.0001, 0.001, 0.01, 0.05, 0.1, 0.2, 0.5, 0.9, 0.99)
PER_KIND = 20


@dataclasses.dataclass(frozen=True)
class Filter:
    """One filtered query, with the rows that match and the distances of the nearest of them."""

    kind: str
    selectivity: float  # the band that it is reported in
    query: int
    tree: dict[str, Any]
    mask: Array  # bool, one a row
    truth: Array  # ascending distances of the nearest matching rows

    @property
    def rows(self) -> Array:
        """The matching rows, ascending."""
        return np.flatnonzero(self.mask)

    @functools.cached_property
    def matches(self) -> int:
        """How many rows match."""
        return int(self.mask.sum())


class Columns:
    """Columns in the forms that the operations want, made once."""

    def __init__(self, data: DataSet):
        self.rows = len(data.base)
        self.columns: dict[str, list[Any]] = {}
        # Columns of dates; their values are compared as text in ISO's form, which sorts as they do.
        self.dates: set[str] = set()
        for name, column in data.read_attributes().items():
            cells = column.tolist() if isinstance(column, np.ndarray) else column
            if any(isinstance(each, datetime.date) for each in cells):
                self.dates.add(name)
            self.columns[name] = [
                each.isoformat() if isinstance(each, datetime.date) else each for each in cells
            ]
        self.arrays: dict[str, tuple[Array, Array]] = {}
        self.postings: dict[str, dict[Any, list[int]]] = {}

    def _column(self, name: str) -> list[Any]:
        if name not in self.columns:
            raise KeyError(f"no column {name!r}; there are {', '.join(sorted(self.columns))}")
        return self.columns[name]

    def values(self, name: str) -> tuple[Array, Array]:
        """An array that compares as the column does, and which rows have a value."""
        if name not in self.arrays:
            column = self._column(name)
            known = np.array([each is not None for each in column], bool)
            filler = next((each for each in column if each is not None), 0)
            self.arrays[name] = (
                np.array([filler if each is None else each for each in column]),
                known,
            )
        return self.arrays[name]

    def rows_of(self, name: str, value: Any) -> list[int]:
        """Rows that have a value, or whose list holds it."""
        if name not in self.postings:
            found: dict[Any, list[int]] = {}
            for row, cell in enumerate(self._column(name)):
                if cell is not None:
                    for each in set(cell) if isinstance(cell, list) else (cell,):
                        found.setdefault(each, []).append(row)
            self.postings[name] = found
        return self.postings[name].get(value, [])

    def mask(self, tree: dict[str, Any]) -> Array:
        """Which rows satisfy a tree; a missing value satisfies nothing."""
        op = tree["op"]
        if op in ("and", "or"):
            combine = np.logical_and if op == "and" else np.logical_or
            return np.asarray(combine.reduce([self.mask(each) for each in tree["args"]]))
        if op == "rows":
            return np.asarray(tree["mask"])
        if op == "between":
            values, known = self.values(tree["column"])
            return np.asarray(known & (values >= tree["low"]) & (values <= tree["high"]))
        mask = np.zeros(self.rows, bool)
        if op in ("==", "contains"):
            mask[self.rows_of(tree["column"], tree["value"])] = True
        elif op == "in":
            for value in tree["values"]:
                mask[self.rows_of(tree["column"], value)] = True
        else:
            raise ValueError(f"no operation {op!r}")
        return mask


def band(share: float) -> float:
    """The selectivity that a share is reported under: the nearest on a logarithmic scale."""
    logs = np.log([each / (1 - each) for each in SELECTIVITIES])
    share = min(max(share, 1e-6), 1 - 1e-6)
    return SELECTIVITIES[int(np.abs(logs - np.log(share / (1 - share))).argmin())]


def _random(data: DataSet, generator: np.random.Generator) -> list[FilterSpec]:
    """Masks that have nothing to do with the vectors."""
    specs = []
    for share in SELECTIVITIES:
        for _ in range(PER_KIND):
            mask = np.zeros(len(data.base), bool)
            count = max(1, round(share * len(mask)))
            mask[generator.choice(len(mask), count, replace=False)] = True
            query = int(generator.integers(len(data.queries)))
            specs.append(FilterSpec("random", query, {"op": "rows", "mask": mask}))
    return specs


def _correlated(data: DataSet, generator: np.random.Generator) -> list[FilterSpec]:
    """Regions around a random row: near the query, and far from it."""
    specs = []
    for share in SELECTIVITIES:
        count = max(1, round(share * len(data.base)))
        for kind in ("positive", "negative"):
            for _ in range(PER_KIND):
                query = int(generator.integers(len(data.queries)))
                centres = data.base[generator.choice(len(data.base), 64)]
                away = data.distances(data.queries[query][None], centres)
                centre = centres[away.argmin() if kind == "positive" else away.argmax()]
                distances = data.distances(centre[None], data.base)
                mask = np.zeros(len(data.base), bool)
                mask[np.argpartition(distances, count - 1)[:count]] = True
                specs.append(FilterSpec(kind, query, {"op": "rows", "mask": mask}))
    return specs


def _drawn(data: DataSet, columns: Columns, generator: np.random.Generator) -> list[FilterSpec]:
    """Equality, set, range, tag, and their combinations, over the columns that there are."""
    specs: list[FilterSpec] = []
    rows = len(data.base)

    def draw(kind: str) -> dict[str, Any] | None:
        names = list(columns.columns)
        generator.shuffle(names)
        for name in names:
            values = columns.columns[name]
            row = int(generator.integers(rows))
            value = values[row]
            if value is None:
                continue
            if isinstance(value, (list, tuple, set)):
                if kind == "tag" and value:
                    return {"op": "contains", "column": name, "value": next(iter(value))}
                continue
            if kind == "equal":
                return {"op": "==", "column": name, "value": value}
            if kind == "in":
                some = [values[int(each)] for each in generator.integers(rows, size=8)]
                chosen = [each for each in some if each is not None]
                return {"op": "in", "column": name, "values": list(dict.fromkeys(chosen))}
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if kind == "range" and (number or name in columns.dates):
                array, known = columns.values(name)
                ordered = np.sort(array[known])
                width = int(len(ordered) * 10 ** generator.uniform(-3.5, 0))
                first = int(generator.integers(0, max(1, len(ordered) - width)))
                last = min(first + width, len(ordered) - 1)
                low, high = ordered[first].item(), ordered[last].item()
                return {"op": "between", "column": name, "low": low, "high": high}
        return None

    for kind in ("equal", "in", "range", "tag", "and", "or"):
        for _ in range(PER_KIND * 4):
            if kind in ("and", "or"):
                parts = [draw("range") or draw("equal"), draw("equal")]
                tree = {"op": kind, "args": parts} if all(parts) else None
            else:
                tree = draw(kind)
            if tree is not None:
                specs.append(FilterSpec(kind, int(generator.integers(len(data.queries))), tree))
    return specs


def of(data: DataSet, depth: int, cache: pathlib.Path | None = None) -> list[Filter]:
    """The filtered queries of a data set: its own and drawn ones, with exact answers.

    What is in the folder `cache` for the same data, columns and filters is not worked out again.
    """
    columns = Columns(data)
    path = cache / f"{_fingerprint(data, columns, depth)}.filters.npz" if cache else None
    if path is not None and path.exists():
        return _read(path, len(data.base))
    found = _answered(data, columns, depth)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.stem}.{os.getpid()}.npz")
        _write(beside, found)
        beside.replace(path)
    return found


def _answered(data: DataSet, columns: Columns, depth: int) -> list[Filter]:
    """Draw, evaluate, and search among the matching rows."""
    generator = np.random.default_rng(20)
    specs = list(data.filters)
    if not specs:
        specs = _drawn(data, columns, generator) + _correlated(data, generator)
    specs += _random(data, generator)
    found: list[Filter] = []
    for spec in sorted(specs, key=lambda each: each.query):
        mask = columns.mask(spec.tree)
        if not mask.any():
            continue
        query = data.queries[spec.query][None]
        if not found or found[-1].query != spec.query:
            rough = rough_distances(data, query)
        _, distances = nearest(data, query, np.where(mask, rough, np.inf), depth)
        share = band(mask.mean())
        found.append(Filter(spec.kind, share, spec.query, spec.tree, mask, distances[0]))
    return found


def _fingerprint(data: DataSet, columns: Columns, depth: int) -> str:
    """Of all that the filters and their answers follow from, the drawing of them included."""
    state = hashlib.sha256(f"{data.fingerprint()} {depth}".encode())
    state.update(pathlib.Path(__file__).read_bytes())
    for spec in data.filters:
        state.update(repr(spec).encode())
    for name in sorted(columns.columns):
        state.update(f"{name} {columns.columns[name]!r}".encode())
    return state.hexdigest()[:32]


def _write(path: pathlib.Path, found: list[Filter]) -> None:
    """Keep filters; a tree that is a mask is kept as the mask alone."""
    named = [
        [each.kind, each.selectivity, each.query, None if "mask" in each.tree else each.tree]
        for each in found
    ]
    masks = np.stack([np.packbits(each.mask) for each in found])
    truth = np.stack([each.truth for each in found])
    np.savez(path, named=json.dumps(named), masks=masks, truth=truth)


def _read(path: pathlib.Path, rows: int) -> list[Filter]:
    with np.load(path) as kept:
        named = json.loads(str(kept["named"]))
        masks = np.unpackbits(kept["masks"], axis=1, count=rows).view(bool)
        truth = kept["truth"]
    return [
        Filter(kind, share, query, tree or {"op": "rows", "mask": mask}, mask, distances)
        for (kind, share, query, tree), mask, distances in zip(named, masks, truth, strict=True)
    ]
