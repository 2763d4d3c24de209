"""The measurement of turnovers, on a few rows of the demo data."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import lanner
from bench import churn


@pytest.mark.parametrize("order", ["random", "clusters"])
def test_a_few_rows_are_turned_over_and_compared(papers, order):
    outcome = churn.measure(
        papers.vectors[:1200], papers.queries, "cosine", turnovers=2, chunk=100, order=order
    )
    assert set(outcome.recall) == set(churn.WIDTHS)
    assert all(0.5 < recall <= 1 for pair in outcome.recall.values() for recall in pair)
    assert all(rate > 0 for rate in outcome.rates.values())
    assert outcome.growth < churn.MOST_GROWTH
    wide = dataclasses.replace(outcome, recall={80: outcome.recall[80]})
    assert wide.recall_lost < 0.012


def test_every_row_is_exchanged_in_a_turnover():
    rng = np.random.default_rng(0)
    steps = list(churn.exchanges(12, 8, 1, 2, rng, shuffle=False))
    assert [leaving.tolist() for leaving, _ in steps] == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert [coming.tolist() for _, coming in steps] == [[8, 9], [10, 11], [0, 1], [2, 3]]
    for leaving, coming in churn.exchanges(12, 8, 3, 3, rng, shuffle=True):
        assert len(leaving) == len(coming) == 3
        assert set(leaving).isdisjoint(coming)


def test_clusters_stand_together():
    rng = np.random.default_rng(0)
    centres = 100 * rng.standard_normal((5, 8))
    which = rng.integers(0, 5, 300)
    rows = (centres[which] + rng.standard_normal((300, 8))).astype(np.float32)
    order = churn.in_clusters(rows, rng, 40)
    assert np.count_nonzero(np.diff(which[order])) < 60


def test_outcomes_are_judged():
    good = churn.Outcome({10: (0.9, 0.904)}, (100, 100), (100, 104), (1, 1), {})
    assert good.holds
    assert not dataclasses.replace(good, recall={10: (0.9, 0.91)}).holds
    assert not dataclasses.replace(good, file=(100, 110)).holds


def test_small_changes_leave_the_rows_there_were(rng):
    rows = rng.standard_normal((300, 8)).astype(np.float32)
    index = lanner.Index(8)
    index.add(rows)
    churn.small_changes(index, rows, 20)
    np.testing.assert_array_equal(index.get(range(300)), rows)
