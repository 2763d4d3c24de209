"""Ids of kinds that an index has not, and ranges of them."""

from __future__ import annotations

import tracemalloc
import uuid
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lanner
from lanner import InvalidArgumentError, NotFoundError, WrongTypeError, col
from lanner._expressions import ids_of_range, size_of_range
from lanner._filtering import core_filter, core_filters

UUID = uuid.UUID(int=7)
BYTES_HINT = r"id.decode\(\) makes a str of it, int.from_bytes\(id, 'big'\) an integer"
UUID_HINT = r"str\(id\) makes a str of it; int\(id\) has 128 bits"
LONG = 1 << 20


def filled() -> lanner.Index:
    index = lanner.Index(2, "l2", graph=None)
    index.add(np.eye(2), [3, 4])
    return index


@pytest.mark.parametrize(
    ("id", "hint"), [(b"3", BYTES_HINT), (bytearray(b"3"), BYTES_HINT), (UUID, UUID_HINT)]
)
def test_what_could_become_an_id_is_refused_with_how(id: Any, hint: str) -> None:
    index = filled()
    rows = np.eye(2)
    asked: list[Any] = [
        lambda: index.add(rows[:1], id),
        lambda: index.add(rows, [id, id]),
        lambda: index.upsert(rows, [5, id]),
        lambda: index.upsert(rows, ["a", id]),
        lambda: index.remove([id]),
        lambda: index.get(id),
        lambda: index.search_by_id([id]),
        lambda: id in index,
        lambda: index.search(rows, filter=[id, id]),
        lambda: index.search(rows, filter=[4, id]),
        lambda: index.search(rows, filter={"id": id}),
        lambda: col.id == id,
        lambda: col.id.isin([id]),
        lambda: col.id.isin(id),
    ]
    if not isinstance(id, bytearray):  # which has no hash
        asked.append(lambda: index.remove(filter={id}))
    if isinstance(id, bytes):
        asked.append(lambda: index.add(rows, np.array([id, id])))
    for each in asked:
        with pytest.raises(WrongTypeError, match=hint):
            each()
    assert index.ids.tolist() == [3, 4]


def test_what_could_not_is_refused_without() -> None:
    with pytest.raises(WrongTypeError, match=r"got float$"):
        assert 3.5 in filled()
    with pytest.raises(WrongTypeError, match=r"must be an integer, got float$"):
        filled().remove([3, 3.5])


ENDS = st.one_of(st.integers(-50, 50), st.integers(-(2**65), 2**65))
STEPS = st.one_of(st.integers(-9, 9), st.integers(-(2**65), 2**65)).filter(bool)


@given(ENDS, ENDS, STEPS)
def test_ranges_are_those_of_python(start: int, stop: int, step: int) -> None:
    asked = range(start, stop, step)
    size = size_of_range(asked)
    if size < 2**63:
        assert size == len(asked)
    if size > 100:
        with pytest.raises(InvalidArgumentError, match=f"at most 100 entries here, got {size}"):
            ids_of_range(asked, 100)
    elif all(-(2**63) <= each < 2**63 for each in asked):
        made = ids_of_range(asked, 100)
        assert (made.dtype, made.tolist()) == (np.int64, list(asked))
    else:
        with pytest.raises(InvalidArgumentError, match="must fit int64"):
            ids_of_range(asked, 100)


@given(st.one_of(st.integers(2, 9), st.integers(60, 70)), st.booleans())
def test_ranges_over_all_of_int64_are_those_of_python(count: int, down: bool) -> None:
    step = (2**64 - 1) // (count - 1)
    asked = range(-(2**63), -(2**63) + (count - 1) * step + 1, step)
    asked = asked[::-1] if down else asked
    assert len(asked) == count
    assert ids_of_range(asked, 100).tolist() == list(asked)
    assert ids_of_range(asked[: count // 2], 100).tolist() == list(asked[: count // 2])


@pytest.mark.parametrize("step", [2**63 + 5, 2**64 - 1])
def test_a_range_of_few_ids_far_apart_is_ids(step: int) -> None:
    index = filled()
    wanted = range(-(2**63), 2**63, step)
    index.add(np.ones((2, 2)), list(wanted))
    assert index.ids_where(wanted).tolist() == list(wanted)
    index.remove(wanted)
    assert index.ids.tolist() == [3, 4]
    with pytest.raises(InvalidArgumentError, match="must fit int64"):
        index.ids_where(range(3, 2**70, 2**69))


def test_a_range_is_made_in_the_memory_of_its_ids() -> None:
    count = 1 << 20
    tracemalloc.start()
    try:
        made = ids_of_range(range(7, 7 + 3 * count, 3), count)
        assert tracemalloc.get_traced_memory()[1] < 1.1 * made.nbytes
    finally:
        tracemalloc.stop()
    assert (made[0], made[-1]) == (7, 4 + 3 * count)


class CountingIds:
    """Offers the ids of an index as the core does, and counts how often."""

    def __init__(self, index: lanner.Index) -> None:
        self.ids_of = index._core.ids
        self.asked = 0

    def ids(self) -> Any:
        self.asked += 1
        return self.ids_of()


def test_ids_are_listed_once_a_call() -> None:
    core: Any = CountingIds(filled())
    long = range(3 * LONG)
    made = core_filters(core, [long, lambda id: id > 3, None, long[1:], {3}], 5)
    assert core.asked == 1
    assert made is not None
    assert made[0] == (col.id.isin([3, 4])).core
    assert made[1] == (col.id == 4).core
    core_filters(core, [{3}, "True", None], 3)
    assert core.asked == 1
    core_filter(core, long)
    core_filters(core, long, 7)
    assert core.asked == 3


@given(
    st.sets(st.one_of(st.integers(-40, 40), st.integers(-(2**63), 2**63 - 1)), min_size=1),
    st.one_of(st.integers(-40, 40), st.integers(-(2**63), -(2**63) + 9)),
    st.integers(1, 7),
    st.booleans(),
)
def test_long_ranges_choose_the_ids_that_are_in_them(
    ids: set[int], start: int, step: int, down: bool
) -> None:
    index = lanner.Index(2, "l2", graph=None)
    index.add(np.ones((len(ids), 2)), list(ids))
    for count in (LONG + 1, 10**9, (2**63 - 1 - start) // step + 1):
        wanted = range(start, start + count * step, step)
        wanted = range(wanted[-1], start - 1, -step) if down else wanted
        there = sorted(each for each in ids if each in wanted)
        assert sorted(index.ids_where(wanted).tolist()) == there
        assert index.count(wanted) == len(there)
        several = index.search(np.zeros((2, 2)), len(ids), filter=[wanted, None])
        assert several.counts.tolist() == [len(there), len(ids)]


@pytest.mark.parametrize("wanted", [range(10**9), range(10**9, -1, -1), range(2**63)])
def test_a_range_of_a_billion_ids_takes_no_memory(wanted: range) -> None:
    index = filled()
    tracemalloc.start()
    try:
        assert index.search(np.zeros(2), 5, filter=wanted).counts == 2
        assert index.remove(filter=wanted) == 2
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()


def test_ranges_that_cannot_be_are_refused() -> None:
    index = filled()
    for wanted in (range(2**63 + 1), range(-(2**64), 5)):
        with pytest.raises(InvalidArgumentError, match="filter must fit int64"):
            index.count(wanted)
    with pytest.raises(InvalidArgumentError, match="at most 67108864 entries here, got 1000000000"):
        index.count({"id": {"$in": range(10**9)}})
    with pytest.raises(InvalidArgumentError, match="at most 2147483647 entries here, got 100000"):
        index.remove(range(10**14))
    names = lanner.Index(2, "l2", graph=None)
    names.add(np.eye(2), ["a", "b"])
    for wanted in (range(3), range(10**9)):
        with pytest.raises(WrongTypeError, match="integer ids, and the index has strings"):
            names.count(wanted)


@pytest.mark.parametrize("call", ["get", "remove", "search_by_id"])
def test_an_id_of_the_other_kind_is_not_there_for_that_reason(call: str) -> None:
    named, numbered = lanner.Index(2), lanner.Index(2)
    named.add([[1, 0]], ["3"])
    numbered.add([[1, 0]], [3])
    with pytest.raises(NotFoundError, match="id 3 is not in the index, whose ids are strings"):
        getattr(named, call)(3)
    with pytest.raises(NotFoundError, match="id '3' is not in the index, whose ids are integers"):
        getattr(numbered, call)("3")
    with pytest.raises(NotFoundError, match=r"id 4 is not in the index$"):
        getattr(numbered, call)(4)
