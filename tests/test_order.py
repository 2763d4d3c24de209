"""Ids come in the order in which rows were added, wherever the rows lie, and masks follow them."""

from __future__ import annotations

from typing import Any

import numpy as np
import plain_reader
import pytest

import lanner
from lanner import FileFormatError, InvalidArgumentError

ROWS = 5000


def made(ids: Any = None, rows: int = ROWS) -> tuple[lanner.Index, np.ndarray]:
    """Return an index whose rows lie in the order of cells, which is another one."""
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(30, 24))[rng.integers(0, 30, rows)] + rng.normal(size=(rows, 24)) / 5
    index = lanner.Index(24, "l2", M=6, ef_construction=20)
    index.add(vectors, ids, attributes={"row": np.arange(rows)})
    return index, vectors


def holds(index: lanner.Index, vectors: np.ndarray, ids: np.ndarray, mask: np.ndarray) -> None:
    """Check that a mask lets through the rows where it is true, and those alone."""
    assert index.ids.tolist() == ids.tolist()
    assert index.count(mask) == mask.sum()
    squares = ((vectors - vectors[3]) ** 2).sum(axis=1)
    nearest = np.flatnonzero(mask)[np.argsort(squares[mask], kind="stable")[:5]]
    exact = index.search(vectors[3], 5, filter=mask, exact=True)
    assert [id for id, _ in exact] == ids[nearest].tolist()
    assert {id for id, _ in index.search(vectors[3], 5, filter=mask)} <= set(ids[mask].tolist())


@pytest.mark.parametrize("strings", [False, True])
def test_masks_follow_the_order_of_adding(strings: bool) -> None:
    rng = np.random.default_rng(6)
    numbers = rng.permutation(ROWS)
    ids = np.array([f"paper {each}" for each in numbers]) if strings else numbers
    index, vectors = made(ids)
    for share in (0.0, 0.01, 0.3, 1.0):
        mask = rng.random(ROWS) < share
        holds(index, vectors, ids, mask)
        holds(lanner.Index.from_bytes(index.to_bytes()), vectors, ids, mask)


def test_order_outlives_what_happens_to_an_index() -> None:
    rng = np.random.default_rng(7)
    index, vectors = made()
    gone = rng.permutation(ROWS)[:900]
    index.remove(gone)
    left = np.setdiff1d(np.arange(ROWS), gone)
    holds(index, vectors[left], left, rng.random(len(left)) < 0.2)
    index.compact()
    holds(index, vectors[left], left, rng.random(len(left)) < 0.2)
    index.validate()
    more = np.arange(ROWS, ROWS + 700)
    index.add(vectors[:700] + 0.25, more)
    after = np.concatenate([left, more])
    rows = np.concatenate([vectors[left], vectors[:700] + 0.25])
    holds(index, rows, after, rng.random(len(after)) < 0.2)
    with pytest.raises(InvalidArgumentError, match=r"4800 items, got 7 entries"):
        index.count(np.ones(7, bool))


def test_rows_in_places_of_removed_ones_keep_their_order() -> None:
    index, vectors = made()
    index.remove(np.arange(100, 200))
    fresh = np.arange(9000, 9100)
    index.add(vectors[100:200], fresh, attributes={"row": np.arange(100, 200)})
    expected = np.arange(ROWS)
    expected[100:200] = fresh
    assert index.ids.tolist() == expected.tolist()


def test_a_failed_add_leaves_the_order_as_it_was() -> None:
    index, vectors = made()
    before = index.to_bytes()

    def stop(done: int, total: int) -> None:
        if done > 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.add(np.tile(vectors, (2, 1)), progress=stop)
    assert index.to_bytes() == before


def test_an_order_that_names_a_slot_twice_is_refused() -> None:
    index, _ = made(rows=2100)
    data = bytearray(index.to_bytes())
    order = plain_reader.sections(bytes(data))["order"]
    places = np.frombuffer(order, "<u4").copy()
    assert sorted(places.tolist()) == list(range(2100))
    at = data.index(order)
    for wrong in (places[6], 2100):
        places[5] = wrong
        data[at : at + len(order)] = places.tobytes()
        with pytest.raises(FileFormatError, match="does not name every slot once"):
            lanner.Index.from_bytes(plain_reader.sealed(data))


def test_any_byte_but_zero_is_true_in_a_mask() -> None:
    index, _ = made(rows=3001)
    for at, byte in ((40, 2), (3000, 255), (7, 128)):
        mask = np.zeros(3001, np.uint8)
        mask[at] = byte
        assert index.search(np.zeros(24), 5, filter=mask.view(bool)).ids[0] == at
        assert index.count(mask.view(bool)) == 1


def test_numbers_for_a_mask_are_refused() -> None:
    index, _ = made(rows=2100)
    with pytest.raises(InvalidArgumentError, match="uint8 of nothing but 0 and 1"):
        index.count(np.ones(2100, np.uint8))
    assert index.count([0, 1]) == 2
