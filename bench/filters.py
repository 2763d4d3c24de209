"""Filters as trees, evaluated over columns, and the exact answers among the rows they admit.

A tree: ``{"op": "==", "column": c, "value": v}``, ``in`` with ``values``, ``between`` with ``low``
and ``high`` (both inclusive), ``contains`` with ``value`` on a column of lists, ``and`` and ``or``
with ``args``; ``rows`` with ``mask`` stands for a random choice that no column explains.
"""

from __future__ import annotations

import dataclasses
import datetime
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


class Columns:
    """Columns in the forms that the operations want, made once."""

    def __init__(self, data: DataSet):
        self.rows = len(data.base)
        self.columns = data.read_attributes()
        self.arrays: dict[str, tuple[Array, Array]] = {}
        self.postings: dict[str, dict[Any, list[int]]] = {}

    def _column(self, name: str) -> list[Any]:
        if name not in self.columns:
            raise KeyError(f"no column {name!r}; there are {', '.join(sorted(self.columns))}")
        return [
            each.isoformat() if isinstance(each, datetime.date) else each
            for each in self.columns[name]
        ]

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
            if kind == "range" and isinstance(value, (int, float)) and not isinstance(value, bool):
                array, known = columns.values(name)
                ordered = np.sort(array[known])
                width = int(len(ordered) * 10 ** generator.uniform(-3.5, 0))
                first = int(generator.integers(0, max(1, len(ordered) - width)))
                last = min(first + width, len(ordered) - 1)
                low, high = float(ordered[first]), float(ordered[last])
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


def of(data: DataSet, depth: int) -> list[Filter]:
    """The filtered queries of a data set: its own and drawn ones, with exact answers."""
    generator = np.random.default_rng(20)
    columns = Columns(data)
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
