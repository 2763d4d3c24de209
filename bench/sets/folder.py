"""A file of vectors as a data set, with the queries and the answers that lie beside it.

The name of the file tells where to look. If it has ``base`` or ``train`` as a word, what stands
before that word names the set: ``base.10M.u8bin`` has no prefix, ``sift_base.fvecs`` has ``sift_``.
Otherwise the whole stem and one of ``. _ -`` do: ``papers.npy`` has ``papers.``, ``papers_`` and
``papers-``. In the same folder then, in any case,

* queries are PREFIX ``query``, ``queries`` or ``test``, with anything after it and with the same
  suffix: ``query.fbin``, ``query.public.10K.fbin``, ``sift_query.fvecs``, ``papers_query.npy``;
* true neighbours are PREFIX ``groundtruth``, ``gt`` or ``truth``, with anything after it, and
  ``.ivecs``, ``.ibin`` or ``.npy``: ids of rows, nearest first; a block of distances that follows
  in an ``.ibin``, as the billion-scale challenges publish it, is passed over.

Of several, the one of exactly that name is taken, else the only one with the word ``public``. When
there are no queries, the last 1,000 rows are held out as queries (a tenth of fewer than 10,000).
Distances are always worked out anew from the ids, in our units, and the first queries are compared
with every row, so that answers for another metric or another base are refused.

The metric follows a ``#``, as in ``base.fbin#cosine``: ``l2``, ``cosine``, ``ip``, or ``hamming``
for rows of bool or of packed uint8. Without it, bool is ``hamming`` and the rest ``l2``.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterable

import numpy as np

import lanner
from bench.dataset import DEPTH, Array, DataSet, exact_distances
from lanner.readers import read_vectors

METRICS = ("l2", "cosine", "ip", "hamming")
QUERY_WORDS = ("query", "queries", "test")
TRUTH_WORDS = ("groundtruth", "gt", "truth")
TRUTH_SUFFIXES = (".ivecs", ".ibin", ".npy")
HELD_OUT = 1000
# Queries whose given answers are compared with exact ones, and how far distances may be off: those
# that were published were worked out in float32.
_CHECKED = 8
_TOLERANCE = 1e-3


def split_metric(name: str) -> tuple[pathlib.Path, str | None]:
    """Take ``#metric`` off the end of a path."""
    path, mark, metric = name.rpartition("#")
    if mark and metric in METRICS:
        return pathlib.Path(path), metric
    # A number sign can be part of a name; a metric that is not known is no part of a suffix.
    if mark and re.fullmatch(r"\w*", metric):
        raise SystemExit(f"metric must be one of {', '.join(METRICS)}, got {metric!r} in {name}")
    return pathlib.Path(name), None


def read(path: pathlib.Path, vectors: Array | None = None) -> DataSet:
    """Read the set whose base is at a path, which may end in ``#metric``.

    `vectors` are the rows, where the caller has read them.
    """
    path, metric = split_metric(str(path))
    base = read_vectors(path) if vectors is None else vectors
    metric = metric or ("hamming" if base.dtype == np.bool_ else "l2")
    base = to_rows(base, metric, path)
    beside = _beside(path, QUERY_WORDS, (path.suffix.lower(),))
    if beside is None:
        held_out = held_out_rows(len(base))
        return DataSet(path.stem, metric, base[:-held_out], base[-held_out:])
    queries = to_rows(read_vectors(beside), metric, beside)
    if queries.shape[1] != base.shape[1]:
        raise SystemExit(
            f"{beside} must have rows of {base.shape[1]} like {path}, got {queries.shape[1]}"
        )
    data = DataSet(path.stem, metric, base, queries)
    answers = _beside(path, TRUTH_WORDS, TRUTH_SUFFIXES)
    if answers is not None:
        take_truth(data, _read_ids(answers), str(answers))
    return data


def held_out_rows(count: int) -> int:
    """How many of the last rows become queries."""
    if count < 2:
        raise SystemExit(f"a set without queries must have 2 rows or more, got {count}")
    return max(1, min(HELD_OUT, count // 10))


def to_rows(vectors: Array, metric: str, where: object) -> Array:
    """Bring vectors of a file into the form that the harness takes: float32, or packed bits."""
    if metric == "hamming":
        if vectors.dtype == np.bool_:
            return np.packbits(vectors, axis=1, bitorder="little")
        if vectors.dtype == np.uint8:
            return np.array(vectors, order="C")
        raise SystemExit(f"{where} must hold bool or packed uint8 for hamming, got {vectors.dtype}")
    # A copy: some libraries want arrays that can be written to, and mapped pages are no memory.
    rows = np.array(vectors, np.float32, order="C")
    if not np.isfinite(rows).all():
        raise SystemExit(f"{where} must be finite, and holds NaN or infinity")
    return rows


def take_truth(data: DataSet, ids: Array, where: str) -> None:
    """Set the exact distances from the ids of the true neighbours, which are checked."""
    if ids.ndim != 2 or len(ids) != len(data.queries) or ids.shape[1] < 1:
        raise SystemExit(
            f"{where} must have a row for each of {len(data.queries)} queries, got {ids.shape}"
        )
    if ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() >= len(data.base):
        raise SystemExit(
            f"{where} must hold row numbers below {len(data.base)}: it is for another base"
        )
    ids = ids[:, :DEPTH]
    truth = np.empty(ids.shape, np.float32)
    for first in range(0, len(ids), 64):
        part = slice(first, first + 64)
        near = data.distances(data.queries[part, None], data.base[ids[part]])
        truth[part] = np.sort(near, axis=1)
    few = DataSet(data.name, data.metric, data.base, data.queries[:_CHECKED])
    wanted = exact_distances(few, ids.shape[1])
    slack = _TOLERANCE * np.abs(wanted).max(axis=1, keepdims=True)
    if (np.abs(truth[:_CHECKED] - wanted) > slack).any():
        raise SystemExit(
            f"{where} does not hold the nearest rows under {data.metric}: "
            "it is for another metric or another base"
        )
    data.truth = truth


def _prefixes(path: pathlib.Path) -> tuple[str, ...]:
    named = re.fullmatch(r"(|.*[._-])(?:base|train)(?:[._-].*)?", path.stem.lower())
    if named:
        return (named[1],)
    return tuple(path.stem.lower() + mark for mark in "._-")


def _beside(
    path: pathlib.Path, words: Iterable[str], suffixes: tuple[str, ...]
) -> pathlib.Path | None:
    starts = [prefix + word for prefix in _prefixes(path) for word in words]
    pattern = re.compile("(?:" + "|".join(map(re.escape, starts)) + r")(?:[._-].*)?")
    found = [
        each
        for each in sorted(path.parent.iterdir())
        if each.suffix.lower() in suffixes and pattern.fullmatch(each.stem.lower())
    ]
    for narrower in (
        found,
        [each for each in found if each.stem.lower() in starts],
        [each for each in found if "public" in re.split(r"[._-]", each.stem.lower())],
    ):
        if len(narrower) == 1:
            return narrower[0]
    if found:
        names = ", ".join(each.name for each in found)
        raise SystemExit(f"beside {path} there must be one of {names}, or one called public")
    return None


def _read_ids(path: pathlib.Path) -> Array:
    try:
        return read_vectors(path)
    except lanner.FileFormatError:
        if path.suffix.lower() != ".ibin" or path.stat().st_size < 8:
            raise
        count, depth = (int(each) for each in np.fromfile(path, "<u4", count=2))
        if path.stat().st_size != 8 + count * depth * 8:
            raise
        return np.fromfile(path, "<i4", count=count * depth, offset=8).reshape(count, depth)
