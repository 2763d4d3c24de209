"""Ids come in the order in which rows were added, wherever the rows lie, and masks follow them."""

from __future__ import annotations

from typing import Any

import numpy as np
import plain_reader
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    for share in (0.0, 0.01, 0.3, 0.6, 0.99, 1.0):
        mask = rng.random(ROWS) < share
        holds(index, vectors, ids, mask)
        holds(lanner.Index.from_bytes(index.to_bytes()), vectors, ids, mask)


@pytest.mark.parametrize("rows", [2048, 4096 + 63])
@pytest.mark.parametrize("share", [0.4, 0.8])
def test_masks_end_with_a_word_or_within_one(rows: int, share: float) -> None:
    index, vectors = made(rows=rows)
    holds(index, vectors, np.arange(rows), np.random.default_rng(rows).random(rows) < share)


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


# Vectors few enough that many items have the same, which share a node of the graph.
VECTORS = np.random.default_rng(8).integers(0, 9, (6, 4)).astype(np.float32)
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 4), st.randoms(use_true_random=False)),
        st.tuples(st.just("upsert"), st.integers(1, 6), st.randoms(use_true_random=False)),
        st.tuples(st.just("remove"), st.integers(1, 3), st.randoms(use_true_random=False)),
        st.tuples(st.just("compact"), st.just(0), st.randoms(use_true_random=False)),
        st.tuples(st.just("open"), st.just(0), st.randoms(use_true_random=False)),
    ),
    max_size=14,
)


@settings(max_examples=150, deadline=None)
@given(changes=CHANGES, graph=st.sampled_from(["hnsw", None]), strings=st.booleans())
def test_an_upsert_keeps_the_place_of_an_item(
    changes: Any, graph: str | None, strings: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("order") / "a.lanner"
    lanner.Index(4, "l2", graph=graph, **({"M": 4} if graph else {})).save(path)
    index = lanner.open(path, durable=True)
    order: list[int] = []
    made = 0
    holes = False

    def named(numbers: list[int]) -> list[Any]:
        return [f"n{number}" for number in numbers] if strings else numbers

    for kind, count, chance in changes:
        new: list[int] = []
        if kind in ("add", "upsert"):
            known = chance.sample(order, min(len(order), count)) if kind == "upsert" else []
            new = list(range(made, made + (count if kind == "add" else chance.randint(0, 2))))
            made += len(new)
            # Mixed, each new one behind the one before.
            mixed: list[int] = sorted([*known, *new], key=lambda _: chance.random())
            at = iter(new)
            mixed = [next(at) if each in new else each for each in mixed]
            rows = VECTORS[[chance.randrange(len(VECTORS)) for _ in mixed]].reshape(-1, 4)
            getattr(index, kind)(rows, named(mixed))
        elif kind == "remove":
            gone = chance.sample(order, min(len(order), count))
            index.remove(named(gone))
            order = [each for each in order if each not in gone]
            holes = holes or bool(gone)
        elif kind == "compact":
            index.compact()
            holes = False
        else:
            if chance.random() < 0.5:
                index.save(path)
            whole = index.to_bytes()
            index.close()
            index = lanner.open(path, durable=True)
            assert index.to_bytes() == whole
        found = [int(str(each).lstrip("n")) for each in index.ids]
        # Items keep their order, and new ones take places that removed ones left, or come last.
        assert [each for each in found if each not in new] == order
        assert [each for each in found if each in new] == new
        if not holes:
            assert found == [*order, *new]
        order = found
        mask = np.array([each % 2 == 0 for each in order], bool)
        hits = index.search(VECTORS[0], len(order) + 1, filter=mask, exact=True)
        assert sorted(int(str(id).lstrip("n")) for id, _ in hits) == sorted(
            each for each in order if each % 2 == 0
        )
    index.validate()
    index.close()


def test_an_upsert_that_fails_leaves_the_order_as_it_was() -> None:
    index, vectors = made(rows=300)
    before = index.to_bytes()

    def stop(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.upsert(vectors[:200] + 1, range(150, 350), progress=stop)
    assert index.ids.tolist() == list(range(300))
    assert index.to_bytes() == before
    index.upsert(vectors[:200] + 1, range(150, 350))
    assert index.ids.tolist() == list(range(350))
