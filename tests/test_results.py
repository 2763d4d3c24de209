"""Hits and RadiusHits as objects."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from conftest import points

import lanner
from lanner import Hits, RadiusHits, WrongTypeError

MANY = Hits(
    np.array([[4, 2, 9], [7, -1, -1], [-1, -1, -1]]),
    np.array([[0, 1, 2], [5, np.inf, np.inf], [np.inf] * 3], dtype=np.float32),
    np.array([3, 1, 0]),
)
ONE = Hits(np.array([7, 3, -1]), np.array([0.5, 2, np.inf], dtype=np.float32), 2)


def test_hits_of_several_queries_iterate_per_query_without_empty_places():
    assert len(MANY) == 3
    assert [list(one) for one in MANY] == [[(4, 0.0), (2, 1.0), (9, 2.0)], [(7, 5.0)], []]
    assert [one.ids.shape for one in MANY] == [(3,), (1,), (0,)]
    assert [one.counts for one in MANY] == [3, 1, 0]
    assert list(MANY[1]) == list(MANY[-2]) == [(7, 5.0)]
    assert [list(one) for one in MANY[1:]] == [[(7, 5.0)], []]
    for place in (3, -4):
        with pytest.raises(IndexError, match="out of range for 3 queries"):
            MANY[place]


def test_views_share_memory():
    assert np.shares_memory(MANY[0].ids, MANY.ids)
    assert np.shares_memory(MANY[0].distances, MANY.distances)


def test_hits_of_one_query_are_pairs():
    assert len(ONE) == 2
    assert list(ONE) == [(7, 0.5), (3, 2.0)]
    assert all(type(id) is int and type(distance) is float for id, distance in ONE)
    assert ONE[0] == (7, 0.5)
    assert ONE[-1] == (3, 2.0)
    assert list(ONE[1:]) == [(3, 2.0)]
    for place in (2, -3):
        with pytest.raises(IndexError, match="out of range for 2 hits"):
            ONE[place]


def test_to_faiss_gives_distances_then_ids():
    distances, ids = MANY.to_faiss()
    assert (distances.dtype, ids.dtype) == (np.float32, np.int64)
    assert ids.tolist() == MANY.ids.tolist()
    assert distances.tolist() == MANY.distances.tolist()
    distances, ids = ONE.to_faiss()
    assert distances.shape == ids.shape == (1, 3)


def test_to_faiss_needs_integer_ids():
    index = lanner.Index(4, "l2")
    index.add(points(1), ["a"])
    with pytest.raises(WrongTypeError, match="to_faiss needs integer ids"):
        index.search(points(1)).to_faiss()


def test_repr():
    assert repr(MANY) == "Hits(3 queries, k=3, 4 hits)"
    assert repr(ONE) == "Hits({7: 0.5, 3: 2})"
    many = Hits(np.arange(12), np.arange(12, dtype=np.float32), 12)
    assert repr(many).endswith("9: 9, ... 2 more})")


def test_pickle_and_copy():
    for again in (pickle.loads(pickle.dumps(MANY)), copy.deepcopy(MANY)):
        assert again.ids.tolist() == MANY.ids.tolist()
        assert again.counts.tolist() == [3, 1, 0]


def test_radius_hits():
    ids, distances = np.array([5, 6, 1]), np.array([0, 1, 9], dtype=np.float32)
    many = RadiusHits(ids, distances, np.array([0, 2, 2, 3]), single=False)
    assert len(many) == 3
    assert many.counts.tolist() == [2, 0, 1]
    assert [list(one) for one in many] == [[(5, 0.0), (6, 1.0)], [], [(1, 9.0)]]
    assert list(many[-1]) == [(1, 9.0)]
    with pytest.raises(IndexError, match="out of range for 3 queries"):
        many[3]
    assert repr(many) == "RadiusHits(3 queries, 3 hits)"
    one = RadiusHits(ids, distances, np.array([0, 3]), single=True)
    assert (len(one), one.counts) == (3, 3)
    assert list(one) == [(5, 0.0), (6, 1.0), (1, 9.0)]
    assert one[1] == (6, 1.0)
    assert repr(one) == "RadiusHits({5: 0, 6: 1, 1: 9})"
    assert pickle.loads(pickle.dumps(one)).counts == 3
