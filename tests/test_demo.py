"""The data set that is installed with the package."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

import lanner
from lanner import demo

FOLDER = Path(demo.__file__).parent / "data"


def test_shapes(papers):
    assert papers.vectors.shape == (4000, 384)
    assert papers.queries.shape == (200, 384)
    assert papers.vectors.dtype == papers.queries.dtype == np.float16
    for rows in (papers.vectors, papers.queries):
        norms = np.linalg.norm(rows.astype(np.float64), axis=1)
        np.testing.assert_allclose(norms, 1.0, atol=1e-3)


def test_attributes_are_of_every_row(papers):
    assert papers.attributes.keys() == papers.query_attributes.keys()
    for columns, count in ((papers.attributes, 4000), (papers.query_attributes, 200)):
        for column in columns.values():
            assert len(column) == count
        assert all(columns["title"])
        assert all(1990 <= year <= 2030 for year in columns["year"])
        assert all(1 <= month <= 12 for month in columns["month"])
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", date) for date in columns["date"])
        pairs = zip(columns["primary_category"], columns["categories"], strict=True)
        assert all(primary in every for primary, every in pairs)
    assert papers.titles is papers.attributes["title"]
    assert len(set(papers.attributes["paper_id"])) == 4000
    assert set(papers.attributes["paper_id"]).isdisjoint(papers.query_attributes["paper_id"])
    assert None in papers.attributes["n_pages"]


def test_every_paper_is_of_arxiv(papers):
    # Papers of other sources have categories such as "acl:acl", and licences of their own.
    for columns in (papers.attributes, papers.query_attributes):
        assert not any(":" in category for every in columns["categories"] for category in every)
        assert "acl" not in columns["archive"]


def test_true_neighbours_are_those_of_exact_search(papers):
    index = lanner.Index(384, "cosine", graph=None)
    index.add(papers.vectors)
    hits = index.search(papers.queries, k=100)
    np.testing.assert_allclose(hits.distances, papers.true_distances, atol=1e-5)
    swapped = hits.ids != papers.true_ids
    # float32 may exchange neighbours whose distances differ in the seventh digit.
    assert swapped.mean() < 0.001


def test_source_and_licence_stand_beside_the_data():
    text = (FOLDER / "SOURCE.md").read_text(encoding="utf-8")
    for part in ("arXiv", "CC0", "all-MiniLM-L6-v2"):
        assert part in text
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 4_000_000
