"""A small real data set: papers as vectors, with attributes, and queries held out."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FOLDER = Path(__file__).parent / "data"
_TRUE_NEIGHBOURS = 100


@dataclass(frozen=True)
class Papers:
    """4,000 papers of arXiv and 200 more as queries; vectors are compared by cosine.

    Attributes
    ----------
    vectors, queries : arrays of float16, shape (4000, 384) and (200, 384)
        Embeddings of title and abstract by all-MiniLM-L6-v2, of unit length.
    attributes, query_attributes : dict of lists
        One entry a paper in ``paper_id``, ``title``, ``archive``, ``primary_category``,
        ``categories`` (a list each), ``year``, ``month``, ``date`` (ISO), ``n_authors``,
        ``n_pages`` (None where unknown), ``has_abstract`` and ``text_chars``.
    true_ids : array of int64, shape (200, 100)
        The rows nearest to each query, by brute force in float64, ties by row.
    true_distances : array of float64, shape (200, 100)
        Their cosine distances.
    """

    vectors: NDArray[np.float16]
    attributes: dict[str, list[Any]]
    queries: NDArray[np.float16]
    query_attributes: dict[str, list[Any]]
    true_ids: NDArray[np.int64]
    true_distances: NDArray[np.float64]

    @property
    def titles(self) -> list[str]:
        """The titles of the papers, by row."""
        return self.attributes["title"]


def load() -> Papers:
    """Return the data set that is installed with the package.

    Examples
    --------
    >>> from lanner import demo
    >>> papers = demo.load()
    >>> papers.vectors.shape, papers.queries.shape
    ((4000, 384), (200, 384))
    >>> papers.titles[0]
    'ORCA: Orchestrated Reasoning with Collaborative Agents for Document Visual Question Answering'
    """
    vectors = np.load(_FOLDER / "papers_base.f16.npy", allow_pickle=False)
    queries = np.load(_FOLDER / "papers_queries.f16.npy", allow_pickle=False)
    distances = 1.0 - _unit(queries) @ _unit(vectors).T
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :_TRUE_NEIGHBOURS]
    return Papers(
        vectors=vectors,
        attributes=_columns(_FOLDER / "papers_base.jsonl.gz"),
        queries=queries,
        query_attributes=_columns(_FOLDER / "papers_queries.jsonl.gz"),
        true_ids=nearest.astype(np.int64),
        true_distances=np.take_along_axis(distances, nearest, axis=1),
    )


def _unit(vectors: NDArray[np.float16]) -> NDArray[np.float64]:
    wide = vectors.astype(np.float64)
    return np.asarray(wide / np.linalg.norm(wide, axis=1, keepdims=True))


def _columns(path: Path) -> dict[str, list[Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return {name: [row[name] for row in rows] for name in rows[0]}
