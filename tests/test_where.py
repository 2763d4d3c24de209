"""What satisfies a filter, as a set of items: listed and removed."""

from __future__ import annotations

import importlib.util
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lanner
from lanner import InvalidArgumentError, ReadOnlyError, WrongTypeError, col

DIM = 6


def filled(count: int = 200, *, names: bool = False, graph: str | None = "hnsw") -> lanner.Index:
    """Return an index of which rows were removed, replaced and added, so that slots are mixed."""
    rng = np.random.default_rng(5)
    index = lanner.Index(DIM, "l2", graph=graph)
    ids = [f"item {i}" for i in range(count)] if names else list(range(count))
    rows = rng.normal(size=(count, DIM))
    years = np.arange(count) % 10 + 2000
    index.add(rows, ids, attributes={"year": years})
    index.remove(ids[10:30])
    index.upsert(rows[40:60] + 1, ids[40:60])
    index.add(rows[10:20], ids[10:20], attributes={"year": years[10:20]})
    return index


FORMS: list[Any] = [
    col("year") >= 2007,
    "year >= 2007",
    {"year": {"$gte": 2007}},
    "mask",
    "ids",
    "callable",
]


def in_form(index: lanner.Index, form: Any) -> tuple[Any, list[Any]]:
    """Return a filter of this form, and the ids that it lets through, in order."""
    ids = index.ids.tolist()
    _, columns = index.get(ids, attributes=["year"])
    wanted = [id for id, year in zip(ids, columns["year"], strict=True) if year >= 2007]
    if not isinstance(form, str) or form.startswith("year"):
        return form, wanted
    if form == "mask":
        return np.isin(np.arange(len(ids)), [ids.index(id) for id in wanted]), wanted
    if form == "ids":
        return {*wanted, "no item" if isinstance(ids[0], str) else -1}, wanted
    return (lambda id: id in wanted), wanted


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("names", [False, True])
@pytest.mark.parametrize("graph", ["hnsw", None])
def test_what_satisfies_a_filter_is_listed_in_order_and_removed_at_once(
    form: Any, names: bool, graph: str | None
) -> None:
    index = filled(names=names, graph=graph)
    asked, wanted = in_form(index, form)
    others = [id for id in index.ids.tolist() if id not in set(wanted)]
    assert 0 < len(wanted) < len(index)
    found = index.ids_where(asked)
    assert found.tolist() == wanted
    assert found.dtype == index.ids.dtype
    assert index.count(asked) == len(wanted)
    assert index.remove(filter=asked) == len(wanted)
    assert index.ids.tolist() == others
    assert index.ids_where({}).tolist() == others
    figures = index.validate()
    assert graph is None or figures["reachable"] == len(others)
    assert set(index.search(np.zeros(DIM), 200, exact=True).ids[: len(others)]) == set(others)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sets(st.integers(0, 60)), max_size=6), st.sampled_from(["hnsw", None]))
def test_removal_by_a_filter_is_that_of_its_ids(rounds: list[set[int]], graph: str | None) -> None:
    one, other = filled(60, graph=graph), filled(60, graph=graph)
    rows = np.random.default_rng(1).normal(size=(3, DIM))
    for number, each in enumerate(rounds):
        there = sorted(each & set(other.ids.tolist()))
        other.remove(there)
        assert one.remove(filter=each) == len(there)
        new = np.arange(3) + 100 + 3 * number
        one.add(rows + number, new)
        other.add(rows + number, new)
    assert one.to_bytes() == other.to_bytes()


def test_nothing_matches_and_all_do() -> None:
    index = filled()
    before = index.to_bytes()
    assert index.remove(filter="year > 3000") == 0
    assert index.remove(filter=[]) == 0
    assert index.ids_where("year > 3000").tolist() == []
    assert index.to_bytes() == before
    assert index.remove(filter={}) == 190
    assert len(index) == 0
    assert index.remove(filter={}) == 0


def test_ids_of_an_index_of_strings_that_nothing_matches_are_of_its_kind() -> None:
    none = filled(names=True).ids_where("year > 3000")
    assert (none.dtype, none.shape) == (np.dtype(object), (0,))
    assert lanner.Index(3).ids_where({}).shape == (0,)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, WrongTypeError, "remove needs either ids or filter, got neither"),
        (
            {"ids": [1], "filter": "year > 1"},
            WrongTypeError,
            "remove needs either ids or filter, got both",
        ),
        ({"filter": "yaer > 1"}, InvalidArgumentError, "'yaer'"),
        ({"filter": [True, False]}, InvalidArgumentError, "one entry an item"),
        ({"filter": ["year > 1", None]}, WrongTypeError, "filter must be one filter here"),
        ({"filter": "year >"}, InvalidArgumentError, "filter"),
    ],
)
def test_removal_that_is_refused_changes_nothing(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    index = filled()
    before = index.to_bytes()
    with pytest.raises(error, match=message):
        index.remove(**arguments)
    assert index.to_bytes() == before


def test_an_index_that_is_read_only_removes_nothing(tmp_path: Path) -> None:
    filled().save(tmp_path / "a.lanner")
    index = lanner.open(tmp_path / "a.lanner")
    with pytest.raises(ReadOnlyError):
        index.remove(filter={})
    assert len(index.ids_where("year >= 2000")) == 190


@pytest.mark.parametrize("names", [False, True])
def test_removal_by_a_filter_is_replayed(tmp_path: Path, names: bool) -> None:
    path = tmp_path / "a.lanner"
    filled(names=names).save(path)
    with lanner.open(path, durable=True) as index:
        gone = index.ids_where("year in [2001, 2004]")
        assert index.remove(filter="year in [2001, 2004]") == len(gone) > 0
        # What the filter would let through now is another matter.
        index.update_attributes(index.ids[:5], {"year": [2001] * 5})
        assert index.remove(filter="year > 3000") == 0
        journal = index.journal
        assert journal is not None
        assert journal["changes"] == 2
        whole = index.to_bytes()
    with lanner.open(path, durable=True) as again:
        assert again.to_bytes() == whole
        assert not set(gone.tolist()) & set(again.ids.tolist())


def test_two_that_remove_by_one_filter_never_meet() -> None:
    index = lanner.Index(DIM, "l2", M=4, ef_construction=10, schema={"old": "bool"})
    rows = np.random.default_rng(2).normal(size=(40, DIM))
    stop = threading.Event()
    removed = [0, 0]
    errors: list[Exception] = []

    def sweep(which: int) -> None:
        try:
            while not stop.is_set():
                removed[which] += index.remove(filter="old")
        except Exception as error:  # handed to the test's own thread
            errors.append(error)

    sweepers = [threading.Thread(target=sweep, args=(which,)) for which in range(2)]
    for each in sweepers:
        each.start()
    old = np.arange(40) % 2 == 0
    for _ in range(50):
        index.add(rows, attributes={"old": old})
        index.update_attributes(index.ids_where("not old")[:3], {"old": [True] * 3})
    stop.set()
    for each in sweepers:
        each.join()
    assert not errors
    rest = index.remove(filter="old")
    assert sum(removed) + rest == 50 * 23
    assert len(index) == 50 * 17
    index.validate()


@pytest.mark.parametrize("chosen", [0, 1, 3, 20, 38, 40])
@pytest.mark.parametrize("outside", [False, True])
def test_sets_of_few_and_of_most_strings_match_what_has_one_of_them(
    chosen: int, outside: bool
) -> None:
    rng = np.random.default_rng(chosen)
    names = [f"name {i}" for i in range(40)]
    values: dict[int, str | None] = {
        i: names[rng.integers(40)] if i % 5 else None for i in range(3000)
    }
    index = lanner.Index(2, "l2", graph=None)
    index.add(rng.normal(size=(3000, 2)), attributes={"name": list(values.values())})
    wanted = names[:chosen] + ["of no row"] * outside

    def check() -> None:
        found = set(index.ids_where(col.name.isin(wanted)).tolist())
        assert found == {id for id, name in values.items() if name in wanted}
        others = set(index.ids_where(col.name.not_in(wanted)).tolist())
        assert others == {id for id, name in values.items() if name not in (None, *wanted)}

    check()
    index.remove(range(0, 3000, 3))
    for id in range(0, 3000, 3):
        del values[id]
    changed = list(values)[::7]
    fresh = [names[39] if i % 2 else None for i in range(len(changed))]
    index.update_attributes(changed, {"name": fresh})
    values.update(zip(changed, fresh, strict=True))
    # No row has it any more.
    gone = [id for id, name in values.items() if name == names[0]]
    index.update_attributes(gone, {"name": [names[1]] * len(gone)})
    values.update(dict.fromkeys(gone, names[1]))
    check()


@pytest.mark.parametrize("names", [False, True])
@pytest.mark.parametrize(
    ("entries", "what"),
    [
        ([col.year > 2003, col.year < 2002], "Filter in entry 0: conditions, one a query, go into"),
        ([None, {"year": 2003}], "dict in entry 1: conditions, one a query, go into a list"),
        ([lambda id: True, None], "function in entry 0: conditions, one a query, go into a list"),
        ([{3}, {4, 5}], "set in entry 0: ids, those of each query, go into a list"),
    ],
)
def test_an_array_of_filters_is_refused_with_what_takes_them(
    entries: list[Any], what: str, names: bool
) -> None:
    index = filled(names=names)
    array = np.empty(2, dtype=object)
    array[:] = entries
    columns: list[Any] = [array, array[np.newaxis].repeat(2, 0)]
    if pandas := importlib.util.find_spec("pandas"):
        columns.append(importlib.import_module(pandas.name).Series(array))
    for column in columns:
        with pytest.raises(WrongTypeError, match=f"as an array must be ids or bools, got {what}"):
            index.search(np.zeros((2, DIM)), 1, filter=column)
    with pytest.raises(WrongTypeError, match=f"as an array must be ids or bools, got {what}"):
        index.count(array)


def test_conditions_given_as_ids_are_refused_where_no_such_id_is() -> None:
    index = filled(names=True)
    index.add(np.ones((1, DIM)), ["year == 2001"])
    for texts in ({"year > 2003"}, np.array(["year > 2003", "year in [2001]"])):
        message = "of str is ids, and there is no id 'year .*: a condition for all queries is a str"
        for ask in (
            lambda texts=texts: index.count(texts),
            lambda texts=texts: index.remove(filter=texts),
            lambda texts=texts: index.search(np.zeros((2, DIM)), 1, filter=texts),
        ):
            with pytest.raises(InvalidArgumentError, match=message):
                ask()
    # Ids that are there, no conditions, or on columns that there are not.
    assert index.ids_where({"year == 2001"}).tolist() == ["year == 2001"]
    assert index.count(np.array(["year > 2003", "year == 2001"])) == 1
    assert index.count({"a > b"}) == index.count({"price > 3"}) == index.count({"year"}) == 0
    assert index.count({"year > 2003", "item 1"}) == 1
    assert index.count(col.id.isin(["year > 2003"])) == 0
